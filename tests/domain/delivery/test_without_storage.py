"""A message whose files cannot be read now waits for the store, says so, and leaves once when it works again."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.db import db
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery, DeliveryAttempt
from tests.domain.delivery.test_template_files import closed, picture, send  # noqa: F401 `closed` is a fixture
from tests.factories import NOW
from tests.support.chat_desk import ChatDesk
from tests.support.disks import broken_folder, storage_folder

WORDS = "Zo komt de laadpaal te hangen, Jan. Akkoord?"


def test_a_message_with_a_file_waits_for_the_store_and_leaves_once(closed: ChatDesk) -> None:  # noqa: F811
    send(closed, **picture())
    db.session.remove()  # of the request
    delivery = closed.session.execute(sa.select(Delivery)).scalar_one()
    with broken_folder(storage_folder(closed.app)):
        for _try in range(12):
            closed.session.execute(sa.update(Delivery).values(run_at=NOW))
            closed.session.commit()
            deliver(row_id=str(delivery.id))
            closed.session.refresh(delivery)
            assert (delivery.state, delivery.attempts) == ("ready", 0), delivery.reason
    assert closed.asked(type="template") == []
    assert (closed.message(WORDS).delivery_reason or {})["code"] == "storage"
    assert closed.session.execute(sa.select(sa.func.count()).select_from(DeliveryAttempt)).scalar_one() == 0
    db.session.remove()
    closed.session.execute(sa.update(Delivery).values(run_at=NOW))
    closed.session.commit()
    closed.deliver()
    assert len(closed.asked(type="template")) == 1
    assert closed.message(WORDS).delivery_status == "read"
