"""Serve the pages and files that a phone stores to work offline, and their list, manifest and icons."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import current_app, jsonify, render_template, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.core.translation import gettext as _
from app.domain.accounts.sessions import was_ended
from app.domain.field.phone_keys import phone_key
from app.domain.field.phones import Waiting, note_seen
from app.domain.field.queries import list_own_visits, newest_messages, today_of
from app.domain.field.record import count_codes, list_thumbnails
from app.web.accounts.session import COOKIE_KEY, current_viewer
from app.web.field.blueprint import public
from app.web.pages import asset

PROTOCOL = 1
STYLES = ("css/tokens.css", "css/base.css", "css/features/field.css")
SCRIPTS = tuple(sorted(path.stem for path in (Path(__file__).parents[3] / "static/js/field").glob("*.js")))  # every one
PICTURES = ("img/favicon-32.png", "img/touch-icon-180.png")
MOST_VISITS, MOST_PHOTOS, MOST_WAITING = 40, 60, 10_000


@public.get("/field/pack")
def pack() -> ResponseReturnValue:
    """Return the list of pages and files that the phone stores: those for the next two days with visits.

    The answer also has the pack's name (`pack`), the server's time and a CSRF token. The name changes if the content
    changes. If the phone sends the present name in `have`, the answer has no list. `keeps` false: the phone must store no
    pages any more.

    `X-Field-Device` is the phone's id; the phone gets the key that encrypts what it stores. `X-Field-Waiting` is
    "<count>;<time of the oldest>" of its unsent actions. If nobody is signed in, the answer is 401. With the code `wipe` the
    office has ended the session, and the phone deletes what it stores.
    """
    if not current_user.is_authenticated:
        token = cookie.get(COOKIE_KEY)
        ended = isinstance(token, str) and was_ended(db.session(), token)
        return jsonify(code="wipe" if ended else "signed_out"), 401
    viewer, now = current_viewer(), utc_now()
    first = today_of(viewer, now)
    days = list_own_visits(db.session(), viewer=viewer, first=first, last=first + timedelta(days=4))
    near = [visits for _day, visits in sorted(days.items())][:2]
    visits = [visit for of_day in near for visit in of_day][:MOST_VISITS]
    pages = [url_for("field.today"), url_for("field.messages"), url_for("field.queue")]
    pages += [url_for("field.visit", appointment_id=visit.id) for visit in visits]
    small = list_thumbnails(db.session(), appointment_ids=[visit.id for visit in visits], limit=MOST_PHOTOS)
    pictures = [url_for("field.file", appointment_id=visit_id, file_id=file_id, size="small") for visit_id, file_id in small]
    said: list[Any] = [(str(visit.id), visit.row.appointment.version, visit.step.value) for visit in visits]
    said.append(count_codes(db.session(), appointment_ids=[visit.id for visit in visits]))
    said += newest_messages(db.session(), visits)
    name = _name([*pages, *pictures, *assets(), said, first.isoformat(), viewer.locale, viewer.theme])
    answer: dict[str, Any] = {
        "user_id": str(viewer.user_id),
        "pack": name,
        "protocol": PROTOCOL,
        "server_time": now.isoformat(),
        "csrf": generate_csrf(),
        "keeps": current_app.config["SETTINGS"].field_offline,
        **_key(viewer.user_id),
    }
    if request.args.get("have") != name:
        answer |= {"pages": pages, "pictures": pictures, "assets": assets()}
    response = jsonify(answer)
    response.headers["X-Field-User"], response.headers["Cache-Control"] = str(viewer.user_id), "no-store"
    return response


def _key(user_id: uuid.UUID) -> dict[str, str]:
    """Return {"key": base64} for the phone that sends the request, and note when it was seen.

    Return {} if the request names no phone, or if the phone gets no key.
    """
    try:
        device_id = uuid.UUID(request.headers.get("X-Field-Device", ""))
    except ValueError:
        return {}
    now, phone = utc_now(), {"user_id": user_id, "device_id": device_id}
    with transaction() as session:
        key = phone_key(session, **phone, keyring=runtime().keyring, now=now)
        note_seen(session, **phone, waiting=_waiting(request.headers.get("X-Field-Waiting", "")), now=now)
    return {"key": base64.b64encode(key).decode()} if key is not None else {}


def _waiting(said: str) -> Waiting | None:
    """Parse the number of a phone's unsent actions and the time of the oldest.

    Return None if there are none, or if the text is not valid.
    """
    count, _, oldest = said.partition(";")
    try:
        since = datetime.fromisoformat(oldest)
        return Waiting(min(int(count), MOST_WAITING), since) if since.tzinfo and int(count) > 0 else None
    except ValueError:
        return None


@public.get("/manifest.webmanifest")
def manifest() -> ResponseReturnValue:
    """Serve the manifest: the name of the app on a phone, its icons, and the page it opens."""
    icons = [
        {"src": asset("img/app-icon-192.png"), "sizes": "192x192", "type": "image/png", "purpose": "any"},
        {"src": asset("img/app-icon-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "any"},
        {"src": asset("img/app-icon-maskable-512.png"), "sizes": "512x512", "type": "image/png", "purpose": "maskable"},
    ]
    answer = jsonify(
        id="/today",
        name="Switchyard",
        short_name="Switchyard",
        description=_("Your visits, with or without a network."),
        start_url="/today",
        scope="/",
        display="standalone",
        orientation="portrait",
        background_color="#fbfaf8",
        theme_color="#f4f2ee",
        icons=icons,
    )
    answer.mimetype = "application/manifest+json"
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


@public.get("/field/offline")
def not_kept() -> ResponseReturnValue:
    """Serve the page that a phone without a network shows in place of a page it has not stored."""
    return Response(render_template("field/not_kept.html"), mimetype="text/html")


def assets() -> list[str]:
    """Return the URLs of the static files that the stored pages use. The URL of a file changes when its content changes."""
    own = [f"js/field/{name}.js" for name in SCRIPTS]
    return [*(asset(path) for path in (*STYLES, *own, *PICTURES)), "/static/img/icons.svg"]


def _name(said: list[Any]) -> str:
    version = str(current_app.config["SETTINGS"].public_url)
    return hashlib.sha256(repr((PROTOCOL, version, said)).encode()).hexdigest()[:16]
