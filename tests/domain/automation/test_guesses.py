"""What a new conversation is about is guessed from its first message, and says from which words; people have the last word."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.automation.models import AutomationRule
from app.domain.automation.shipped import GUESSES, install_guesses, list_shipped
from app.domain.threads.actions import lock_thread
from app.domain.threads.bulk import Change, restore, start_bulk_action, state_of
from app.domain.threads.edit import change_type
from app.domain.threads.jobs import run_bulk_action
from app.domain.threads.macro_run import Run, take_first_steps
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import ThreadType
from tests.domain.automation.conftest import Desk

SAID = [
    ("Ik wil een klacht indienen: de monteur kwam niet", ThreadType.COMPLAINT, ["klacht"]),
    ("Mijn laadpaal is KAPOT sinds gisteren", ThreadType.TECHNICAL_ISSUE, ["kapot"]),
    ("Graag een offerte voor twee palen", ThreadType.SALES_INQUIRY, ["offerte"]),
    ("Kunnen we de afspraak verzetten?", ThreadType.INSTALLATION_COORDINATION, ["afspraak", "verzetten"]),
    ("I am disappointed and want a refund", ThreadType.COMPLAINT, ["disappointed", "refund"]),
    ("My charger doesn’t work any more", ThreadType.TECHNICAL_ISSUE, ["doesn't work"]),
    ("How much is a charger? Please send a quote.", ThreadType.SALES_INQUIRY, ["quote", "how much"]),
    ("Can I reschedule my appointment?", ThreadType.INSTALLATION_COORDINATION, ["appointment", "reschedule"]),
    ("Je souhaite faire une reclamation", ThreadType.COMPLAINT, ["réclamation"]),
    ("Ma borne clignote et ne charge pas", ThreadType.TECHNICAL_ISSUE, ["clignote", "ne charge pas"]),
    ("Pouvez-vous m’envoyer un devis ?", ThreadType.SALES_INQUIRY, ["devis"]),
    ("Quand vient le technicien ?", ThreadType.INSTALLATION_COORDINATION, ["technicien"]),
    ("Bedankt voor de snelle reactie!", ThreadType.CUSTOMER_SUPPORT, None),
    ("De prijsuitreiking was leuk", ThreadType.CUSTOMER_SUPPORT, None),
]


@pytest.fixture
def guessing(desk: Desk) -> Desk:
    install_guesses(desk.session, now=utc_now())
    desk.session.commit()
    return desk


@pytest.mark.parametrize(("text", "kind", "found"), SAID)
def test_a_first_message_says_what_it_is_about(guessing: Desk, text: str, kind: ThreadType, found: list[str] | None) -> None:
    guessing.message(text)
    guessing.react()
    assert guessing.now_of().thread_type == kind
    because = [sorted(event.payload["because"]) for event in guessing.events("ThreadTypeChanged")]
    assert because == ([sorted(found)] if found else [])


def test_what_somebody_said_stays(guessing: Desk) -> None:
    thread = lock_thread(guessing.session, guessing.thread.id)
    change_type(guessing.session, thread, ThreadType.PARTNER_INQUIRY, actor=guessing.viewer.actor, now=utc_now())
    guessing.message("Mijn laadpaal is kapot")
    guessing.react()
    assert guessing.now_of().thread_type == ThreadType.PARTNER_INQUIRY


def test_the_guesses_come_once_switched_on_and_are_rules_like_any_other(guessing: Desk) -> None:
    install_guesses(guessing.session, now=utc_now())
    rules = guessing.session.execute(sa.select(AutomationRule).order_by(AutomationRule.position)).scalars().all()
    assert [(rule.shipped, rule.is_on) for rule in rules] == [(guess.key, True) for guess in GUESSES]
    assert not {guess.key for guess in GUESSES} & {one.key for one in list_shipped(guessing.session)}


def test_macros_and_bulk_set_the_type_and_an_undo_gives_it_back(desk: Desk) -> None:
    session, now, actor = desk.session, utc_now(), desk.viewer.actor
    before = state_of(desk.now_of())
    run = Run(actor, "Leila", now, new_id())
    take_first_steps(session, thread_id=desk.thread.id, steps=MacroSteps(thread_type=ThreadType.COMPLAINT), run=run)
    thread = lock_thread(session, desk.thread.id)
    after = state_of(thread)
    assert (before["type"], after["type"]) == ("customer_support", "complaint")
    restore(session, thread, was=after, wanted=before, actor=actor, now=now)
    assert thread.thread_type == ThreadType.CUSTOMER_SUPPORT
    change = Change("type", ThreadType.SALES_INQUIRY.value)
    start_bulk_action(session, viewer=desk.viewer, change=change, now=now, thread_ids=[thread.id])
    session.commit()
    (bulk_id,) = session.execute(sa.text("SELECT id FROM bulk_actions")).scalars()
    run_bulk_action(row_id=str(bulk_id))
    assert desk.now_of().thread_type == ThreadType.SALES_INQUIRY
