"""Post webhooks to us as Meta does: signed, and repeated until acknowledged.

A test can ask for faulty posts, for example with a wrong signature.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import urllib3

from app.sandbox.simulators.common import BadOrder, Json
from app.sandbox.simulators.whatsapp_cloud.settings import Number, Settings
from app.sandbox.simulators.whatsapp_cloud.store import Emitted, Store
from app.sandbox.simulators.whatsapp_cloud.timetable import Timetable

_GIVE_UP_SECONDS = 7 * 24 * 3600
_UNSET_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Item:
    """One item of a webhook: the JSON `change` that is posted, and the fields for the ledger."""

    kind: str
    id: str
    change: Json
    waba_id: str
    status: str = ""
    who: str = ""
    text: str = ""


@dataclass(frozen=True)
class Options:
    """Options that delay, repeat, reorder or falsify posts; see POST /__sim/emit. `delay` is in seconds."""

    duplicate: int = 0
    reorder: bool = False
    delay: float = 0.0
    bad_signature: bool = False
    batch: bool = False
    reencode: bool = False

    @classmethod
    def of(cls, order: Json, settings: Settings) -> Options:
        """Return the options of an emit order, with the settings as defaults. Raises BadOrder."""
        try:
            return cls(
                duplicate=int(order.get("duplicate", settings.duplicate)),
                reorder=bool(order.get("reorder", settings.reorder)),
                delay=float(order.get("delay", settings.delay_s)),
                bad_signature=bool(order.get("bad_signature", False)),
                batch=bool(order.get("batch", False)),
                reencode=bool(order.get("reencode", False)),
            )
        except (TypeError, ValueError) as error:
            raise BadOrder(f"an option is of the wrong type: {error}") from error

    @property
    def is_genuine(self) -> bool:
        return not (self.bad_signature or self.reencode)


@dataclass
class Post:
    """One HTTP POST to our webhook, over all its tries."""

    body: bytes
    signature: str
    items: Sequence[Item]
    is_genuine: bool
    first_tried_at: float = field(default_factory=time.monotonic)
    tries: int = 0


class WebhookCaller:
    """The caller of our webhook. It posts in the background threads of the timetable."""

    def __init__(self, store: Store, timetable: Timetable, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._timetable = timetable
        self._settings = settings
        self._http = urllib3.PoolManager(maxsize=16, retries=False, timeout=urllib3.Timeout(connect=5, read=15))

    def emit(self, items: Sequence[Item], options: Options) -> int:
        """Plan the posts of `items` in the background and return the number of posts.

        `options` says whether the items go in one post or in one each, how many copies of each post go, in which order and
        when.
        """
        ordered = random.sample(list(items), len(items)) if options.reorder else list(items)
        groups = [ordered] if options.batch else [[item] for item in ordered]
        posts = [self._post(group, options) for group in groups for _ in range(options.duplicate + 1)]
        for post in random.sample(posts, len(posts)) if options.reorder else posts:
            self._timetable.after(options.delay, partial(self._try, post))
        return len(posts)

    def emit_raw(self, body: bytes, options: Options) -> int:
        """Sign the unchanged `body` and post it in the background. Return the number of posts."""
        for _ in range(options.duplicate + 1):
            post = Post(body, self._signature(body, options), (), options.is_genuine)
            self._timetable.after(options.delay, partial(self._try, post))
        return options.duplicate + 1

    def emit_now(self, item: Item, options: Options) -> None:
        """Post one item before returning; if that fails, retry in the background."""
        self._try(self._post([item], options))

    def shake_hands(self, verify_token: str) -> Json:
        """Do the subscription handshake and return {"status", "body", "challenge", "ok"}; `ok` if the webhook returned the
        challenge."""
        challenge = str(random.randrange(10**9, 10**10))
        fields = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        answer = self._http.request("GET", self._settings().webhook_url, fields=fields, redirect=False)
        text = answer.data.decode("utf-8", "replace")
        return {"status": answer.status, "body": text, "challenge": challenge, "ok": answer.status == 200 and text == challenge}

    def _post(self, items: Sequence[Item], options: Options) -> Post:
        payload = {"object": "whatsapp_business_account", "entry": _entries(items)}
        body = escaped_json(payload)
        signature = self._signature(body, options)
        sent = json.dumps(payload, ensure_ascii=False).encode() if options.reencode else body
        for item in items:
            self._note(item)
        return Post(sent, signature, items, options.is_genuine)

    def _signature(self, body: bytes, options: Options) -> str:
        secret = "somebody else's secret" if options.bad_signature else self._settings().app_secret
        return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()

    def _note(self, item: Item) -> Emitted:
        with self._store.lock:
            fresh = Emitted(item.kind, item.id, item.status, item.who, item.text, self._store.clock.now())
            return self._store.emitted.setdefault((item.kind, item.id, item.status), fresh)

    def _try(self, post: Post) -> None:
        settings = self._settings()
        if not (settings.webhook_url and settings.subscribed):
            self._timetable.after(_UNSET_RETRY_SECONDS, partial(self._try, post))
            return
        post.tries += 1
        for item in post.items:
            self._note(item).posts += 1
        if self._is_acknowledged(post, settings):
            self._acknowledge(post)
        else:
            self._try_again(post, settings)

    def _is_acknowledged(self, post: Post, settings: Settings) -> bool:
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": post.signature, "User-Agent": "facebookexternalua"}
        try:
            answer = self._http.request("POST", settings.webhook_url, body=post.body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError:
            return False
        return 200 <= answer.status < 300

    def _acknowledge(self, post: Post) -> None:
        with self._store.lock:
            for item in post.items:
                noted = self._note(item)
                noted.acknowledged_at = noted.acknowledged_at or self._store.clock.now()
                noted.is_genuine = noted.is_genuine or post.is_genuine
                self._deliver_to_business(item)

    def _deliver_to_business(self, item: Item) -> None:
        """Mark the customer's message as delivered on their phone, because the business has received it."""
        bubble = self._store.bubbles.get(item.id)
        if item.kind == "message" and bubble is not None and bubble.from_customer:
            bubble.tick("delivered")

    def _try_again(self, post: Post, settings: Settings) -> None:
        is_over = time.monotonic() - post.first_tried_at > _GIVE_UP_SECONDS
        if is_over or not post.is_genuine:
            return
        wait = min(settings.retry_max_s, settings.retry_first_s * 2 ** min(post.tries - 1, 20))
        self._timetable.after(wait, partial(self._try, post))


def _entries(items: Sequence[Item]) -> list[Json]:
    """Return one {"id", "changes"} for each business account, with the changes of its items, as Meta batches them."""
    by_account: dict[str, list[Json]] = {}
    for item in items:
        by_account.setdefault(item.waba_id, []).append(item.change)
    return [{"id": waba_id, "changes": changes} for waba_id, changes in by_account.items()]


def escaped_json(payload: Json) -> bytes:
    """Serialise to JSON with escaped slashes and non-ASCII characters, as Meta does.

    So a signature check fails if the receiver parses and serialises the JSON before it checks.
    """
    return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()


def change_of(number: Number, field_name: str = "messages", **value: object) -> Json:
    """Return a webhook change of one number, with `value` as its content and the number as metadata."""
    metadata = {
        "display_phone_number": number.display_phone_number.lstrip("+"),
        "phone_number_id": number.phone_number_id,
    }
    return {"field": field_name, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}
