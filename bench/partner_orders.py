"""Orders of one partner at a fixed rate, signed, over one brand, with every process at work: how long an answer takes, and how
long after it the callback of the order is at the partner.

An order has two mapped articles with prices, a customer nobody knew, an address, and levels above the partner that earn by it.
The partner has its limit by its own setting, and its address by API_CALLS_PER_MINUTE. The receiver is bare, in a process of its
own, and notes when each order was told of first. The yardstick: the bare door of bench/yardstick.py at the same rate.
"""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, ClassVar

import psutil
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact, ContactType
from app.domain.events.actions import SYSTEM
from app.domain.orders.articles import add_article
from app.domain.partners.actions import PartnerContent, create_key, create_partner
from app.domain.partners.callbacks import UPDATE
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.models import Environment
from app.domain.partners.products import ProductContent, keep_product
from bench.callbacks import Takes, receiver
from bench.company import start_workers, yardstick
from bench.doors import Target
from bench.generator import Posted, at_rate, posts_at_rate
from bench.live import percentile
from bench.yardstick import SECRET
from tests.support.live import running_application

PER_SECOND = 23  # 82,800 an hour
CALLS_PER_MINUTE = 100_000
QUIET_SECONDS = 60.0
LEVELS = ("Importer", "Holding", "Chain")
LIMITS = {"p95": 200, "p99": 500, "callback_p95": 2_000}
KINDS = {"web": "gunicorn", "worker": "worker", "database": "postgres", "queue": "valkey", "simulators": "simulators"}
WORKERS = ("live", "send", "scheduler")
ARTICLES = {"BENCH-ALFEN-11": ("ALF-EVE-S-11KW", "Alfen Eve 11 kW", "849.00"), "BENCH-INSTALL": ("INST-1P", "Montage", "395.00")}


@dataclass(frozen=True)
class Ordered:
    """What the run brought; times in milliseconds, sorted."""

    posted: list[Posted]
    told_ms: list[float]  # from the answer to a new order until its first callback was there
    untold: int
    bare_ms: list[float]
    spent: dict[str, float]  # seconds of processors by kind of process
    per_second: float
    speed: float

    @property
    def answers(self) -> dict[int, int]:
        """How many by status."""
        return dict(Counter(post.status for post in self.posted))

    @property
    def spent_ms(self) -> dict[str, float]:
        """What an order that was taken cost each kind of process, in milliseconds of a processor, the dearest first. A shared
        machine makes it little more."""
        taken = max(1, self.answers.get(201, 0))
        costs = {name: round(seconds * 1000 / taken, 1) for name, seconds in self.spent.items()}
        return dict(sorted(costs.items(), key=lambda one: -one[1]))

    @property
    def answered_ms(self) -> list[float]:
        """From the instant an order was due to its answer, whatever that was."""
        return sorted(post.milliseconds for post in self.posted)

    @property
    def times(self) -> dict[str, list[float]]:
        """All of them by name."""
        return {"answered": self.answered_ms, "told": self.told_ms, "bare": self.bare_ms}


def measure_partner_orders(settings: Settings, *, seconds: int, speed: float) -> Ordered:
    """PER_SECOND orders a second for so long. On a machine of `speed` below 1, so many fewer: what comes in a second there comes
    in 1 / speed seconds, and may take so much longer."""
    speed = min(1.0, speed)
    per_second = PER_SECOND * speed
    settings = replace(settings, api_calls_per_minute=CALLS_PER_MINUTE)
    os.environ["API_CALLS_PER_MINUTE"] = str(CALLS_PER_MINUTE)  # the processes that are started read it
    with running_application(settings) as live, receiver(_Notes) as url:
        start_workers(live)
        target = open_partner(live.settings, live.url, url)
        posts_at_rate(target, per_second=per_second, seconds=3)  # what is read or prepared once
        before = _processor_seconds()
        posted = posts_at_rate(target, per_second=per_second, seconds=seconds)
        told = _wait_until_told(url, [post.name for post in posted if post.is_accepted])
        spent = {name: used - before.get(name, 0.0) for name, used in _processor_seconds().items()}
        with yardstick(settings) as bare_url:
            bare = at_rate(Target(bare_url, SECRET, "106600000000000"), per_second=per_second, seconds=min(seconds, 20))
    late = [(told[post.name] - post.answered) * 1000 for post in posted if post.name in told]
    untold = sum(post.is_accepted for post in posted) - len(late)
    return Ordered(posted, sorted(late), untold, bare, spent, per_second, speed)


def rows_of(found: Ordered) -> Iterator[tuple[str, str, str, bool]]:
    """What was measured beside its limits, which are longer by as much as the machine is slower."""
    total, answers, times = len(found.posted), found.answers, found.answered_ms
    rate = f"{found.per_second:.1f}/s ({PER_SECOND}/s at {found.speed:.2f} of the speed)"
    limits = {name: limit / found.speed for name, limit in LIMITS.items()}
    yield f"partner orders at {rate}: taken", f"{answers.get(201, 0)} of {total}, {answers}", "all", answers == {201: total}
    for name, share in (("p95", 0.95), ("p99", 0.99)):
        measured, beside = percentile(times, share), percentile(found.bare_ms, share)
        words = f"{measured} ms beside {beside} ms of the bare door (p50 {percentile(times, 0.5)} ms)"
        yield f"partner orders, {name}", words, f"≤ {limits[name]:.0f} ms", measured <= limits[name]
    first = percentile(found.told_ms, 0.95) if len(found.told_ms) > 1 else float("inf")
    words, limit = f"{first} ms, {found.untold} untold", limits["callback_p95"]
    costs = ", ".join(f"{name} {cost}" for name, cost in found.spent_ms.items())
    yield "partner orders, processor time of one", f"{sum(found.spent_ms.values()):.0f} ms: {costs}", "", True
    yield "partner orders, answer to first callback, p95", words, f"≤ {limit:.0f} ms", first <= limit and not found.untold


def _processor_seconds() -> dict[str, float]:
    """What the processes of this run have used up, by kind."""
    spent: Counter[str] = Counter()
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            used, words = process.cpu_times(), " ".join(process.cmdline())
            kind = next((kind for kind, sign in KINDS.items() if sign in words), "others")
            kind = process.name() if kind == "worker" and process.name() in WORKERS else kind
            spent[kind] += used.user + used.system  # type: ignore[assignment]
    return dict(spent)


def open_partner(settings: Settings, base_url: str, url: str) -> Target:
    """A partner with everything an order needs, and how its orders are posted."""
    app = create_app(settings)
    with app.app_context():
        with transaction() as session:
            target = _write_partner(session, base_url, url, keyring=runtime().keyring)
        db.engine.dispose()
    return target


def _write_partner(session: Session, base_url: str, url: str, *, keyring: Keyring) -> Target:
    who: dict[str, Any] = {"now": utc_now(), "actor": SYSTEM}
    brand_id = session.execute(sa.select(Brand.id).order_by(Brand.key).limit(1)).scalar_one()
    content = PartnerContent("Bench partner", "bench", brand_id, calls_per_minute=CALLS_PER_MINUTE)
    partner = create_partner(session, content, **who)
    above = None
    for name in LEVELS:
        columns = {"name": name, "contact_type": ContactType.ORGANIZATION, "parent_organization_id": above}
        above = create_contact(session, ContactEdit(columns=columns), **who).id
    session.get_one(Contact, partner.contact_id).parent_organization_id = above
    for theirs, (ours, name, price) in ARTICLES.items():
        article = add_article(session, brand_id=brand_id, sku=ours, name=name, unit_price=Decimal(price), now=who["now"])
        keep_product(session, partner, ProductContent(theirs, article.id), **who)
    keep_endpoint(
        session, partner, Environment.LIVE, url=url, events=(), payload_version=UPDATE, allows_http=True,
        ports=runtime().settings.outbound_ports, keyring=keyring, **who,
    )  # fmt: skip
    key = create_key(
        session, partner, environment=Environment.LIVE, name="bench", requires_signature=True, keyring=keyring, **who
    )
    return Target(f"{base_url}/api/v1/partners/bench/orders", key.signing_secret.encode(), kind="order", key=key.text)


def _wait_until_told(url: str, names: Sequence[str]) -> dict[str, float]:
    """When each order was told of first, as soon as all are or QUIET_SECONDS are over."""
    give_up = time.monotonic() + QUIET_SECONDS
    while True:
        with urllib.request.urlopen(url, timeout=30) as answer:
            told: dict[str, float] = json.load(answer)
        if all(name in told for name in names) or time.monotonic() > give_up:
            return {name: told[name] for name in names if name in told}
        time.sleep(0.5)


class _Notes(Takes):
    """Notes when it hears of an order first, and tells of it."""

    told: ClassVar[dict[str, float]] = {}

    def take(self, body: bytes) -> None:
        self.told.setdefault(json.loads(body)["partner_order_id"], time.monotonic())

    def do_GET(self) -> None:
        body = json.dumps(dict(self.told)).encode()
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
