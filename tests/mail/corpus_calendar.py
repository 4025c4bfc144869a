"""Invitations, answers and cancellations as Exchange, Google and Apple write them."""

from __future__ import annotations

from tests.mail.corpus_tools import Headers, mail_of, multipart, person, text_part

_ZONE = """BEGIN:VTIMEZONE
TZID:W. Europe Standard Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
END:VTIMEZONE
"""


def calendar_mails() -> dict[str, bytes]:
    return {
        "calendar_request_exchange.eml": _invitation(
            "REQUEST", "NEEDS-ACTION", "Installatie laadpaal", text="Graag tot dinsdag.\n"
        ),
        "calendar_request_without_text.eml": _invitation("REQUEST", "NEEDS-ACTION", "Schouw meterkast", text=""),
        "calendar_reply_accepted.eml": _invitation("REPLY", "ACCEPTED", "Geaccepteerd: Installatie laadpaal", text=""),
        "calendar_reply_declined_with_note.eml": _invitation(
            "REPLY", "DECLINED", "Geweigerd: Installatie laadpaal", text="Ik moet die dag werken, kan het ook donderdagmiddag?\n"
        ),
        "calendar_reply_google.eml": _google_reply(),
        "calendar_cancel.eml": _invitation("CANCEL", "NEEDS-ACTION", "Geannuleerd: Installatie laadpaal", text=""),
        "calendar_counter.eml": _invitation(
            "COUNTER", "TENTATIVE", "Nieuw tijdstip voorgesteld: Installatie", text="Liever een uur later.\n"
        ),
        "calendar_broken.eml": mail_of(
            person("Jan", "jan@klant.example", "Kapotte agenda"),
            multipart(
                "alternative",
                [
                    text_part("Tekst.\n"),
                    text_part("BEGIN:VCALENDAR\nMETHOD\nDTSTART:gisteren\n", kind="calendar", extra="; method=REQUEST"),
                ],
            ),
        ),
    }


def _event(method: str, partstat: str) -> str:
    return (
        f"BEGIN:VCALENDAR\nMETHOD:{method}\nPRODID:Microsoft Exchange Server 2010\nVERSION:2.0\n{_ZONE}BEGIN:VEVENT\n"
        "ORGANIZER;CN=Planning:mailto:planning@laadpunt.example\n"
        f'ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT={partstat};CN="Jan: de Vries":mailto:Jan@Klant.example\n'
        "DESCRIPTION;LANGUAGE=nl-NL:Onze monteur komt langs\\, met "
        "bus.\\n\nSUMMARY;LANGUAGE=nl-NL:Installatie laadpaal (11 kW) met een heel lange\n"
        "  titel\nDTSTART;TZID=W. Europe Standard Time:20261124T100000\nDTEND;TZID=W. Europe Standard Time:20261124T120000\n"
        "UID:040000008200E00074C5B7101A82E008\nSEQUENCE:2\nLOCATION:Dorpsstraat 1\\, "
        "Utrecht\nBEGIN:VALARM\nDESCRIPTION:REMINDER\n"
        "TRIGGER;RELATED=START:-PT15M\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n"
    )


def _invitation(method: str, partstat: str, subject: str, *, text: str) -> bytes:
    headers: Headers = [
        *person("Jan de Vries", "jan@klant.example", subject),
        ("Content-Class", "urn:content-classes:calendarmessage"),
    ]
    calendar = text_part(_event(method, partstat), kind="calendar", extra=f"; method={method}", encoding="base64")
    return mail_of(headers, multipart("alternative", [text_part(text), calendar]))


def _google_reply() -> bytes:
    headers: Headers = [
        *person("Jan de Vries", "jan@gmail.example", "Accepted: Installatie laadpaal @ Tue Nov 24, 2026 10am - 12pm (CET)"),
        ("Sender", "Google Calendar <calendar-notification@google.example>"),
        ("Auto-Submitted", "auto-generated"),
    ]
    zoned = _event("REPLY", "ACCEPTED").replace("TZID=W. Europe Standard Time", "TZID=Europe/Amsterdam")
    calendar = text_part(zoned, kind="calendar", extra="; method=REPLY")
    return mail_of(headers, multipart("alternative", [text_part("jan@gmail.example has accepted this invitation.\n"), calendar]))
