"""Serve the simulated Twilio's own paths, below /2010-04-01/Accounts/{sid}."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.twilio.settings import Settings
from app.sandbox.simulators.twilio.store import Store
from app.sandbox.simulators.twilio.texts import Refused, TextDesk

API = "/2010-04-01/Accounts"


def provider_routes(store: Store, desk: TextDesk, settings: Callable[[], Settings]) -> Blueprint:
    """Return the routes of the simulated Twilio API."""
    platform = Platform(store, desk, settings)
    routes = Blueprint("twilio_api", __name__)
    routes.before_request(platform.let_in)
    for path, methods, view in (
        (f"{API}/<sid>.json", ["GET"], platform.account),
        (f"{API}/<sid>/Messages.json", ["GET", "POST"], platform.messages),
        (f"{API}/<sid>/Messages/<message_sid>.json", ["GET"], platform.message),
        (f"{API}/<sid>/Messages/<message_sid>/Media/<media_sid>", ["GET"], platform.media),
        (f"{API}/<sid>/IncomingPhoneNumbers.json", ["GET"], platform.numbers),
        ("/files/<media_sid>", ["GET"], platform.file),
    ):
        routes.add_url_rule(path, view.__name__, view, methods=methods)
    routes.register_error_handler(Refused, _refuse)
    return routes


def _refuse(error: Refused) -> tuple[Response, int]:
    return jsonify(error.to_json()), error.status


class Platform:
    """The views of Twilio's API; `let_in` has checked the account in the path."""

    def __init__(self, store: Store, desk: TextDesk, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._desk = desk
        self._settings = settings

    def let_in(self) -> None:
        if request.path.startswith(f"{API}/"):
            _let_in(self._settings())

    def account(self, sid: str) -> Response:
        told = self._settings()
        return jsonify(sid=told.account_sid, friendly_name=told.friendly_name, status=told.account_status)

    def messages(self, sid: str) -> tuple[Response, int]:
        settings = self._settings()
        if request.method == "GET":
            return jsonify(self._desk.page(request.args.to_dict(), settings)), 200
        text = self._desk.take(request.form, len(request.form.getlist("MediaUrl")), settings)
        return jsonify(text.to_json(settings.account_sid) | {"status": "queued"}), 201

    def message(self, sid: str, message_sid: str) -> Response:
        text = self._store.find_text(message_sid)
        if text is None:
            raise Refused(20404)
        return jsonify(text.to_json(self._settings().account_sid))

    def numbers(self, sid: str) -> Response:
        told, wanted = self._settings(), request.args.get("PhoneNumber", "")
        known = [n for n in dict.fromkeys((*told.sms_numbers, *told.phone_numbers)) if wanted in ("", n)]
        return jsonify(incoming_phone_numbers=[_number(n, told) for n in known], next_page_uri=None)

    def media(self, sid: str, message_sid: str, media_sid: str) -> BaseResponse:
        if media_sid not in self._store.files:
            raise Refused(20404)
        return redirect(f"/files/{media_sid}", 307)

    def file(self, media_sid: str) -> Response:
        """Serve a media file. Twilio serves files from another host, so a request with credentials is refused."""
        if request.headers.get("Authorization"):
            return Response("Only one auth mechanism allowed", 400)
        kept = self._store.files.get(media_sid)
        return Response(kept.content, content_type=kept.content_type) if kept else Response("", 404)


def _let_in(settings: Settings) -> None:
    """Wait for `slow_s` seconds of the settings, then check the credentials and the account in the path. Raises `Refused` if
    they are wrong."""
    time.sleep(settings.slow_s)
    pairs = ((settings.account_sid, settings.auth_token), (settings.api_key_sid, settings.api_key_secret))
    if settings.refuses_sign_in or _given() not in pairs:
        raise Refused(20003)
    whose = request.path.removeprefix(f"{API}/").split("/")[0].removesuffix(".json")
    if whose != settings.account_sid:
        raise Refused(20404)


def _given() -> tuple[str, str]:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        user, _, secret = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return (user, secret) if scheme == "Basic" else ("", "")


def _number(number: str, settings: Settings) -> Json:
    sms, voice = number in settings.sms_numbers, number in settings.phone_numbers
    return {
        "phone_number": number,
        "capabilities": {"sms": sms, "mms": False, "voice": voice},
        "sms_url": settings.sms_url if sms else "",
        "status_callback": settings.voice_url if voice else "",
    }
