"""A simulated Microsoft 365 for the tests of mailboxes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.sandbox.simulators.common import RunningServer
from tests.domain.ingest.mailbox_world import ADDRESSES, MailboxWorld, mailbox_world


@pytest.fixture
def three(app_context: Flask, db_session: Session, graph_process: RunningServer) -> Iterator[MailboxWorld]:
    """Three mailboxes of one brand."""
    with mailbox_world(app_context, db_session, graph_process, addresses=ADDRESSES) as world:
        yield world
