"""Read the headers that show which thread a mail belongs to: Message-ID, In-Reply-To, References, subject."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from app.mail.addresses import parse_addresses
from app.mail.encoded_words import decode_words
from app.mail.source import HeaderBlock

NO_ID_PREFIX: Final = "no-message-id:"  # begins our own key for a mail without a Message-ID
MAX_IDS: Final = 200
MAX_ID_LENGTH: Final = 900  # longer ones would not fit a database index; they are told apart by their hash
_IN_BRACKETS: Final = re.compile(r"<([^<>]*)>")
_BARE_ID: Final = re.compile(r"(?<![^\s<>\",;()@])[^\s<>\",;()@]++@[^\s<>\",;()]+")  # tried once a word, not at each letter
_COMMENT: Final = re.compile(r"\([^()]*\)")
_ADDRESSED_IN: Final = """
    delivered-to x-original-to envelope-to x-envelope-to x-rcpt-to x-forwarded-to original-recipient to cc resent-to apparently-to
"""
_CATCH_ALL_TOKEN: Final = re.compile(r"t\.[a-z2-7]{16,60}")
# Reply and forward marks of mailers: en nl de fr es it pt pl da/no/sv fi hu cs tr zh, and marks of gateways.
_MARKS: Final = (
    r"re|r|fw|fwd|antw|antwoord|betr|betreft|dfw|doorst|aw|antwort|wg|wtr|rép|rep|tr|réf|ref|rv|res|enc|rif|i|odp|pd|sv|vs|vl|vb|"
    r"vá|továbbítás|ynt|ilt|回复|答复|转发|回覆|轉寄"
)
_PREFIX: Final = re.compile(
    rf"^\s*+(?:(?:{_MARKS})\s*+(?:(?:\[\d{{1,3}}\]|\(\d{{1,3}}\)|\^\d{{1,3}})\s*+)?[:：]"
    r"|\[\s*+(?:ext|extern|external|externe e-mail|spam\??)\s*+\]\s*+:?|\*{3,5}\s*+spam\s*+\*{3,5})\s*+",
    re.I,
)
# Before the subject of an automatic answer; what people write back has it behind their own mark.
_OF_MACHINES: Final = re.compile(r"^\s*(?:automatisch antwoord|automatic reply|réponse automatique)\s*[:：]\s*", re.I)
_SUBJECT_TOKEN: Final = re.compile(r"\[#(\d{1,12})\]")


def read_message_ids(values: Iterable[str]) -> tuple[str, ...]:
    """Return the ids in values of Message-ID, In-Reply-To or References: unchanged, without <>, in order, once each, never
    empty.

    Also reads ids that are malformed: without "@", in quotes, folded inside, without brackets, several in one header, or
    with comments between them.
    """
    found = (_shortened(item) for value in values for item in _ids_of(value))
    return tuple(dict.fromkeys(item for item in found if item))[:MAX_IDS]


def _ids_of(value: str) -> list[str]:
    bracketed = _IN_BRACKETS.findall(value)
    if any(item.strip() for item in bracketed):
        return [_without_folding(item) for item in bracketed]
    if "=?" in value and (decoded := decode_words(value)) != value:
        return _ids_of(decoded)  # long ids that a mailer wrongly turned into encoded words
    plain = _COMMENT.sub(" ", value)
    return _BARE_ID.findall(plain) or _lonely_word(plain)


def _lonely_word(value: str) -> list[str]:
    word = value.strip(" \t\"'<>")
    return [word] if len(word) > 8 and not re.search(r"\s", word) else []


def _without_folding(item: str) -> str:
    plain = ("" if "@" in item else " ").join(item.split())
    return plain[1:-1] if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'" else plain


def _shortened(item: str) -> str:
    if len(item) <= MAX_ID_LENGTH:
        return item
    return f"{item[:200]}…{hashlib.sha256(item.encode('utf-8', 'replace')).hexdigest()}"


def normalise_subject(subject: str) -> str:
    """Return `subject` in a form for comparison: in lower case, with single spaces, without reply and forward marks, gateway
    tags and our token."""
    text = _SUBJECT_TOKEN.sub(" ", subject)
    return " ".join(strip_reply_marks(text).casefold().split())


def strip_reply_marks(subject: str) -> str:
    """Return `subject` as it was first written. Every leading "RE:", "Antw:", "FW:", "[EXT]" or "Automatic reply:" is removed."""
    for _ in range(30):
        shorter = _OF_MACHINES.sub("", _PREFIX.sub("", subject, count=1), count=1)
        if shorter == subject:
            break
        subject = shorter
    return subject.strip()


def has_reply_mark(subject: str) -> bool:
    return _PREFIX.match(subject) is not None


def has_forward_mark(subject: str) -> bool:
    return (
        re.match(r"\s*(?:fw|fwd|dfw|doorst|wg|wtr|tr|rv|enc|i|pd|vs|vl|vb|továbbítás|ilt|转发|轉寄)\s*[:：]", subject, re.I)
        is not None
    )


def read_subject_token(subject: str) -> int | None:
    """Return the number in a "[#123]" of the subject, or None if there is none. If there are several, the last one counts."""
    found = _SUBJECT_TOKEN.findall(subject)
    return int(found[-1]) if found else None


def read_plus_tokens(headers: HeaderBlock, envelope_to: Sequence[str] = ()) -> tuple[str, ...]:
    """Return, in lower case, the parts after "+" of all addresses the mail went to: in the envelope, trace headers, To and Cc."""
    raw = [*envelope_to, *(value for name in _ADDRESSED_IN.split() for value in headers.all_raw(name))]
    tokens = (_token_of(item.address) for value in raw for item in parse_addresses(value.removeprefix("rfc822;")))
    return tuple(dict.fromkeys(token for token in tokens if token))[:50]


def _token_of(address: str) -> str:
    local = address.rpartition("@")[0]
    base, plus, token = local.partition("+")
    if plus and base:
        return token
    return local if _CATCH_ALL_TOKEN.fullmatch(local) else ""
