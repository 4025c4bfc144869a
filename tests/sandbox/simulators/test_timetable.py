"""Things that happen by themselves a little later."""

from __future__ import annotations

import threading

from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable


def test_nothing_that_running_work_adds_survives_being_forgotten():
    timetable, begun, released, late = Timetable(), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        released.wait(30)
        timetable.after(0, late.set)

    timetable.after(0, work)
    assert begun.wait(30)
    threading.Timer(0.05, released.set).start()
    timetable.forget()
    assert timetable.wait_until_idle(30)
    assert released.is_set()
    assert not late.is_set()
    timetable.close()


def test_work_that_fails_does_not_stop_what_comes_after():
    timetable, done = Timetable(), threading.Event()
    timetable.after(0, lambda: 1 / 0)
    timetable.after(0, done.set)
    assert done.wait(30)
    timetable.close()
