"""Machines are recognised, people are left alone."""

from __future__ import annotations

import pytest

from app.contract.base import Direction
from tests.mail.corpus_automatic import automatic_mails
from tests.mail.corpus_chains import chains
from tests.mail.corpus_human import human_mails
from tests.mail.corpus_tools import mail, person
from tests.mail.parsing import read

AUTOMATIC = automatic_mails()
HUMAN = {**human_mails(), **{f"{chain.name}_{step}": raw for chain in chains() for step, raw in enumerate(chain.mails)}}


def test_at_least_97_percent_of_automatic_mail_is_recognised_and_at_most_half_a_percent_of_peoples_mail_is_taken_for_it() -> None:
    recognised = [name for name, _, raw in AUTOMATIC if read(raw).automatic]
    false_alarms = [name for name, raw in HUMAN.items() if read(raw).automatic]
    rate, alarm_rate = len(recognised) / len(AUTOMATIC), len(false_alarms) / len(HUMAN)
    print(f"automatic mail recognised: {len(recognised)} of {len(AUTOMATIC)} ({rate:.1%})")
    print(f"false alarms on people's mail: {len(false_alarms)} of {len(HUMAN)} ({alarm_rate:.2%}) {false_alarms}")
    assert rate >= 0.97
    assert alarm_rate <= 0.005
    assert len(AUTOMATIC) >= 30
    assert len(human_mails()) >= 60


@pytest.mark.parametrize(("kind", "raw"), [pytest.param(kind, raw, id=name) for name, kind, raw in AUTOMATIC])
def test_each_automatic_mail_is_named_for_what_it_is_with_a_reason(kind: str, raw: bytes) -> None:
    message = read(raw)
    assert message.automatic is not None
    assert message.automatic.value == kind
    assert message.automatic_reason


@pytest.mark.parametrize("name", list(human_mails()))
def test_mail_of_people_stays_mail_of_people(name: str) -> None:
    message = read(HUMAN[name])
    assert message.automatic is None, message.automatic_reason


@pytest.mark.parametrize("value", ["All", "DR, OOF, AutoReply", "OOF", "None", "DR"])
def test_asking_for_no_automatic_answer_is_a_wish_and_no_proof(value: str) -> None:
    message = read(mail([*person("Jan", "jan@klant.example", "Vraag"), ("X-Auto-Response-Suppress", value)], "Vraagje.\n"))
    assert message.automatic is None
    assert message.meta.get("asks_no_automatic_answer", False) is (value not in ("None", "DR"))


@pytest.mark.parametrize(
    "value", ["auto-replied", "auto-generated", "auto-notified", "Auto-Replied (vacation)", "auto-generated; x=y"]
)
def test_any_auto_submitted_value_but_no_decides_alone(value: str) -> None:
    headers = [*person("Jan", "jan@klant.example", "Vraag"), ("Auto-Submitted", value)]
    assert read(mail(headers, "x\n")).automatic is not None


def test_our_own_sent_copy_is_outgoing_and_carries_its_delivery_id_but_is_no_loop() -> None:
    raw = mail([*person("Service", "service@laadpunt.example", "Antwoord"), ("X-Switchyard-Delivery", "0199-abc")], "Beste Jan\n")
    message = read(raw)
    assert (message.direction, message.automatic, message.our_reference) == (Direction.OUTGOING, None, "0199-abc")
