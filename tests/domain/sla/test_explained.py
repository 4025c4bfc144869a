"""What explains a clock is the clock: the lines add up to it to the second, in data and on the page."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from app.domain.sla.explain import explain_thread
from app.domain.sla.models import SlaClock
from app.domain.sla.timing import Kind
from app.domain.tasks.actions import TaskContent, create_task, set_task_status
from app.domain.tasks.models import TaskStatus
from app.domain.threads.actions import change_priority, change_status
from app.domain.threads.models import Priority, ThreadStatus
from tests.domain.sla.conftest import Desk, local
from tests.support.pages import PageClient
from tests.support.queries import at_most
from tests.support.signing_in import sign_in


def live_through(desk: Desk, dice: random.Random) -> SlaClock:
    """A thread with a random life around Easter and the change of the clock; its last clock."""
    desk.at("2026-03-27 14:00")
    thread = desk.thread(value=f"{dice.randrange(10**9)}@example.nl")
    desk.ask(thread)
    task = None
    for _step in range(dice.randrange(1, 8)):
        desk.now += timedelta(seconds=dice.choice([1, 61, dice.randrange(20_000), dice.randrange(200_000)]))
        who = {"thread_id": thread.id, "actor": desk.actor, "now": desk.now}
        match dice.randrange(6):
            case 0:
                desk.answer(thread)
            case 1:
                desk.ask(thread)
            case 2:
                change_priority(desk.session, priority=dice.choice(list(Priority)), **who)  # type: ignore[arg-type]
            case 3:
                change_status(desk.session, status=dice.choice(list(ThreadStatus)), **who)  # type: ignore[arg-type]
            case 4 if task is None:
                content = TaskContent(brand_id=desk.brand.id, title="Onderdeel", thread_id=thread.id, waiting_for="part")
                task = create_task(desk.session, content, now=desk.now, actor=desk.actor)
            case _ if task is not None:
                set_task_status(desk.session, task.id, TaskStatus.COMPLETED, now=desk.now, actor=desk.actor)
    query = sa.select(SlaClock).where(SlaClock.thread_id == thread.id).order_by(SlaClock.started_at.desc()).limit(1)
    return desk.session.execute(query).scalar_one()


@pytest.mark.parametrize("seed", range(12))
def test_the_lines_of_every_clock_add_up_to_it_to_the_second(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)
    for _life in range(4):
        thread_id = live_through(desk, dice).thread_id
        thread = desk.session.execute(sa.text("SELECT response_due_at FROM threads WHERE id = :id"), {"id": thread_id}).one()
        from app.domain.threads.actions import lock_thread

        for story in explain_thread(desk.session, lock_thread(desk.session, thread_id), now=desk.now):
            counted = sum(line.seconds for line in story.lines if line.kind == Kind.COUNTED)
            assert story.row.due_at == (datetime.fromtimestamp(story.clock.due.at, UTC) if story.clock.due.at else None)
            if story.is_running and story.row.due_at is not None:
                assert counted == story.row.target_seconds
                assert story.lines[-1].end == story.row.due_at.timestamp()
            elif not story.is_running:
                assert counted == story.used
            if story.is_running and story.row.kind != "resolution" and not story.row.paused_for:
                assert thread.response_due_at == story.row.due_at


def test_the_page_says_line_by_line_how_a_deadline_came_about(desk: Desk, page_client: PageClient) -> None:
    thread = desk.thread()
    desk.at("2026-04-02 14:00")
    desk.ask(thread)
    desk.session.commit()
    sign_in(page_client.plain, desk.session, desk.alice)
    text = " ".join(re.sub(r"<[^>]+>", " ", page_client.get(f"/threads/{thread.id}/clocks").text).split())
    assert "First response Due Tue 7 Apr 10:00." in text
    lines = text.split("Calendar Office hours ")[1].split(" Escalation")[0]
    assert lines == (
        "Thu 2 Apr 14:00–17:00 counted 3 h Thu 2 Apr 17:00 – Fri 3 Apr 00:00 outside opening hours "
        "Fri 3 Apr 00:00 – Sat 4 Apr 00:00 Friday is Good Friday Sat 4 Apr 00:00 – Sun 5 Apr 00:00 weekend "
        "Sun 5 Apr 00:00 – Mon 6 Apr 00:00 Sunday is Easter Sunday Mon 6 Apr 00:00 – Tue 7 Apr 00:00 Monday is Easter Monday "
        "Tue 7 Apr 00:00–09:00 outside opening hours Tue 7 Apr 09:00–10:00 counted 1 h"
    )


def test_the_page_tells_what_changed_the_target_in_the_readers_language(desk: Desk, page_client: PageClient) -> None:
    thread = desk.thread()
    desk.ask(thread)
    change_priority(
        desk.session, thread_id=thread.id, priority=Priority.URGENT, actor=desk.actor, now=desk.at("2026-03-04 11:00")
    )
    desk.alice.locale = "nl"
    desk.session.commit()
    sign_in(page_client.plain, desk.session, desk.alice)
    with at_most(desk.session, 12):
        text = page_client.get(f"/threads/{thread.id}/clocks").text
    assert "wo 4 mrt 11:00: Escalated and urgent, doel 30 min" in text
    assert "Uiterlijk wo 4 mrt 11:30." in text


def test_rows_and_heads_say_when_an_answer_is_due(desk: Desk, page_client: PageClient) -> None:
    soon, late, none = (desk.thread(value=f"{letter}@example.nl") for letter in "abc")
    now = datetime.now(UTC).replace(microsecond=0)
    soon.response_due_at, late.response_due_at = now + timedelta(hours=1, minutes=5), now - timedelta(hours=2, minutes=5)
    desk.session.commit()
    sign_in(page_client.plain, desk.session, desk.alice)
    text = page_client.get("/inbox?sort=due").text
    rows = {thread: text.index(f'id="row-{thread.id}"') for thread in (soon, late, none)}
    assert rows[late] < rows[soon] < rows[none]
    assert re.search(r">due (\w{3} )?\d\d:\d\d<", text)
    assert "2 h overdue" in text
    assert "2 h overdue" in page_client.get(f"/threads/{late.id}").text
    assert "Why no deadline?" in page_client.get(f"/threads/{none.id}").text
    assert local("2026-03-04 10:00") == desk.now
