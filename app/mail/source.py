"""Split the bytes of a mail into a tree of parts without changing a byte.

`email.parser` is not used: it recurses, needs quadratic time for hostile mails, and loses the exact bytes of inner parts,
which signed, encrypted and forwarded mails need. Here a part is a slice of the bytes. A broken boundary costs one part and
never the whole mail. Depth, number of parts and length of headers are limited. What is beyond a limit stays as an attachment
or in the raw source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

from app.core.text import storable
from app.mail.charsets import decode_bytes
from app.mail.encoded_words import decode_words, parse_parameters
from app.mail.transfer import decode_transfer

MAX_DEPTH: Final = 20
MAX_PARTS: Final = 1000
_MAX_HEADERS: Final = 2000
_MAX_VALUE: Final = 20_000  # bytes of one header that are read; the whole of it is in the raw source
_HEADER_NAME: Final = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_FROM_LINE: Final = re.compile(rb">?From [^\n]*\n")
_BREAKS: Final = re.compile(r"[\r\n\x0b\x0c]+[ \t]*")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069]")
_MULTIPLE_SPACE: Final = re.compile(r"\s+")
_HTML_CHARSET: Final = re.compile(rb"(?i)<meta\s[^>]{0,200}?charset=[\"']?([a-z0-9_.:-]{2,40})")
_GUESSED_BOUNDARY: Final = re.compile(rb"(?m)^--([!-~](?:[ -~]{0,198}[!-~])?)[ \t]*+\r?$")


@dataclass(frozen=True)
class HeaderBlock:
    """Header lines in their order, each as lower-case name and the bytes of the value, still folded."""

    lines: tuple[tuple[str, bytes], ...] = ()

    def __contains__(self, name: str) -> bool:
        return any(found == name for found, _ in self.lines)

    def all_raw(self, name: str) -> list[str]:
        """Return the values of all headers with this name, unfolded but with encoded words not decoded. Each value is cut at
        about 20 kB."""
        return [_unfold(_bounded(value)) for found, value in self.lines if found == name]

    def raw(self, name: str) -> str:
        return next(iter(self.all_raw(name)), "")

    def text(self, name: str) -> str:
        """Return the decoded value of the first header with this name on one line, or "" if there is none."""
        return tidy(decode_words(self.raw(name)))


def tidy(text: str) -> str:
    """Return the text on one line with single spaces, without control and bidi characters."""
    return _MULTIPLE_SPACE.sub(" ", _UNSEEN.sub("", text)).strip()


def _bounded(value: bytes) -> bytes:
    """Return at most the first _MAX_VALUE bytes of `value`, cut at a space, comma or semicolon.

    This avoids half an address, which would be a different address.
    """
    if len(value) <= _MAX_VALUE:
        return value
    cut = value[:_MAX_VALUE]
    end = max(cut.rfind(mark) for mark in (b" ", b"\n", b",", b";"))
    return cut[:end] if end > _MAX_VALUE // 2 else cut


def _unfold(value: bytes) -> str:
    return _BREAKS.sub(" ", storable(decode_bytes(value, None))).strip()


@dataclass(frozen=True)
class Part:
    """One MIME entity. `raw` is its header and body as they came. `body` still has its transfer encoding."""

    headers: HeaderBlock
    raw: bytes = field(repr=False)
    body: bytes = field(repr=False)
    content_type: str = "text/plain"
    params: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Part, ...] = ()
    problems: tuple[str, ...] = ()

    @cached_property
    def _decoded(self) -> tuple[bytes, str]:
        return decode_transfer(self.body, self.headers.raw("content-transfer-encoding"))

    @property
    def content(self) -> bytes:
        """Return the body without its transfer encoding."""
        return self._decoded[0]

    @property
    def damage(self) -> str:
        return self._decoded[1]

    @cached_property
    def _disposition(self) -> tuple[str, dict[str, str]]:
        return parse_parameters(self.headers.raw("content-disposition"))

    @property
    def disposition(self) -> str:
        return self._disposition[0]

    @property
    def filename(self) -> str:
        """Return the file name as the sender gave it, which is not safe to use. Return "" if there is none."""
        return self._disposition[1].get("filename") or self.params.get("name") or ""

    @property
    def content_id(self) -> str:
        return self.headers.raw("content-id").strip(" <>\t")

    @property
    def text(self) -> str:
        """Return the content as text with "\\n" line ends, in the charset that the part or its HTML head declares."""
        charset = self.params.get("charset")
        if not charset and self.content_type == "text/html" and (told := _HTML_CHARSET.search(self.content[:4000])):
            charset = told[1].decode("ascii")
        return decode_bytes(self.content, charset).replace("\r\n", "\n").replace("\r", "\n")

    def walk(self) -> Iterator[Part]:
        yield self
        for child in self.children:
            yield from child.walk()


def read_source(raw: bytes) -> Part:
    """Return the tree of parts of `raw`. Never raises. The `problems` of the parts describe what is malformed."""
    return _Reader().read(_normalised(raw), "text/plain", 0)


def _normalised(raw: bytes) -> bytes:
    """Undo changes that mail exports make: byte order marks, UTF-16, old Mac line ends, mbox "From " lines, leading blank
    lines."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raw = raw.decode("utf-16", "replace").encode("utf-8", "replace")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    raw = raw.lstrip(b"\r\n")
    from_line = _FROM_LINE.match(raw)
    return raw[from_line.end() :] if from_line else raw


class _Reader:
    """Reader of the parts of one mail. It counts the parts, because their number is limited."""

    def __init__(self) -> None:
        self._parts = 0

    def read(self, raw: bytes, default_type: str, depth: int) -> Part:
        self._parts += 1
        headers, body = split_headers(raw)
        content_type, params = _content_type(headers, default_type)
        if not content_type.startswith("multipart/"):
            return Part(headers, raw, body, content_type, params)
        if depth >= MAX_DEPTH:
            problem = "The email is nested too deep; the inner part is kept as a file."
            return Part(headers, raw, raw, "application/octet-stream", {"name": "nested.eml"}, problems=(problem,))
        return self._read_multipart(Part(headers, raw, body, content_type, params), depth)

    def _read_multipart(self, whole: Part, depth: int) -> Part:
        slices = _split_body(whole.body, whole.params.get("boundary", ""))
        if not slices:
            problem = "A multipart without parts was read as text."
            return replace(whole, content_type="text/plain", problems=(problem,))
        default = "message/rfc822" if whole.content_type == "multipart/digest" else "text/plain"
        children: list[Part] = []
        for piece in slices:
            if self._parts >= MAX_PARTS:
                problem = f"The email has more than {MAX_PARTS} parts; the others are in the raw source only."
                return replace(whole, children=tuple(children), problems=(problem,))
            children.append(self.read(piece, default, depth + 1))
        return replace(whole, children=tuple(children))


def _content_type(headers: HeaderBlock, default: str) -> tuple[str, dict[str, str]]:
    content_type, params = parse_parameters(headers.raw("content-type"))
    if content_type == "text":
        return "text/plain", params
    return (content_type if re.fullmatch(r"[^\s/]+/[^\s/]+", content_type) else default), params


def split_headers(raw: bytes) -> tuple[HeaderBlock, bytes]:
    """Return header and body, split at the first blank line or before the first line that does not look like a header."""
    lines: list[tuple[str, list[bytes]]] = []
    position = 0
    while position < len(raw):
        end = raw.find(b"\n", position) + 1 or len(raw)
        line = raw[position:end]
        if not line.strip(b"\r\n"):
            return _block(lines), raw[end:]
        if line[:1] in (b" ", b"\t") and lines:
            lines[-1][1].append(line)
        elif _HEADER_NAME.match(line) and len(lines) < _MAX_HEADERS:
            name, _, value = line.partition(b":")
            lines.append((name.strip().lower().decode("ascii"), [value]))
        elif not (lines and _FROM_LINE.match(line)):
            break
        position = end
    return _block(lines), raw[position:]


def _block(lines: list[tuple[str, list[bytes]]]) -> HeaderBlock:
    return HeaderBlock(tuple((name, b"".join(values).strip()) for name, values in lines))


def _split_body(body: bytes, boundary: str) -> list[bytes]:
    """Return the slices of the body between the delimiter lines. If the last part is not closed, it runs to the end.

    Return [] if there is no delimiter line.
    """
    delimiter = boundary.encode("utf-8", "replace").rstrip()
    if not delimiter or b"--" + delimiter not in body:
        guess = _GUESSED_BOUNDARY.search(body)
        if not guess:
            return []
        delimiter = guess[1].removesuffix(b"--") if body.count(b"--" + guess[1].removesuffix(b"--")) > 1 else guess[1]
    slices, start = [], -1
    for match in re.finditer(rb"(?m)^--" + re.escape(delimiter) + rb"(--)?[ \t]*\r?$", body):
        if start >= 0:
            slices.append(_without_last_break(body[start : match.start()]))
        start = match.end() + 1
        if match[1]:
            return slices
    if start >= 0:
        slices.append(body[start:])
    return slices


def _without_last_break(piece: bytes) -> bytes:
    return piece[:-2] if piece.endswith(b"\r\n") else piece.removesuffix(b"\n")
