"""Post to us as Twilio does: signed, and once unless the callback address asks for retries.

A test can ask for faulty posts, for example with a wrong signature.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qs, urlencode, urlsplit

import urllib3

from app.sandbox.simulators.common import BadOrder, Json
from app.sandbox.simulators.twilio.settings import Settings
from app.sandbox.simulators.twilio.store import Posted, Store
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable

Fields = Sequence[tuple[str, str]]
VARIANTS = ("", "port", "repeated", "json", "sha256", "wrong_token")


@dataclass(frozen=True)
class Options:
    """Options that delay, repeat, reorder or falsify posts; see POST /__sim/emit. `delay` is in seconds."""

    duplicate: int = 0
    reorder: bool = False
    delay: float = 0.0
    variant: str = ""

    @classmethod
    def of(cls, order: Json, settings: Settings) -> Options:
        """Return the options in a control request, with the settings as defaults. Raises `BadOrder` if an option is not valid."""
        variant = "wrong_token" if order.get("bad_signature") else str(order.get("variant", ""))
        if variant not in VARIANTS:
            raise BadOrder(f"variant must be one of {', '.join(filter(None, VARIANTS))}")
        try:
            return cls(
                duplicate=int(order.get("duplicate", settings.duplicate)),
                reorder=bool(order.get("reorder", settings.reorder)),
                delay=float(order.get("delay", settings.delay_s)),
                variant=variant,
            )
        except (TypeError, ValueError) as error:
            raise BadOrder(f"an option is of the wrong type: {error}") from error


@dataclass(frozen=True)
class Item:
    """One post to make: its URL and fields, and its kind, id and state for the ledger."""

    kind: str
    id: str
    state: str
    url: str
    fields: Fields


class WebhookCaller:
    """The caller of our webhooks. It posts in the background threads of the timetable."""

    def __init__(self, store: Store, timetable: Timetable, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._timetable = timetable
        self._settings = settings
        self._http = urllib3.PoolManager(maxsize=16, retries=False)

    def emit(self, items: Sequence[Item], options: Options) -> int:
        """Plan the posts of `items`, in the background and as `options` says; return the number of posts.

        An item without a URL is not posted.
        """
        ordered = [item for item in items if item.url for _ in range(options.duplicate + 1)]
        if options.reorder:
            random.shuffle(ordered)
        for item in ordered:
            self._timetable.after(options.delay, partial(self._post, item, options))
        return len(ordered)

    def emit_now(self, item: Item, options: Options) -> None:
        """Post one item and wait for the answer. Do nothing if the item has no URL."""
        if item.url:
            self._post(item, options)

    def _post(self, item: Item, options: Options) -> None:
        noted = Posted(item.url, item.kind, item.id, item.state, self._store.clock.now(), options.variant != "wrong_token")
        with self._store.lock:
            self._store.posted.append(noted)
        wanted = parse_qs(urlsplit(item.url).fragment)
        retries = min(int(wanted.get("rc", ["0"])[0]), 5)
        for _ in range(retries + 1):
            self._try(item, options, noted)
            if noted.acknowledged:
                return

    def _try(self, item: Item, options: Options, noted: Posted) -> None:
        settings = self._settings()
        url, body, headers = signed_post(item, options.variant, settings)
        began = time.monotonic()
        noted.tries += 1
        patience = urllib3.Timeout(connect=5, total=settings.answer_within_s)
        try:
            answer = self._http.request("POST", url, body=body, headers=headers, redirect=False, timeout=patience)
            noted.status, noted.answer = answer.status, answer.data.decode("utf-8", "replace")[:500]
        except urllib3.exceptions.HTTPError:
            noted.status = None
        noted.seconds = time.monotonic() - began


def signed_post(item: Item, variant: str, settings: Settings) -> tuple[str, bytes, dict[str, str]]:
    """Return the URL, body and headers of one post, signed as `variant` says."""
    fields = [*item.fields, *item.fields[:1]] if variant == "repeated" else list(item.fields)
    url, body, kind = item.url.split("#", 1)[0], urlencode(fields).encode(), "application/x-www-form-urlencoded"
    if variant == "json":
        body, kind, fields = json.dumps(dict(fields)).encode(), "application/json", []
        url += ("&" if "?" in url else "?") + "bodySHA256=" + hashlib.sha256(body).hexdigest()
    key, digest, extra = settings.auth_token, hashlib.sha1, {}
    if variant == "sha256":
        key, digest = settings.shared_key, hashlib.sha256
        extra = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_777,algorithm=HMAC_SHA256"}
    if variant == "wrong_token":
        key = "somebody else's token"
    text = _signed_url(url, settings, with_port=variant == "port") + "".join(n + v for n, v in sorted(set(fields)))
    signature = base64.b64encode(hmac.new(key.encode(), text.encode(), digest).digest()).decode()
    return url, body, {"Content-Type": kind, "X-Twilio-Signature": signature, "User-Agent": "TwilioProxy/1.1", **extra}


def _signed_url(url: str, settings: Settings, *, with_port: bool) -> str:
    if not settings.signed_base:
        return url
    called, told = urlsplit(url), urlsplit(settings.signed_base)
    port = f":{443 if told.scheme == 'https' else 80}" if with_port else ""
    query = f"?{called.query}" if called.query else ""
    return f"{told.scheme}://{told.netloc}{port}{called.path}{query}"
