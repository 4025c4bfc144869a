"""Compress responses: pages and JSON for each response, static files once per process.

Clients that accept Brotli get Brotli, which is about a sixth smaller than gzip. Browsers accept it over TLS and on
localhost. Other clients get gzip. The length of a compressed page reveals nothing about a token: cookies are `SameSite=Lax`,
and form tokens are signed anew each second.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
from flask import Flask, Response, request

SMALLEST_BYTES = 1000
LEVEL, LEVEL_KEPT = {"br": 5, "gzip": 5}, {"br": 11, "gzip": 9}
TYPES = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml"})
KEPT = frozenset({"static", "styles", "scripts"})  # endpoints whose answers depend on their URL alone


def init_app(app: Flask) -> None:
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress the response if the client accepts that, its type is compressible and it is not too small."""
    if response.status_code != 200 or response.mimetype not in TYPES or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    is_kept = request.endpoint in KEPT
    encoding = next((name for name in LEVEL if request.accept_encodings[name]), None)
    if encoding is None or request.method == "HEAD" or (response.is_streamed and not is_kept):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < SMALLEST_BYTES:
        return response
    response.set_data(_kept(encoding, body) if is_kept else _packed(encoding, body, LEVEL[encoding]))
    response.headers["Content-Encoding"] = encoding
    etag, _weak = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=256)
def _kept(encoding: str, body: bytes) -> bytes:
    return _packed(encoding, body, LEVEL_KEPT[encoding])


def _packed(encoding: str, body: bytes, level: int) -> bytes:
    return brotli.compress(body, quality=level) if encoding == "br" else gzip.compress(body, level, mtime=0)
