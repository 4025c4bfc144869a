"""A file store that does not work is no fault of the mail: it waits, loses no try, and comes in when the store works again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.runtime import EXTENSION
from app.core.storage import FileStorage
from app.domain.events.jobs import run_outbox_entry
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Attachment, Message
from tests.domain.delivery.test_gated import Files, announce, channel, files  # noqa: F401 fixtures
from tests.domain.ingest.test_mail_intake import Sender, mail
from tests.domain.ingest.test_mail_intake import channel as mailbox  # noqa: F401 a fixture of `sender`
from tests.factories import NOW
from tests.support.disks import broken_folder, files_below, smallest_disk, storage_folder

MORE_THAN_THE_SCHEDULE_HAS = 12


@pytest.fixture
def sender(client: FlaskClient, db_session: Session, mailbox: object) -> Sender:  # noqa: F811
    return Sender(client, db_session)


def try_again(session: Session) -> InboundEvent:
    """As if the time to wait were over."""
    session.execute(sa.update(InboundEvent).values(run_at=NOW))
    session.commit()
    event = session.execute(sa.select(InboundEvent)).scalar_one()
    process_inbound_event(row_id=str(event.id))
    session.expire_all()
    return event


def test_a_mail_waits_for_the_store_as_long_as_it_takes(app_context: Flask, sender: Sender, db_session: Session) -> None:
    sender.post(mail(1))
    with broken_folder(storage_folder(app_context)):
        for _try in range(MORE_THAN_THE_SCHEDULE_HAS):
            event = try_again(db_session)
            assert (event.state, event.attempts) == ("ready", 0), event.reason
        assert (event.reason or "").startswith("waiting for file storage: ")
        assert db_session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 0
    assert try_again(db_session).state == "done"
    assert db_session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 1


def test_a_mail_with_files_for_which_there_is_no_room_leaves_none_of_them(
    app_context: Flask, sender: Sender, db_session: Session, tmp_path: Path
) -> None:
    with_files = mail(1)
    with_files.add_attachment(bytes(50_000), maintype="application", subtype="pdf", filename="offerte.pdf")
    sender.post(with_files)
    usual, folder = app_context.extensions[EXTENSION], tmp_path / "disk"
    try:
        with smallest_disk(folder, kilobytes=100):  # for the raw mail or for the file, not for both
            app_context.extensions[EXTENSION] = replace(usual, storage=FileStorage(folder))
            event = try_again(db_session)
            assert (event.state, event.attempts) == ("ready", 0), event.reason
            assert "No space left" in (event.reason or "")
            assert files_below(folder) == []
    finally:
        app_context.extensions[EXTENSION] = usual
    assert try_again(db_session).state == "done"
    assert db_session.execute(sa.select(Attachment.state)).scalars().all() == ["stored"]


def test_a_file_that_is_announced_is_not_fetched_while_it_cannot_be_kept(
    app_context: Flask,
    db_session: Session,
    channel: object,  # noqa: F811
    files: Files,  # noqa: F811
) -> None:
    entry = announce(db_session, channel, 2)  # type: ignore[arg-type]
    with broken_folder(storage_folder(app_context)):
        for _try in range(MORE_THAN_THE_SCHEDULE_HAS):
            entry.run_at = NOW
            db_session.commit()
            run_outbox_entry(row_id=str(entry.id))
            db_session.refresh(entry)
            assert (entry.state, entry.attempts, files.calls) == ("ready", 0, 0)
    entry.run_at = NOW
    db_session.commit()
    run_outbox_entry(row_id=str(entry.id))
    assert files.calls == 2
    assert db_session.execute(sa.select(Attachment.state)).scalars().all() == ["stored", "stored"]
