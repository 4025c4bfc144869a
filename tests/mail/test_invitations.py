"""Invitations and their answers, with the zone names of Windows."""

from __future__ import annotations

import pytest

from app.contract.base import Automatic, InboundMessage
from app.mail.invitations import read_invitation
from app.mail.timezones import zone_of
from tests.mail.corpus_calendar import calendar_mails
from tests.mail.parsing import read


def calendar(name: str) -> InboundMessage:
    return read(calendar_mails()[f"calendar_{name}.eml"])


@pytest.mark.parametrize(
    ("name", "method", "partstat"),
    [
        ("request_exchange", "REQUEST", "NEEDS-ACTION"),
        ("reply_accepted", "REPLY", "ACCEPTED"),
        ("reply_declined_with_note", "REPLY", "DECLINED"),
        ("reply_google", "REPLY", "ACCEPTED"),
        ("cancel", "CANCEL", "NEEDS-ACTION"),
        ("counter", "COUNTER", "TENTATIVE"),
    ],
)
def test_method_uid_and_answer_are_read(name: str, method: str, partstat: str) -> None:
    message = calendar(name)
    found = message.meta["calendar"]
    assert message.kind == "calendar"
    assert (found["method"], found["partstat"], found["sequence"]) == (method, partstat, 2)
    assert found["uid"] == "040000008200E00074C5B7101A82E008"
    assert (found["starts_at"], found["ends_at"]) == ("2026-11-24T09:00:00Z", "2026-11-24T11:00:00Z")
    assert found["attendees"] == ["jan@klant.example"]
    assert found["location"] == "Dorpsstraat 1, Utrecht"


def test_an_invitation_without_words_gets_readable_text() -> None:
    assert calendar("request_without_text").text.splitlines() == [
        "Invitation: Installatie laadpaal (11 kW) met een heel lange titel",
        "When: 2026-11-24 10:00 (W. Europe Standard Time) – 2026-11-24 12:00 (W. Europe Standard Time)",
        "Where: Dorpsstraat 1, Utrecht",
        "Organizer: planning@laadpunt.example",
        "",
        "Onze monteur komt langs, met bus.",
    ]


def test_an_answer_is_automatic_unless_its_sender_wrote_something() -> None:
    assert calendar("reply_accepted").automatic is Automatic.CALENDAR
    assert calendar("reply_google").automatic is Automatic.CALENDAR
    assert calendar("reply_declined_with_note").automatic is None
    assert calendar("request_exchange").automatic is None
    assert calendar("cancel").automatic is None


def test_a_broken_calendar_stays_a_file_of_an_ordinary_mail() -> None:
    message = calendar("broken")
    assert (message.kind, message.text.strip()) == ("text", "Tekst.")
    assert [item.filename for item in message.attachments] == ["invite.ics"]


def test_an_ics_file_without_method_is_no_invitation() -> None:
    assert read_invitation("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n") is None


@pytest.mark.parametrize(
    ("name", "zone"),
    [
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("Romance Standard Time", "Europe/Paris"),
        ("Eastern Standard Time", "America/New_York"),
        ("Europe/Amsterdam", "Europe/Amsterdam"),
        ("/freeassociation.sourceforge.net/Europe/Amsterdam", "Europe/Amsterdam"),
    ],
)
def test_zone_names_of_windows_and_vendors_are_known(name: str, zone: str) -> None:
    found = zone_of(name)
    assert found is not None
    assert found.key == zone


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../../etc/passwd", "(UTC+01:00) Amsterdam", "\0", "x" * 5000])
def test_unknown_zone_names_give_none(name: str) -> None:
    assert zone_of(name) is None
