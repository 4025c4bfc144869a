"""Answers are made small on their way: pages and JSON as they leave, files of the house once for each process, and kept.

gzip alone: every browser reads it, and nothing has to be built or installed. Cookies are `SameSite=Lax`, and form tokens are
signed anew each second, so that lengths tell nothing of a token.
"""

from __future__ import annotations

import gzip
from functools import lru_cache

from flask import Flask, Response, request

SMALLEST_BYTES = 1000
LEVEL, LEVEL_KEPT = 5, 9
TYPES = frozenset({"text/html", "text/css", "text/javascript", "application/javascript", "application/json", "image/svg+xml"})
KEPT = frozenset({"static", "styles", "scripts"})  # endpoints whose answers depend on their address alone


def init_app(app: Flask) -> None:
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Pack the answer if its asker reads gzip and it is worth it."""
    if response.status_code != 200 or response.mimetype not in TYPES or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    is_kept = request.endpoint in KEPT
    if not request.accept_encodings["gzip"] or request.method == "HEAD" or (response.is_streamed and not is_kept):
        return response
    response.direct_passthrough = False
    body = response.get_data()
    if len(body) < SMALLEST_BYTES:
        return response
    response.set_data(_kept(body) if is_kept else gzip.compress(body, LEVEL))
    response.headers["Content-Encoding"] = "gzip"
    etag, _weak = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


@lru_cache(maxsize=256)
def _kept(body: bytes) -> bytes:
    return gzip.compress(body, LEVEL_KEPT, mtime=0)
