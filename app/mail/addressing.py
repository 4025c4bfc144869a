"""Make and read the signed plus-address and the signed Message-ID that lead a reply back to its thread.

Both contain the thread's number and an HMAC, so that a stranger cannot get a mail into a thread by trying numbers. The
plus-address expires; the Message-ID does not, since a reply to an old mail is still an answer. Letters are in lower case,
since mail systems may change the case.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID

TOKEN_DAYS: Final = 400
_PREFIX: Final = "t."
_EPOCH: Final = date(2020, 1, 1)
_TOKEN_MAC_BYTES: Final = 10
_MIN_MAC, _MAX_MAC = 8, 16
_MAX_MESSAGE_ID: Final = 70
_MAX_NUMBER: Final = 2**48
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_MESSAGE_ID: Final = re.compile(r"t(\d{1,15})\.m([0-9a-z]{1,25})\.([0-9a-f]{8,16})@[^@\s]+", re.I)


def make_plus_token(thread_number: int, *, key: bytes, today: date) -> str:
    """Return a token of the thread's number that is valid for 400 days: "t." and lower-case base32, at most 36 characters."""
    last_day = (today + timedelta(days=TOKEN_DAYS) - _EPOCH).days
    payload = last_day.to_bytes(2, "big") + thread_number.to_bytes(_width(thread_number), "big")
    return _PREFIX + base64.b32encode(payload + _token_mac(payload, key)).decode().rstrip("=").lower()


def read_plus_token(token: str, *, keys: Sequence[bytes], today: date) -> int | None:
    """Return the thread number in one of our tokens, which may be without its "t.". Return None if it is forged, not ours or
    expired."""
    payload, mac = _split_token(token.strip().lower().removeprefix(_PREFIX))
    if not payload or not any(hmac.compare_digest(mac, _token_mac(payload, key)) for key in keys):
        return None
    if _EPOCH + timedelta(days=int.from_bytes(payload[:2], "big")) < today:
        return None
    return int.from_bytes(payload[2:], "big")


def plus_address(mailbox: str, token: str) -> str:
    """Return `service+token@domain` for `service@domain`. Raises ValueError if the part before @ would be longer than 64
    characters."""
    local, _, domain = mailbox.rpartition("@")
    tagged = f"{local}+{token}"
    if not local or len(tagged) > 64:
        raise ValueError(f"no plus-address fits {mailbox!r}")
    return f"{tagged}@{domain}"


def make_message_id(thread_number: int, message_id: UUID, *, key: bytes, domain: str) -> str:
    """Return a Message-ID `t{number}.m{base36}.{hex hmac}@domain` without <>. It has at most 70 characters if the domain has at
    most 24.

    The HMAC has 8 to 16 hex digits, as many as fit.
    """
    body = f"t{thread_number}.m{_to_base36(message_id.int)}"
    room = _MAX_MESSAGE_ID - len(body) - len(domain) - 2
    size = max(_MIN_MAC, min(_MAX_MAC, room))
    return f"{body}.{_message_mac(body, key)[:size]}@{domain}"


def read_message_id(value: str, *, keys: Sequence[bytes]) -> tuple[int, UUID] | None:
    """Return the thread number and message id in a Message-ID of ours, in any case and with or without <>. Return None for all
    others."""
    match = _MESSAGE_ID.fullmatch(value.strip(" \t<>\"'"))
    if not match:
        return None
    number, word, mac = match[1], match[2].lower(), match[3].lower()
    body = f"t{number}.m{word}"
    if not any(hmac.compare_digest(mac, _message_mac(body, key)[: len(mac)]) for key in keys):
        return None
    return int(number), UUID(int=int(word, 36) & (2**128 - 1))


def _split_token(text: str) -> tuple[bytes, bytes]:
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return b"", b""
    if len(data) < 3 + _TOKEN_MAC_BYTES or base64.b32encode(data).decode().rstrip("=").lower() != text:
        return b"", b""  # spelled in another way than we do: not ours
    return data[:-_TOKEN_MAC_BYTES], data[-_TOKEN_MAC_BYTES:]


def _token_mac(payload: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"plus-address\0" + payload, hashlib.sha256).digest()[:_TOKEN_MAC_BYTES]


def _message_mac(body: str, key: bytes) -> str:
    return hmac.new(key, b"message-id\0" + body.encode(), hashlib.sha256).hexdigest()


def _width(number: int) -> int:
    if not 0 < number < _MAX_NUMBER:
        raise ValueError("a thread number lies between 1 and 2**48")
    return max(1, (number.bit_length() + 7) // 8)


def _to_base36(number: int) -> str:
    return "".join(reversed(list(_base36_digits(number)))) or "0"


def _base36_digits(number: int) -> Iterator[str]:
    while number:
        number, digit = divmod(number, 36)
        yield _DIGITS[digit]
