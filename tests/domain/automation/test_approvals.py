"""Tasks about orders, and approvals: asked for, decided with a reason, and what follows."""

from __future__ import annotations

import sqlalchemy as sa

from app.domain.contacts.models import Contact
from app.domain.tasks.models import Decision, Task, TaskStatus
from app.domain.threads.macros import MacroSteps, TaskStep
from app.domain.threads.models import Priority
from tests.domain.automation.conftest import Desk
from tests.domain.automation.factories import condition
from tests.domain.orders.factories import make_order
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


def test_a_task_says_which_order_it_is_about_and_an_approval_is_decided_with_a_reason(
    desk: Desk, page_client: PageClient
) -> None:
    session = desk.session
    order = make_order(session, desk.brand, session.get_one(Contact, desk.thread.contact_id), thread_id=desk.thread.id)
    desk.rule(MacroSteps(task=TaskStep(title="Korting goedkeuren", kind="approval_request")), name="Vraag")
    refused = condition("value", "is", "refused")
    desk.rule(MacroSteps(priority=Priority.HIGH), refused, trigger="TaskCompleted", name="Geweigerd")
    desk.message()
    desk.react()
    task = session.execute(sa.select(Task)).scalar_one()
    assert task.order_id == order.id, "the order its thread is about"
    path, number = f"/tasks/{task.id}", order.order_number
    session.commit()
    client = page_client.plain
    sign_in(client, session, desk.alice)
    shown = page_client.get(path).text
    assert all(words in shown for words in (number, "Approve", "Refuse"))

    def post(where: str, **data: str) -> int:
        return page_client.post(where, data={**data, "csrf_token": csrf_token(client)}).status_code

    assert post(f"{path}/decision", decision="refused") == 422, "it says why"
    assert post(f"{path}/decision", decision="refused", completion_notes="Te hoog") == 303
    desk.react()
    task = session.execute(sa.select(Task).execution_options(populate_existing=True)).scalar_one()
    assert (task.status, task.decision, task.completion_notes) == (TaskStatus.COMPLETED, Decision.REFUSED, "Te hoog")
    assert desk.now_of().priority == Priority.HIGH, "what follows is a rule's"
    session.commit()
    assert "Refused" in page_client.get(path).text
    assert post(f"{path}/decision", decision="approved") == 409, "decided is decided"
    assert post(path, title="x", order_number="CC-1") == 422
    assert post(path, title="x", order_number="") == 303
    assert session.execute(sa.select(Task.order_id)).scalar_one() is None
