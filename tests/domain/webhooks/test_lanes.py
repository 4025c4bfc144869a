"""Threads of a worker that wait for receivers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence

from flask import Flask

from app.domain.webhooks.lanes import LANES_PER_ENDPOINT, Lanes
from tests.support.waiting import wait_until

THREADS = 3


def test_a_receiver_that_hangs_holds_a_few_threads_and_others_go_on() -> None:
    hung, well, released = uuid.uuid4(), uuid.uuid4(), threading.Event()
    begun, came = list[uuid.UUID](), list[uuid.UUID]()
    rows = {hung: [uuid.uuid4() for _ in range(40)], well: [uuid.uuid4() for _ in range(40)]}

    def deliver(row_ids: Sequence[uuid.UUID]) -> None:
        if row_ids[0] in rows[hung]:
            begun.append(row_ids[0])
            released.wait()
        else:
            came.extend(row_ids)

    lanes, app = Lanes(deliver, threads=THREADS), Flask("lanes")
    try:
        for row_id in rows[hung]:
            lanes.take(app, hung, [row_id])
        lanes.take(app, well, rows[well])
        wait_until(lambda: len(came) == 40, "those of the receiver that is well", seconds=10)
        assert came == rows[well]
        wait_until(lambda: len(begun) == LANES_PER_ENDPOINT, "no more than its own lanes wait for it", seconds=10)
    finally:
        released.set()
