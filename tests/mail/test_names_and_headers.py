"""Small readers: file names, ids, subjects, addresses."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.mail.addresses import Address, parse_addresses
from app.mail.encoded_words import decode_words, parse_parameters
from app.mail.filenames import safe_filename
from app.mail.filetypes import real_content_type
from app.mail.headers import has_reply_mark, normalise_subject, read_message_ids, read_subject_token, strip_reply_marks
from app.mail.source import split_headers


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("\u200b.htaccess", "htaccess"),
        ("\u202efdp.exe", "fdp.exe"),
        ("a\x00b.pdf", "ab.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\Jan\\offerte.pdf", "offerte.pdf"),
        ("naam.pdf. . .", "naam.pdf"),
        ("..", "noname"),
        ("...", "noname"),
        ("", "noname"),
        ("\u200b\u200b", "noname"),
        ("con", "_con"),
        ("CON.tar.gz", "_CON.tar.gz"),
        ("lpt1 .txt", "_lpt1 .txt"),
        ("C\u200bON.txt", "_CON.txt"),
        ("c\u200bom1", "_com1"),
        ("console.txt", "console.txt"),
        ("a<b>c:d|e?f*g.txt", "a_b_c_d_e_f_g.txt"),
        ("cafe\u0301.txt", "café.txt"),
        ("foto \U0001f600.png", "foto \U0001f600.png"),
        ("regel\r\nX: y.txt", "regelX_ y.txt"),
        ("map/", "map"),
    ],
)
def test_file_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_filename(name) == safe


def test_a_nameless_file_is_named_for_its_type_and_a_long_name_keeps_its_extension() -> None:
    assert safe_filename("", content_type="application/pdf") == "noname.pdf"
    assert safe_filename("n" * 300 + ".pdf") == "n" * 196 + ".pdf"


@given(st.text(max_size=400))
def test_a_safe_name_is_safe_and_stays_as_it_is(name: str) -> None:
    safe = safe_filename(name)
    assert 1 <= len(safe) <= 200
    assert safe_filename(safe) == safe
    assert not set(safe) & set('/\\<>:"|?*')
    assert not safe.startswith(".")
    assert all(unicodedata.category(char) not in ("Cc", "Cf", "Cs") for char in safe)


@pytest.mark.parametrize(
    ("declared", "content", "name", "real"),
    [
        ("application/octet-stream", b"%PDF-1.7", "x", "application/pdf"),
        ("application/octet-stream", b"\xff\xd8\xff\xe0", "x", "image/jpeg"),
        ("", b"RIFF....WEBPVP8", "x", "image/webp"),
        (
            "application/octet-stream",
            b"PK\x03\x04",
            "brief.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("application/octet-stream", b"PK\x03\x04", "alles.zip", "application/zip"),
        ("application/octet-stream", b"????", "x.pdf", "application/octet-stream"),
        ("text/plain", b"%PDF-1.7", "x", "text/plain"),
    ],
)
def test_files_of_no_type_get_the_one_their_bytes_show(declared: str, content: bytes, name: str, real: str) -> None:
    assert real_content_type(declared, content, filename=name) == real


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("<a@x> <b@y>", ("a@x", "b@y")),
        ("<a@x><a@x>", ("a@x",)),
        ("<a@\n x>", ("a@x",)),
        ('"<a@x>"', ("a@x",)),
        ('<"a b"@x>', ('"ab"@x',)),
        ("a@x, b@y", ("a@x", "b@y")),
        ("Message of Mon (a@comment) from <c@z>", ("c@z",)),
        ("<zonderapenstaart>", ("zonderapenstaart",)),
        ("<> < >", ()),
        ("", ()),
        ("ja", ()),
        ("<Case@Stays.Example>", ("Case@Stays.Example",)),
    ],
)
def test_message_ids_are_read_leniently_and_exactly(value: str, ids: tuple[str, ...]) -> None:
    assert read_message_ids([value]) == ids


@pytest.mark.parametrize(
    ("subject", "plain"),
    [
        ("RE: Antw: FW: [EXT] Offerte", "offerte"),
        ("Re[2]: Re(3): Offerte", "offerte"),
        ("AW: WG: Offerte  laadpaal", "offerte laadpaal"),
        ("TR : Réf : Offerte", "offerte"),
        ("回复：Offerte", "offerte"),
        ("[EXTERN] Betr.: x", "betr.: x"),
        ("Offerte [#1042]", "offerte"),
        ("Re: [#1042] OFFERTE", "offerte"),
        ("Reiskosten: hoe zit dat", "reiskosten: hoe zit dat"),
        ("Fwiw: x", "fwiw: x"),
        ("", ""),
        ("Re:", ""),
    ],
)
def test_subjects_are_compared_without_reply_marks(subject: str, plain: str) -> None:
    assert normalise_subject(subject) == plain


def test_reply_marks_are_seen_and_taken_off() -> None:
    assert has_reply_mark("Antw: x")
    assert not has_reply_mark("Antwoord graag")
    assert strip_reply_marks("RE: FW: Offerte [#7]") == "Offerte [#7]"


@pytest.mark.parametrize(
    ("subject", "token"), [("[#123] x", 123), ("x [#1] [#2]", 2), ("#123", None), ("[#]", None), ("[#1234567890123]", None)]
)
def test_the_subject_token_is_read(subject: str, token: int | None) -> None:
    assert read_subject_token(subject) == token


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("Jan <Jan@X.example>", [Address("Jan", "jan@x.example")]),
        (
            '"Vries, Jan de" <jan@x.example>, piet@x.example',
            [Address("Vries, Jan de", "jan@x.example"), Address("", "piet@x.example")],
        ),
        ("jan@x.example (Jan)", [Address("Jan", "jan@x.example")]),
        ("Groep: a@x.example, b@x.example;", [Address("", "a@x.example"), Address("", "b@x.example")]),
        ("undisclosed-recipients:;", []),
        ("<mailto:jan@x.example>", [Address("", "jan@x.example")]),
        ("<@route.example:jan@x.example>", [Address("", "jan@x.example")]),
        ("'jan@x.example' <jan@x.example>", [Address("", "jan@x.example")]),
        ("=?utf-8?Q?J=C3=A1n=2C_X?= <jan@x.example>", [Address("Ján, X", "jan@x.example")]),
        ("=?utf-8?Q?Jan_<jan@x.example>?=", [Address("Jan", "jan@x.example")]),
        ("a@x.example; b@x.example", [Address("", "a@x.example"), Address("", "b@x.example")]),
        ("Jan \u202e <jan@x.example>", [Address("Jan", "jan@x.example")]),
        ("<>", []),
        ("", []),
        ("Jan", [Address("Jan", "")]),
        ("a@x.example b@x.example", [Address("b@x.example", "a@x.example")]),
    ],
)
def test_address_lists_are_read(value: str, addresses: list[Address]) -> None:
    assert parse_addresses(value) == addresses


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?utf-8?Q?a?= b =?utf-8?Q?c?=", "a b c"),
        ("=?ISO-8859-1?Q?=80?=", "€"),
        ("=?utf-8*nl?Q?x_y?=", "x y"),
        ("=?utf-8?B?w6k?=", "é"),
        ("=?utf-8?X?a?=", "=?utf-8?X?a?="),
        ("geen =? woord", "geen =? woord"),
    ],
)
def test_encoded_words_are_decoded(value: str, text: str) -> None:
    assert decode_words(value) == text


@pytest.mark.parametrize(
    ("value", "params"),
    [
        ('text/plain; charset="utf-8"; format=flowed', {"charset": "utf-8", "format": "flowed"}),
        ("attachment; filename*=utf-8''a%20b", {"filename": "a b"}),
        ("attachment; filename*0=a; filename*1=b", {"filename": "ab"}),
        ("attachment; filename*1*=%C3%A9; filename*0*=utf-8'nl'x", {"filename": "xé"}),
        ('attachment; filename="a\\"b"; x', {"filename": 'a"b'}),
        ("attachment; filename=a; filename*=utf-8''b", {"filename": "b"}),
        ("attachment; filename*=nonsense''%80", {"filename": "€"}),
    ],
)
def test_parameters_are_read_in_all_their_forms(value: str, params: dict[str, str]) -> None:
    assert parse_parameters(value)[1] == params


def test_a_header_is_read_up_to_its_bound_and_no_address_is_cut_in_half() -> None:
    people = ", ".join(f"klant{index}@example.nl" for index in range(3000))
    values = split_headers(f"To: {people}\r\n\r\n".encode())[0].all_raw("to")
    assert 15_000 < len(values[0]) <= 20_000
    found = [item.address for item in parse_addresses(values[0])]
    assert found == people.split(", ")[: len(found)]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("Jan jan@example.nl", "jan@example.nl"),
        ("a@b@c", "a@b@c"),
        ("Jan =jan+x@example.nl", "=jan+x@example.nl"),
        ("geen adres", ""),
    ],
)
def test_a_bare_address_is_found_among_words(value: str, address: str) -> None:
    assert parse_addresses(value)[0].address == address
