"""Bricks for the mails of the corpus. Everything is fixed, so that generating twice gives the same bytes."""

from __future__ import annotations

import base64
import quopri

Headers = list[tuple[str, str]]

DAY = "Sat, 21 Nov 2026"
US = "Installatie Service <service@laadpunt.example>"
PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")


def mail(headers: Headers, body: str | bytes = "", *, charset: str = "utf-8") -> bytes:
    """A mail with CRLF line ends; `body` as text gets the charset's bytes, as bytes it is left alone."""
    head = "".join(f"{name}: {value}\n" for name, value in headers) + "\n"
    data = body if isinstance(body, bytes) else crlf(body.encode(charset))
    return crlf(head.encode("utf-8", "surrogateescape")) + data


def crlf(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def person(name: str, address: str, subject: str, *, to: str = US, time: str = "10:15:00 +0100", number: int = 1) -> Headers:
    """The headers any mail of a person has."""
    return [
        ("From", f"{name} <{address}>" if name else address),
        ("To", to),
        ("Subject", subject),
        ("Date", f"{DAY} {time}"),
        ("Message-ID", f"<{number}.{address.replace('@', '.')}@mail.example>"),
        ("MIME-Version", "1.0"),
    ]


def text_part(
    text: str, *, kind: str = "plain", charset: str = "utf-8", extra: str = "", encoding: str = "quoted-printable"
) -> bytes:
    data = text.encode(charset)
    coded = {"quoted-printable": quopri.encodestring(data), "8bit": data, "7bit": data, "base64": base64.encodebytes(data)}[
        encoding
    ]
    head = f"Content-Type: text/{kind}; charset={charset}{extra}\nContent-Transfer-Encoding: {encoding}\n\n"
    return crlf(head.encode() + coded)


def file_part(content: bytes, content_type: str, disposition: str = "attachment", extra: Headers | None = None) -> bytes:
    lines = [
        ("Content-Type", content_type),
        ("Content-Transfer-Encoding", "base64"),
        ("Content-Disposition", disposition),
        *(extra or []),
    ]
    head = "".join(f"{name}: {value}\n" for name, value in lines if value) + "\n"
    return crlf(head.encode() + base64.encodebytes(content))


def multipart(subtype: str, parts: list[bytes], *, boundary: str = "=_grens_1", params: str = "") -> bytes:
    """Header lines and body of a multipart entity, to stand in another one."""
    head = f'Content-Type: multipart/{subtype}; boundary="{boundary}"{params}\r\n\r\n'.encode()
    inner = b"".join(b"--" + boundary.encode() + b"\r\n" + part.rstrip(b"\r\n") + b"\r\n" for part in parts)
    return head + inner + b"--" + boundary.encode() + b"--\r\n"


def mail_of(headers: Headers, entity: bytes) -> bytes:
    """A mail whose body is an entity made by the functions above."""
    return crlf("".join(f"{name}: {value}\n" for name, value in headers).encode()) + entity
