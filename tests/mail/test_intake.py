"""Mail out of posts arrives as the bytes that were sent."""

from __future__ import annotations

import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contract.base import UnableToParse
from app.mail.intake import read_inbound_parse
from tests.mail.corpus_odd import odd_mails
from tests.mail.make_corpus import huge_mail
from tests.mail.parsing import read
from tests.support.full import amount

TYPE = "multipart/form-data; boundary=xYzZY"


def form(fields: dict[str, bytes], files: dict[str, tuple[str, str, bytes]] | None = None) -> bytes:
    out = b""
    for name, value in fields.items():
        out += f'--xYzZY\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"
    for name, (filename, content_type, content) in (files or {}).items():
        named = f'form-data; name="{name}"; filename="{filename}"'
        head = f"--xYzZY\r\nContent-Disposition: {named}\r\nContent-Type: {content_type}\r\n\r\n"
        out += head.encode() + content + b"\r\n"
    return out + b"--xYzZY--\r\n"


def test_a_raw_post_gives_the_exact_bytes_and_the_envelope() -> None:
    mail = odd_mails()["cp1252_declared_as_iso_8859_1.eml"]
    envelope = json.dumps({"to": ["Service+T.abc@laadpunt.example"], "from": "fatima@klant.example"}).encode()
    post = read_inbound_parse(
        form({"email": mail, "envelope": envelope, "SPF": b"pass", "dkim": b"{@klant.example : pass}"}), TYPE
    )
    assert post.raw == mail
    assert post.envelope.to == ("service+t.abc@laadpunt.example",)
    assert post.envelope.sender == "fatima@klant.example"
    assert post.told == {"spf": "pass", "dkim": "{@klant.example : pass}"}


def test_a_raw_post_of_25_megabytes_passes() -> None:
    mail = huge_mail(25)
    assert read_inbound_parse(form({"email": mail}), TYPE).raw == mail


def test_a_parsed_post_becomes_a_mail_with_its_charsets_and_files() -> None:
    fields = {
        "headers": (
            b"Message-ID: <1@klant.example>\nDate: Sat, 21 Nov 2026 10:15:00 +0100\n"
            b"Content-Type: multipart/mixed; boundary=weg\nReferences: <0@x>\n"
        ),
        "from": b"Fatima <fatima@klant.example>",
        "to": b"service@laadpunt.example",
        "subject": "Prijs €".encode("cp1252"),
        "text": "Café € 5".encode("cp1252"),
        "html": "<p>Café <img src='cid:foto1'></p>".encode(),
        "charsets": json.dumps({"subject": "windows-1252", "text": "windows-1252", "html": "UTF-8"}).encode(),
        "attachment-info": json.dumps(
            {"attachment1": {"filename": "föto.png", "type": "image/png", "content-id": "foto1"}}
        ).encode(),
    }
    post = read_inbound_parse(form(fields, {"attachment1": ("foto.png", "image/png", b"\x89PNG\r\n\x1a\n")}), TYPE)
    message = read(post.raw)
    assert (message.subject, message.text.strip(), message.external_id) == ("Prijs €", "Café € 5", "1@klant.example")
    assert "Café" in message.html
    assert [(item.filename, item.content, item.is_inline) for item in message.attachments] == [
        ("föto.png", b"\x89PNG\r\n\x1a\n", True)
    ]
    assert message.evidence is not None
    assert message.evidence.references == ("0@x",)


def test_a_bare_mail_as_body_is_taken_as_it_is() -> None:
    assert read_inbound_parse(b"Subject: x\r\n\r\ny", "message/rfc822").raw == b"Subject: x\r\n\r\ny"
    assert read_inbound_parse(b"Subject: x\r\n\r\ny", "").raw == b"Subject: x\r\n\r\ny"


def test_an_urlencoded_post_keeps_every_byte() -> None:
    body = urllib.parse.urlencode({"email": b"Subject: \xe9\r\n\r\n\x80&="}).encode()
    assert read_inbound_parse(body, "application/x-www-form-urlencoded").raw == b"Subject: \xe9\r\n\r\n\x80&="


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "message/rfc822"),
        (b"", TYPE),
        (form({"envelope": b"{}"}), TYPE),
        (form({"email": b" "}), TYPE),
        (b"no form", TYPE),
        (b"no form", "multipart/form-data"),
        (form({"email": b"x"}).replace(b"--xYzZY--", b""), "multipart/form-data; boundary=anders"),
        (b"a=1", "application/x-www-form-urlencoded"),
    ],
)
def test_a_post_without_a_mail_is_refused_with_a_reason(body: bytes, content_type: str) -> None:
    with pytest.raises(UnableToParse):
        read_inbound_parse(body, content_type)


@settings(max_examples=amount(50, full=150), deadline=None)
@given(
    st.binary(max_size=400),
    st.sampled_from([TYPE, "", "multipart/form-data; boundary=", "application/x-www-form-urlencoded", "\xff"]),
)
def test_any_post_is_read_or_refused(body: bytes, content_type: str) -> None:
    for tried in (
        body,
        b"--xYzZY\r\n" + body,
        form({"email": body, "envelope": body, "charsets": body}),
        form({"headers": body, "text": body}),
    ):
        try:
            read(read_inbound_parse(tried, content_type).raw)
        except UnableToParse:
            continue
