"""Whatever happens to a mail on its way, reading it does not fail."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.contract.base import InboundMessage, UnableToParse
from app.mail.addresses import parse_addresses
from app.mail.charsets import decode_bytes
from app.mail.encoded_words import decode_words, parse_parameters
from app.mail.flowed import unflow
from app.mail.headers import normalise_subject, read_message_ids
from app.mail.invitations import read_invitation
from app.mail.transfer import decode_transfer
from tests.mail.make_corpus import corpus
from tests.mail.parsing import read
from tests.support.full import amount

MAILS = sorted(corpus().values(), key=len)[:-3]
MUTATIONS = st.lists(
    st.tuples(st.sampled_from(["flip", "cut", "drop", "double", "shuffle", "insert"]), st.integers(0, 2**32)),
    min_size=1,
    max_size=6,
)
COMMON = settings(max_examples=amount(50, full=150), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def mutate(raw: bytes, mutations: list[tuple[str, int]]) -> bytes:
    for kind, seed in mutations:
        raw = _mutated(raw, kind, random.Random(seed))
    return raw


def _mutated(raw: bytes, kind: str, chance: random.Random) -> bytes:
    place = chance.randrange(len(raw) + 1)
    other = chance.randrange(place, len(raw) + 1)
    if kind == "flip" and place < len(raw):
        return raw[:place] + bytes([raw[place] ^ (1 << chance.randrange(8))]) + raw[place + 1 :]
    if kind == "cut":
        return raw[:place]
    if kind == "drop":
        return raw[:place] + raw[other:]
    if kind == "double":
        return raw[:other] + raw[place:other] + raw[other:]
    if kind == "insert":
        return raw[:place] + chance.randbytes(chance.randrange(40)) + raw[place:]
    head, blank, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    chance.shuffle(lines)
    return b"\r\n".join(lines) + blank + body


def read_or_refuse(raw: bytes) -> InboundMessage | None:
    try:
        return read(raw)
    except UnableToParse:
        return None


@COMMON
@given(st.sampled_from(MAILS), MUTATIONS)
def test_a_mutated_mail_is_read_or_refused(raw: bytes, mutations: list[tuple[str, int]]) -> None:
    message = read_or_refuse(mutate(raw, mutations))
    if message:
        assert "\0" not in message.text + message.html + message.subject
        message.text.encode("utf-8")


@COMMON
@given(st.binary(max_size=2000))
@example(b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n")
@example(b"From: \xff\r\nSubject: =?utf-8?b?====?=\r\nDate: \x00\r\n\r\n\xed\xa0\x80")
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    read_or_refuse(raw)


@COMMON
@given(
    st.text(max_size=500),
    st.binary(max_size=300),
    st.sampled_from([None, "utf-8", "iso-8859-1", "utf-7", "hex", "idna", "utf-16", "\0", "cp932"]),
)
def test_the_smaller_readers_never_fail(text: str, data: bytes, charset: str | None) -> None:
    decode_bytes(data, charset).encode("utf-8")
    for encoding in ("base64", "quoted-printable", "x-uuencode", text[:20]):
        decode_transfer(data, encoding)
    decode_words(text)
    parse_parameters(text)
    parse_addresses(text)
    normalise_subject(text)
    read_invitation(f"METHOD:REQUEST\nBEGIN:VEVENT\nDTSTART:{text}\n{text}")
    assert all(read_message_ids([text]))
    unflow(text, delete_space=True)


@COMMON
@given(st.sampled_from(MAILS))
def test_reading_twice_gives_the_same(raw: bytes) -> None:
    assert read_or_refuse(raw) == read_or_refuse(raw)
