"""A desk: one brand with a thread, Alice who answers, Leila who leads, and another brand's lead."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.threads.models import Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient
from tests.support.queries import at_most

CONTENT = TemplateContent(
    name="Afspraak bevestigen",
    category=TemplateCategory.INSTALLATION_SCHEDULING,
    language="nl",
    text="Beste {{contact.first_name|klant}}, de afspraak staat. Groet, {{user.first_name}}",
)


@dataclass
class Desk(PageDesk):
    brand: Brand
    other: Brand
    alice: User
    leila: User
    moritz: User
    channel: Channel
    thread: Thread

    def make(self, **changes: object) -> ReplyTemplate:
        template = create_template(self.session, replace(CONTENT, **changes), now=utc_now())  # type: ignore[arg-type]
        self.session.commit()
        return template

    def fields(self, **changes: object) -> dict[str, object]:
        """What the editor's form sends."""
        fields = {"name": CONTENT.name, "category": CONTENT.category.value, "language": "nl", "subject": "", "text": CONTENT.text}
        return {**fields, **changes}

    def at_most(self, queries: int) -> AbstractContextManager[None]:
        return at_most(self.session, queries)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis")
    alice = make_user(db_session, "Alice Bakker", brands=(brand,))
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    moritz = make_user(db_session, "Moritz", role=Role.LEAD, brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    make_message(db_session, thread, "De laadpaal knippert rood, wanneer is mijn afspraak?", at=utc_now())
    db_session.commit()
    made = Desk(page_client, db_session, brand, other, alice, leila, moritz, channel, thread)
    made.as_user(leila)
    return made
