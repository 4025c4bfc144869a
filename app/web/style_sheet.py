"""All stylesheets of the house as one file, put together once for each process: one request, and no build step."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response

STATIC = Path(__file__).parent.parent.parent / "static"
_UPWARDS = re.compile(r'url\("(?:\.\./)+')
_COMMENT = re.compile(r"/\*[^*]*\*/\n?")


def init_app(app: Flask) -> None:
    app.add_url_rule("/styles/<digest>.css", "styles", styles)


def styles(digest: str) -> Response:
    """The one stylesheet of every page."""
    response = Response(style_sheet(), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=1)
def stylesheets() -> tuple[str, ...]:
    """Every stylesheet, tokens first; the cascade layers make their order harmless."""
    css = STATIC / "css"
    others = [path.relative_to(css) for folder in ("components", "features") for path in (css / folder).rglob("*.css")]
    others.sort(key=lambda path: (path.parts[0], path.name))
    return ("tokens.css", "base.css", "layout.css", *map(str, others), "utilities.css")


@lru_cache(maxsize=1)
def style_sheet() -> str:
    """They all, one after the other, without comments; what they name is beside them in /static."""
    texts = ((STATIC / "css" / name).read_text() for name in stylesheets())
    return "\n".join(_UPWARDS.sub('url("../static/', _COMMENT.sub("", text)) for text in texts)


@lru_cache(maxsize=1)
def style_digest() -> str:
    """Changes with the content."""
    return hashlib.sha256(style_sheet().encode()).hexdigest()[:12]
