"""Bundle the stylesheets of static/css into two files, once for each process, without a build step.

The first has what the inbox and a thread need; the second has the areas with pages of their own.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, abort

STATIC = Path(__file__).parent.parent.parent / "static"
FIRST, LATER = "first", "later"
LATER_SHEETS = (
    "features/accounts/",
    "features/addresses.css",
    "features/analytics.css",
    "features/api/",
    "features/appointments/",
    "features/auto_replies.css",
    "features/automation.css",
    "features/connections/",
    "features/contacts.css",
    "features/demo/",
    "features/dev/",
    "features/field.css",
    "features/notifications.css",
    "features/order_mail.css",
    "features/orders.css",
    "features/partners.css",
    "features/portal.css",
    "features/quotes.css",
    "features/reply_templates.css",
    "features/routing.css",
    "features/settings.css",
    "features/tasks/",
    "features/webhooks/",
)
_UPWARDS = re.compile(r'url\("(?:\.\./)+')
_COMMENT = re.compile(r"/\*[^*]*\*/\n?")


def init_app(app: Flask) -> None:
    app.add_url_rule("/styles/<part>/<digest>.css", "styles", styles)


def styles(part: str, digest: str) -> Response:
    """Serve one of the two stylesheets (`part`: first or later). `digest` only makes the URL change."""
    if part not in (FIRST, LATER):
        abort(404)
    response = Response(style_sheet(part), mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@lru_cache(maxsize=2)
def stylesheets(part: str) -> tuple[str, ...]:
    """Return the file names of a part's stylesheets, `tokens.css` first. The order of the others does not matter, because they
    use cascade layers."""
    css = STATIC / "css"
    others = [path.relative_to(css) for folder in ("components", "features") for path in (css / folder).rglob("*.css")]
    others.sort(key=lambda path: (path.parts[0], path.name))
    every = ("tokens.css", "base.css", "layout.css", *(path.as_posix() for path in others), "utilities.css")
    return tuple(name for name in every if name.startswith(LATER_SHEETS) == (part == LATER))


@lru_cache(maxsize=2)
def style_sheet(part: str) -> str:
    """Return a part's stylesheets as one, without comments; URLs in them point to /static."""
    texts = ((STATIC / "css" / name).read_text() for name in stylesheets(part))
    return "\n".join(_UPWARDS.sub('url("../../static/', _COMMENT.sub("", text)) for text in texts)


@lru_cache(maxsize=2)
def style_digest(part: str) -> str:
    """Return a digest of a stylesheet, 12 hex digits, for its URL."""
    return hashlib.sha256(style_sheet(part).encode()).hexdigest()[:12]
