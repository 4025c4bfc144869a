"""Functions that all pages share: the list of route modules (`ROUTES`), rendering a page or fragment, headers, template
globals."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, g, has_request_context, make_response, render_template
from flask_babel import Babel, get_locale
from flask_login import current_user
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.openapi import OpenAPI
from htmx_flask import Htmx, request
from jinja2.utils import htmlsafe_json_dumps
from jinja2_fragments.flask import render_block
from markupsafe import Markup
from werkzeug.wrappers import Response

from app.config import Settings
from app.core import translation
from app.core.csrf import csrf
from app.core.db import db
from app.core.links import url_for
from app.domain.realtime.socket import start_sockets
from app.web import compression, error_pages, scripts, style_sheet
from app.web.accounts.gate import init_gate
from app.web.accounts.session import init_login
from app.web.scripts import script_digest
from app.web.style_sheet import style_digest

# Modules that hold routes; each has `blueprints`, a tuple. Nothing but this list imports them.
ROUTES = (
    "app.process.health.routes",
    "app.web.accounts.routes",
    "app.web.inbox.routes",
    "app.web.connections.routes",
    "app.web.usage.routes",
    "app.web.delivery.routes",
    "app.web.suppressions.routes",
    "app.web.mailings.routes",
    "app.web.reply_templates.routes",
    "app.web.appointments.routes",
    "app.web.field.routes",
    "app.web.tasks.routes",
    "app.web.sla.routes",
    "app.web.addresses.routes",
    "app.web.contacts.routes",
    "app.web.orders.routes",
    "app.web.imports.routes",
    "app.web.quotes.routes",
    "app.web.analytics.routes",
    "app.web.integrations.routes",
    "app.web.webhooks.routes",
    "app.hooks.scenarios",
    "app.hooks.ingest_routes",
    "app.web.ingest.pages",
    "app.web.routing.routes",
    "app.web.automation.routes",
    "app.web.auto_replies.routes",
    "app.web.surveys.routes",
    "app.web.realtime.routes",
    "app.web.notifications.routes",
    "app.web.partners.routes",
    "app.web.portal.routes",
    "app.web.order_mail.routes",
    "app.api.partners.routes",
    "app.api.routes",
)
REPEATED = ("avatar", "icon", "pill")  # macros used a hundred times on a page, which depend on few values alone
DEMO_ROUTES = (
    "app.sandbox.demo.routes",
    "app.sandbox.demo.phone",
    "app.sandbox.demo.notices_page",
    "app.sandbox.demo.forms",
    "app.sandbox.demo.provider_routes",
    "app.sandbox.dev.routes",
)

ALWAYS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
)
# The policy of what is not a page: files and JSON load nothing, wherever they are opened.
NOTHING_RUNS = "default-src 'none'; frame-ancestors 'none'"

babel = Babel()


def init_app(app: OpenAPI, settings: Settings) -> None:
    """Install everything of the web pages on the application."""
    app.after_request(finish_reading)  # registered first, so it runs last
    compression.init_app(app)
    style_sheet.init_app(app)
    scripts.init_app(app)
    Htmx(app)
    csrf.init_app(app)
    babel.init_app(app, locale_selector=_locale, timezone_selector=_timezone)
    translation.init_app(app)
    app.jinja_env.globals.update(url_for=url_for, asset=asset, csp_nonce=csp_nonce, get_locale=get_locale)
    app.jinja_env.filters["hue"] = hue
    _register_macros(app)
    init_login(app)
    init_gate(app)
    app.jinja_env.globals.update(style_url=style_url, script_url=script_url)
    app.after_request(_headers)
    error_pages.init_app(app)
    for name in (*ROUTES, *(DEMO_ROUTES if settings.demo else ())):
        for blueprint in import_module(name).blueprints:
            _register(app, blueprint)
    start_sockets(app, redis_url=settings.redis_url)  # after the routes, which hold the socket's handlers


def _register(app: OpenAPI, blueprint: Blueprint | APIBlueprint) -> None:
    if isinstance(blueprint, APIBlueprint):
        app.register_api(blueprint)
    else:
        app.register_blueprint(blueprint)


def _register_macros(app: Flask) -> None:
    """Register every macro of templates/components/ as a global, because rendering a block skips a template's imports."""
    folder = Path(app.root_path, app.template_folder or "").resolve() / "components"
    for path in sorted(folder.glob("*.html")):
        module = app.jinja_env.get_template(f"components/{path.name}").module
        macros = {name: value for name, value in vars(module).items() if not name.startswith("_") and callable(value)}
        app.jinja_env.globals.update({name: _remembered(value) if name in REPEATED else value for name, value in macros.items()})


def _remembered(macro: Callable[..., str]) -> Callable[..., str]:
    return lru_cache(maxsize=2048, typed=True)(macro)  # typed: an escaped text (Markup) equals the same plain text


def page(template: str, *, blocks: tuple[str, ...] = (), status: int = 200, **context: Any) -> Response:
    """Answer with the whole page, or with the one block that htmx asks for by the id of its target.

    `blocks`: the names of the blocks that may be rendered alone. The id of a block's root element is the block's name with
    "-" for "_". Requests without htmx, boosted requests and history-restore requests get the whole page.
    """
    wanted = _part_asked_for(blocks)
    body = render_block(template, wanted, **context) if wanted else render_template(template, **context)
    response = make_response(body, status)
    response.vary.add("HX-Request")
    response.vary.add("HX-Target")
    return response


def wants_page(blocks: tuple[str, ...]) -> bool:
    """Return True if `page` with these blocks will answer with the whole page. Then the data of all its parts is needed."""
    return not _part_asked_for(blocks)


def _part_asked_for(blocks: tuple[str, ...]) -> str:
    if not request.htmx or request.htmx.boosted or request.htmx.history_restore_request:
        return ""
    wanted = (request.htmx.target or "").replace("-", "_")
    return wanted if wanted in blocks else ""


def csp_nonce() -> str:
    """Return the nonce of this response's Content-Security-Policy."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(18)
    return str(g.csp_nonce)


def asset(path: str) -> str:
    """Return the URL of a static file. The URL changes with the file's content, so browsers may cache it forever."""
    return _asset(request.script_root, path)


@lru_cache(maxsize=512)
def _asset(_root: str, path: str) -> str:
    return url_for("static", filename=path, v=_digest(path))


def style_url(part: str = "first") -> str:
    """Return the URL of a stylesheet (`part`: first or later, see `app/web/style_sheet.py`). The URL changes with its content."""
    return url_for("styles", part=part, digest=style_digest(part))


def script_url(part: str = "first") -> str:
    """Return the URL of a script (`part`: first or later, see `app/web/scripts.py`). The URL changes with its content."""
    return url_for("scripts", part=part, digest=script_digest(part))


def script_map_of(folder: str) -> Markup:
    """Return the import map of the modules in one folder of static/ as JSON.

    It maps each plain path to the URL that changes with the file's content.
    """
    paths = [path for path in _scripts() if path.startswith(folder)]
    return htmlsafe_json_dumps({"imports": {asset(path).partition("?")[0]: asset(path) for path in paths}})


@lru_cache(maxsize=1)
def _scripts() -> tuple[str, ...]:
    static = Path(__file__).parent.parent.parent / "static"
    return tuple(sorted(str(path.relative_to(static)) for path in (static / "js").rglob("*.js")))


def hue(name: str) -> int:
    """Return a colour number, 0 to 5, that is always the same for a name."""
    return sum(name.encode()) % 6


@lru_cache(maxsize=512)
def _digest(path: str) -> str:
    file = Path(__file__).parent.parent.parent / "static" / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"


def _locale() -> str:
    if not has_request_context():
        return "en"
    if current_user and current_user.is_authenticated:
        return str(current_user.locale)
    return request.accept_languages.best_match(["en", "nl", "fr"]) or "en"


def _timezone() -> str:
    return (
        str(current_user.timezone)
        if has_request_context() and current_user and current_user.is_authenticated
        else "Europe/Amsterdam"
    )


def finish_reading(response: Response) -> Response:
    """End a successful GET or HEAD request with COMMIT, which keeps prepared statements on the connection
    (`app/core/prepared.py`).

    If a row was changed in memory only to be shown, do not commit. The request then ends with ROLLBACK, so that the change
    is not saved.
    """
    if request.method in ("GET", "HEAD") and response.status_code < 400 and db.session.registry.has():
        session = db.session()
        if not (session.new or session.dirty or session.deleted):
            session.commit()
    return response


def _headers(response: Response) -> Response:
    headers = response.headers
    present = {name.lower() for name, _value in headers}
    headers.extend((name, value) for name, value in ALWAYS if name.lower() not in present)
    if "content-security-policy" not in present:
        headers.add("Content-Security-Policy", _policy() if response.mimetype == "text/html" else NOTHING_RUNS)
    if request.is_secure:
        headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint == "static":
        headers["Cache-Control"] = _static_caching()
    elif "cache-control" not in present:
        headers.add("Cache-Control", "no-store")
    return response


def _static_caching() -> str:
    """Return the Cache-Control header of a static file. It may be cached forever only if the URL has the digest of its current
    content.

    With an outdated digest it must not be stored, as the new content would be cached under the old URL for a year.
    """
    asked = request.args.get("v")
    if not asked:
        return "public, max-age=300"
    path = str((request.view_args or {}).get("filename", ""))
    return "public, max-age=31536000, immutable" if asked == _digest(path) else "no-store"


def _tiles_origin() -> str:
    """Return the origin of the planner's map tiles, with a leading space for the policy header, or "" without tiles.

    It is the only foreign origin from which pages may load images.
    """
    parts = urlsplit(current_app.config["SETTINGS"].map_tiles_url)
    return f" {parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _policy() -> str:
    nonce = csp_nonce()
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'self' 'nonce-{nonce}'; "
        f"img-src 'self' data: blob:{_tiles_origin()}; font-src 'self'; connect-src 'self'; frame-src 'self'; "
        "media-src 'self' blob:; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    )
