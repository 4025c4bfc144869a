"""What we send is read by any program as we meant it."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contract.base import Identity, IdentityKind, OutgoingAttachment, OutgoingMessage, Party
from app.mail.compose import UnableToCompose, compose_mail, quote_for_reply, reply_references
from app.mail.quoting import split_quoted
from tests.mail.corpus_tools import PIXEL
from tests.mail.parsing import read
from tests.support.full import amount

DATE = datetime(2026, 11, 21, 10, 15, tzinfo=timezone(timedelta(hours=1)))
LONG_ID = "AM9PR04MB8505" + "C" * 90 + "@AM9PR04.prod.outlook.example"


def party(address: str, name: str = "") -> Party:
    return Party((Identity(IdentityKind.EMAIL, address),), name)


def composed(*, from_name: str = "Installatie Service", include_bcc: bool = False, **fields: Any) -> bytes:
    message = OutgoingMessage(
        **{
            "reference": "0199-abc",
            "to": (party("jan@klant.example", "Jan de Vries"),),
            "subject": "Afspraak",
            "text": "Hallo",
            **fields,
        }
    )
    return compose_mail(message, from_address="service@laadpunt.example", from_name=from_name, date=DATE, include_bcc=include_bcc)


def header_lines(raw: bytes) -> list[str]:
    return raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")


def test_a_message_id_of_120_characters_stays_one_token_in_every_header() -> None:
    assert len(LONG_ID) > 120
    raw = composed(in_reply_to=LONG_ID, references=(LONG_ID, LONG_ID.lower()), message_id_header=LONG_ID)
    lines = header_lines(raw)
    assert f"In-Reply-To: <{LONG_ID}>" in lines
    assert f"References: <{LONG_ID}>" in lines
    assert f" <{LONG_ID.lower()}>" in lines
    assert f"Message-ID: <{LONG_ID}>" in lines
    assert b"=?" not in raw


def test_the_standard_policy_would_have_broken_such_ids() -> None:
    mail = email.message.EmailMessage(policy=email.policy.SMTP)
    mail["In-Reply-To"] = f"<{LONG_ID}>"
    assert b"=?utf-8?" in mail.as_bytes()


def test_what_we_compose_is_what_we_read() -> None:
    raw = composed(
        subject="Ürgent: offerte € 1.250 — laadpaal",
        text="Beste Jan,\n\nGeïnstalleerd.\n.\nFrom hier af\n" + "lang " * 400,
        html='<p>Beste <b>Jan</b> <img src="cid:logo@x"></p>',
        cc=(party("anna@klant.example", "Ñandú, Anna"),),
        attachments=(
            OutgoingAttachment("logo.png", "image/png", PIXEL, "logo@x"),
            OutgoingAttachment("offerte €.pdf", "application/pdf", b"%PDF-1.4"),
            OutgoingAttachment("brief.txt", "text/plain", "één\r\ntwee\n".encode()),
            OutgoingAttachment("mail.eml", "message/rfc822", b"Subject: x\r\n\r\nx"),
        ),
        message_id_header="t1.m2.0123456789abcdef@laadpunt.example",
        in_reply_to="vraag@klant.example",
        references=("eerste@klant.example", "vraag@klant.example"),
        reply_address="service+t.abc@laadpunt.example",
    )
    message = read(raw)
    assert message.subject == "Ürgent: offerte € 1.250 — laadpaal"
    assert message.text.startswith("Beste Jan,\n\nGeïnstalleerd.\n.\nFrom hier af\n")
    assert message.html.strip() == '<p>Beste <b>Jan</b> <img src="cid:logo@x"></p>'
    assert (message.sender.name, message.our_reference) == ("Installatie Service", "0199-abc")
    assert [(item.name, item.address()) for item in message.cc] == [("Ñandú, Anna", "anna@klant.example")]
    assert {item.filename: (item.content, item.is_inline) for item in message.attachments} == {
        "logo.png": (PIXEL, True),
        "offerte €.pdf": (b"%PDF-1.4", False),
        "brief.txt": ("één\r\ntwee\n".encode(), False),
        "mail.eml": (b"Subject: x\r\n\r\nx", False),
    }
    assert message.evidence is not None
    assert message.evidence.references == ("eerste@klant.example", "vraag@klant.example")
    assert "Reply-To: Installatie Service <service+t.abc@laadpunt.example>" in header_lines(raw)
    assert message.occurred_at == datetime(2026, 11, 21, 9, 15, tzinfo=UTC)


def test_lines_are_short_ascii_and_end_as_smtp_wants() -> None:
    raw = composed(subject="Ü" * 300, text="é" * 3000 + "\n" + "x" * 3000, references=tuple(f"{i}.{LONG_ID}" for i in range(20)))
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 78
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?.\?[^?]*\?=", raw))


@settings(max_examples=amount(40, full=100), deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_no_subject_and_no_name_can_add_a_header(subject: str, name: str) -> None:
    raw = composed(
        subject=f"{subject}\r\nBcc: x@evil.example",
        from_name=f"{name}\nX-Evil: 1",
        to=(party("jan@klant.example", name + "\r\n\r\n<b>"),),
    )
    names = [line.split(":")[0] for line in header_lines(raw) if line[:1] not in (" ", "\t")]
    assert sorted(names) == sorted(set(names))
    assert not {"Bcc", "X-Evil"} & set(names)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "jan",
        "jan@x.example\r\nBcc: y@z",
        "jan@x.example, y@z.example",
        "<jan@x.example>",
        "a b@x.example",
        "@x.example",
        "jan@",
        "é@x.example",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UnableToCompose):
        composed(to=(party(address),))


@pytest.mark.parametrize("message_id", ["a b@x", "a@x>\r\nBcc: y@z", "\n", "é@x", "no-message-id:0a1b"])
def test_foreign_ids_no_header_can_carry_are_left_out_and_ours_are_refused(message_id: str) -> None:
    raw = composed(in_reply_to=message_id, references=(message_id, "goed@klant.example"))
    assert not any(line.startswith(("In-Reply-To", "Bcc")) for line in header_lines(raw))
    assert "References: <goed@klant.example>" in header_lines(raw)
    if not message_id.startswith("no-"):
        with pytest.raises(UnableToCompose):
            composed(message_id_header=message_id)


def test_a_domain_with_accents_is_written_in_ascii() -> None:
    assert "To: Jan <jan@xn--caf-dma.example>" in header_lines(composed(to=(party("jan@café.example", "Jan"),)))


def test_hidden_recipients_are_written_only_for_transports_that_read_them_there() -> None:
    bcc = (party("stil@klant.example"),)
    assert b"stil@klant.example" not in composed(bcc=bcc)
    assert "Bcc: stil@klant.example" in header_lines(composed(bcc=bcc, include_bcc=True))


def test_automatic_mail_says_so_and_ordinary_mail_does_not() -> None:
    lines = header_lines(composed(is_automatic=True, in_reply_to="vraag@klant.example"))
    assert "Auto-Submitted: auto-replied" in lines
    assert "X-Auto-Response-Suppress: All" in lines
    assert "Auto-Submitted: auto-generated" in header_lines(composed(is_automatic=True))
    assert not any(line.startswith(("Auto-Submitted", "X-Auto")) for line in header_lines(composed()))


def test_html_alone_gets_a_text_with_its_links() -> None:
    message = read(composed(text="", html='<p>Zie <a href="https://x.example/a">hier</a></p>'))
    assert message.text.strip() == "Zie hier <https://x.example/a>"


def test_references_of_an_answer_follow_the_rules_and_keep_first_and_newest() -> None:
    assert reply_references(message_id="c", in_reply_to=("b",), references=("a", "b")) == ("a", "b", "c")
    assert reply_references(message_id="c", in_reply_to=("b",), references=()) == ("b", "c")
    assert reply_references(message_id="c", in_reply_to=("a", "b"), references=()) == ("c",)
    assert reply_references(message_id=None, in_reply_to=(), references=()) == ()
    long = reply_references(message_id="new", in_reply_to=(), references=tuple(f"id{i}" for i in range(100)))
    assert (len(long), long[0], long[-1]) == (30, "id0", "new")


@pytest.mark.parametrize("language", ["nl", "en", "de", "fr", "xx"])
def test_the_quoted_original_is_folded_by_our_own_reader(language: str) -> None:
    quote = quote_for_reply("Vraag?\n\n> ouder\n", author="Jan de Vries", written_at=DATE, language=language)
    assert "10:15" in quote
    assert quote.endswith("\n> Vraag?\n>\n>> ouder\n")
    assert [section.kind for section in split_quoted("Antwoord.\n\n" + quote)] == ["own", "quote"]


def test_a_very_long_original_is_cut_with_a_mark() -> None:
    quote = quote_for_reply("regel\n" * 1000, author="Jan", written_at=DATE)
    assert quote.count("\n") == 202
    assert quote.endswith("> […]\n")
