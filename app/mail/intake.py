"""Read the posts of an inbound-parse service, and return the bytes of the mail in each."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO, Final

from werkzeug.exceptions import HTTPException
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from app.contract.base import UnableToParse
from app.core.text import known
from app.core.text import mark as N_
from app.mail.addresses import parse_addresses
from app.mail.encoded_words import parse_parameters
from app.mail.parsed_form import FormFile, build_mime, read_json

_DAMAGED = known("The posted form is damaged: %(why)s")

_MAX_PARTS: Final = 1000
_CHUNK: Final = 256 * 1024
_TOLD_FIELDS: Final = ("dkim", "SPF", "sender_ip", "spam_score")


@dataclass(frozen=True)
class Envelope:
    """The recipients and sender that the transport gives, in lower case. `sender` is "" for bounces and if it is unknown."""

    to: tuple[str, ...] = ()
    sender: str = ""


@dataclass(frozen=True)
class InboundPost:
    """One posted mail. `told` has the service's own results by name (SPF, DKIM, address of the sending server)."""

    raw: bytes = field(repr=False)
    envelope: Envelope = Envelope()
    told: Mapping[str, str] = field(default_factory=dict)


def read_inbound_parse(body: bytes | BinaryIO, content_type: str) -> InboundPost:
    """Return the mail in a post of an inbound-parse service (multipart, raw or parsed form) or in a bare `message/rfc822` post.

    A file is read once, from its present position; each part of a form is in memory once. The parts are cut from the raw
    bytes, because a form parser would decode them as UTF-8 and lose other bytes. Raises UnableToParse if there is no mail in
    the post.
    """
    kind, params = parse_parameters(content_type)
    file = BytesIO(body) if isinstance(body, bytes) else body
    if kind == "multipart/form-data":
        fields, files = _read_form(file, params.get("boundary", ""))
    elif kind == "application/x-www-form-urlencoded":
        fields, files = _read_urlencoded(file.read()), {}
    else:
        return InboundPost(_not_empty(file.read()))
    return _from_form(fields, files)


def _from_form(fields: Mapping[str, bytes], files: Mapping[str, FormFile]) -> InboundPost:
    raw = fields.get("email") or (files["email"].content if "email" in files else b"")
    told = {name.lower(): fields[name].decode("utf-8", "replace")[:500] for name in _TOLD_FIELDS if name in fields}
    return InboundPost(_not_empty(raw or build_mime(fields, files)), _read_envelope(fields.get("envelope", b"")), told)


def _not_empty(raw: bytes) -> bytes:
    if not raw.strip():
        raise UnableToParse(N_("The request contains no email."))
    return raw


def _read_envelope(data: bytes) -> Envelope:
    found = read_json(data)
    to = found.get("to")
    addresses = [item.address for value in (to if isinstance(to, list) else [to]) for item in parse_addresses(str(value or ""))]
    sender = next((item.address for item in parse_addresses(str(found.get("from") or ""))), "")
    return Envelope(tuple(address for address in addresses if address), sender)


def _read_urlencoded(body: bytes) -> dict[str, bytes]:
    pairs = urllib.parse.parse_qsl(body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=_MAX_PARTS)
    return {name: value.encode("latin-1") for name, value in reversed(pairs)}


def _read_form(body: BinaryIO, boundary: str) -> tuple[dict[str, bytes], dict[str, FormFile]]:
    fields: dict[str, bytes] = {}
    files: dict[str, FormFile] = {}
    try:
        for part, content in _parts(body, boundary):
            if isinstance(part, File):
                files.setdefault(part.name, FormFile(part.filename, part.headers.get("content-type", ""), content))
            else:
                fields.setdefault(part.name, content)
    except (HTTPException, ValueError, LookupError) as error:
        raise UnableToParse(_DAMAGED % {"why": error}) from error
    return fields, files


def _parts(body: BinaryIO, boundary: str) -> Iterator[tuple[Field | File, bytes]]:
    decoder = MultipartDecoder(boundary.encode("utf-8"), max_form_memory_size=None, max_parts=_MAX_PARTS)
    part: Field | File | None = None
    content = BytesIO()
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, NeedData):
            decoder.receive_data(body.read(_CHUNK) or None)
        elif isinstance(event, Field | File):
            part, content = event, BytesIO()
        elif isinstance(event, Data) and part is not None:
            content.write(event.data)
            if not event.more_data:
                yield part, content.getvalue()
