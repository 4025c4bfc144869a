"""Mails and posts made to cost their reader as much as they can, each for its shape and not for its number."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping

TO = "orders@sendgrid.chaos.example"
MEGABYTE = 1024 * 1024


def _mail(headers: str = "", body: str = "hoi", *, sender: str = "Eve <eve@evil.example>") -> bytes:
    return f"From: {sender}\r\nTo: {TO}\r\nMessage-ID: <{os.urandom(8).hex()}@evil.example>\r\n{headers}\r\n{body}".encode()


def _nested() -> bytes:
    depth = 2_000
    opened = "".join(f'--b{n}\r\nContent-Type: multipart/mixed; boundary="b{n + 1}"\r\n\r\n' for n in range(depth))
    return _mail('MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b0"\r\n', opened)


def _many_parts() -> bytes:
    parts = "--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n" * 20_000
    return _mail('MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n', parts + "--b--\r\n")


def _broken_parts() -> bytes:
    parts = "--b\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%=\r\n" * 300
    return _mail('MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="b\r\n', parts)


def _html(piece: str, count: int) -> bytes:
    return _mail("MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n", piece * count)


def _file_bomb() -> bytes:
    rubbish = base64.encodebytes(os.urandom(MEGABYTE)).decode()
    headers = "MIME-Version: 1.0\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n"
    return _mail(headers, rubbish)


MAILS: Mapping[str, Callable[[], bytes]] = {
    "long From": lambda: _mail(sender="(" * 400_000 + "eve@evil.example"),
    "From of quotes": lambda: _mail(sender='"' + "\\" * 300_001 + " <eve@evil.example>"),
    "long References": lambda: _mail("References: " + "<a@b> " * 100_000 + "\r\n"),
    "long Subject": lambda: _mail("Subject: " + "=?utf-8?q?=20?= " * 50_000 + "\r\n"),
    "Re: without end": lambda: _mail("Subject: " + "Re: " * 200_000 + "\r\n"),
    "folded header": lambda: _mail("X-Long: " + "a\r\n " * 300_000 + "\r\n"),
    "nested parts": _nested,
    "many parts": _many_parts,
    "broken parts": _broken_parts,
    "open divs": lambda: _html("<div>", 200_000),
    "open quotes": lambda: _html('<a href="', 100_000),
    "tables": lambda: _html("<table><tr><td>", 50_000),
    "quoted lines": lambda: _mail(body="> " * 1_000_000),
    "spaces": lambda: _mail(body=" " * 2_000_000 + "x"),
    "broken file": _file_bomb,
    "unknown charset": lambda: _mail("Content-Type: text/plain; charset=x-" + "a" * 100_000 + "\r\n", "\xff" * 1000),
}
