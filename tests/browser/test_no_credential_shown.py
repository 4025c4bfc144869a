"""No credential of a connection is in the clear anywhere: in the database, in Redis, in what the processes print, on a page.

The demo runs as always: its channels and integrations hold the credentials of their simulators. They are used, refused and looked
at; then everything that was written down is searched for them, as they are and as they are commonly disguised.
"""

from __future__ import annotations

import base64
import re
import uuid
import zlib
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest
import redis
import requests
import sqlalchemy as sa

from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.connections import queries as of_channels
from app.domain.connections.models import Channel, ChannelType
from app.domain.integrations import queries as of_integrations
from app.domain.integrations.models import Integration
from app.domain.threads.models import Thread
from app.sandbox.demo.commands import PASSWORD
from tests.browser.demo import ADMIN
from tests.browser.test_every_page import ALIKE, PAGES
from tests.support.live import LiveServer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]

SHORTEST = 8  # shorter ones are no credentials of anybody
PATIENCE_SECONDS = 180


@pytest.fixture(scope="module")
def planted(demo: LiveServer) -> dict[str, str]:
    """Every credential there is, by where it is kept."""
    with demo.app.app_context(), transaction() as session:
        keyring = runtime().keyring
        kept = {f"{one.name}: {name}": value for one in session.execute(sa.select(Channel)).scalars() if one.sealed_secrets
                for name, value in of_channels.open_secrets(one, keyring).items()}  # fmt: skip
        kept |= {f"{one.name}: {name}": value for one in session.execute(sa.select(Integration)).scalars()
                 for name, value in of_integrations.open_secrets(one, keyring).items()}  # fmt: skip
    kept |= {"SECRET_KEY": demo.settings.secret_key, "ENCRYPTION_KEYS": demo.settings.encryption_keys.partition(":")[2]}
    return {name: value for name, value in kept.items() if len(value) >= SHORTEST}


@pytest.fixture(scope="module")
def browser_of_root(demo: LiveServer) -> requests.Session:
    """Signed in as the administrator, over HTTP like any browser."""
    browser = requests.Session()
    form = browser.get(f"{demo.url}/sign-in").text
    answer = browser.post(f"{demo.url}/sign-in", data={"csrf_token": token_in(form), "email": ADMIN, "password": PASSWORD})
    assert answer.status_code == 200
    assert "/sign-in" not in answer.url
    return browser


# The simulated providers' own page, as a real one shows its customers what to enter at ours.
THEIRS = "/simulator/providers"


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def disguises(secret: str) -> set[bytes]:
    """The value as it may stand somewhere: plain, quoted, in hexadecimals, in Base64 at each of its three beginnings."""
    raw = secret.encode()
    found = {raw, quote(secret).encode(), quote_plus(secret).encode(), raw.hex().encode()}
    for shift in range(3):
        middle = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 :].rstrip(b"=")[:-1]
        found |= {middle, middle.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def seen_in(text: bytes, planted: dict[str, str]) -> list[str]:
    return [name for name, value in planted.items() if any(one in text for one in disguises(value))]


def test_a_disguised_credential_would_be_seen() -> None:
    for text in ("x=hunter22-secret;", "aHVudGVyMjItc2VjcmV0", "Basic " + base64.b64encode(b"me:hunter22-secret").decode()):
        assert seen_in(text.encode(), {"planted": "hunter22-secret"}) == ["planted"]


def test_no_credential_is_in_the_clear(demo: LiveServer, browser_of_root: requests.Session, planted: dict[str, str]) -> None:
    assert len(planted) > 10
    with demo.app.app_context(), transaction() as session:
        channels = list(session.execute(sa.select(Channel.id)).scalars())
    use(demo, browser_of_root, [str(one) for one in channels])
    found = {f"page {path}": seen_in(page, planted) for path, page in pages(demo, browser_of_root, channels)}
    found |= {f"table {name}": seen_in(rows, planted) for name, rows in tables(demo)}
    found |= {f"Redis {key}": seen_in(value, planted) for key, value in in_redis(demo)}
    found["what the processes printed"] = seen_in("\n".join(demo.lines).encode(), planted)
    assert {place: names for place, names in found.items() if names} == {}
    assert demo.lines, "they print something"


def use(demo: LiveServer, browser: requests.Session, channels: list[str]) -> None:
    """A customer writes and is answered while the provider refuses us; each connection is checked while it is well and is not."""
    number = whatsapp_number(demo)
    told = {"kind": "message", "from": "31655500199", "name": "Vera Planten", "phone_number_id": number, "text": "Wie leest dit?"}
    on_simulator(demo, "emit", told)
    wait_until_read(demo)
    thread = f"{demo.url}/threads/{newest_thread(demo)}"
    token = token_in(browser.get(thread).text)
    on_simulator(demo, "fault", {"match": {"method": "POST", "path": "/messages$"}, "status": 401})
    sent = browser.post(f"{thread}/messages", data={"csrf_token": token, "client_token": str(uuid.uuid4()), "text": "Vera, ik."})
    assert sent.ok, sent.text
    wait_until_so(demo, "SELECT count(*) = 0 FROM deliveries WHERE state = 'ready' AND attempts = 0 AND run_at < now()")
    for fault in ({"status": 401}, {"status": 500}, {"drop_connection": True}):
        on_simulator(demo, "fault", {"match": {"path": ""}, "times": 2, **fault})
        for channel in channels:
            browser.post(f"{demo.url}/settings/channels/{channel}/check", data={"csrf_token": token})
    requests.delete(f"{demo.whatsapp_sim_url}/__sim/fault", timeout=PATIENCE_SECONDS)
    browser.post(f"{demo.url}/webhooks/fillout/not-the-key", data=b"{}")
    wait_until_read(demo)


def on_simulator(demo: LiveServer, path: str, order: dict[str, object]) -> None:
    answer = requests.post(f"{demo.whatsapp_sim_url}/__sim/{path}", json=order, timeout=PATIENCE_SECONDS)
    assert answer.ok, answer.text


def whatsapp_number(demo: LiveServer) -> str:
    of_kind = Channel.channel_type == ChannelType.WHATSAPP_BUSINESS
    with demo.app.app_context(), transaction() as session:
        return str(session.execute(sa.select(Channel.address).where(of_kind).order_by(Channel.id)).scalars().first())


def newest_thread(demo: LiveServer) -> object:
    with demo.app.app_context(), transaction() as session:
        return session.execute(sa.select(Thread.id).order_by(Thread.created_at.desc()).limit(1)).scalar_one()


def wait_until_read(demo: LiveServer) -> None:
    wait_until_so(demo, "SELECT count(*) = 0 FROM inbound_events WHERE state IN ('ready', 'running')")


def wait_until_so(demo: LiveServer, condition: str) -> None:
    def is_so() -> bool:
        with demo.app.app_context(), transaction() as session:
            return bool(session.execute(sa.text(condition)).scalar_one())

    wait_until(is_so, condition, seconds=PATIENCE_SECONDS)


def pages(demo: LiveServer, browser: requests.Session, channels: list[object]) -> Iterator[tuple[str, bytes]]:
    of_a_channel = [f"/settings/channels/{one}{tail}" for one in channels for tail in ("", "/edit")]
    for path in (*PAGES, *ALIKE, *of_a_channel):
        if path == THEIRS:
            continue
        answer = browser.get(f"{demo.url}{path}")
        assert answer.status_code in (200, 404), path
        yield path, answer.content


def tables(demo: LiveServer) -> Iterator[tuple[str, bytes]]:
    names = sa.text(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    )
    with demo.app.app_context(), transaction() as session:
        found = list(session.execute(names).scalars())
        assert "channels" in found
        for name in found:
            rows = session.execute(sa.text(f'SELECT row::text FROM "{name}" AS row')).scalars()
            yield name, "\n".join(rows).encode()


def in_redis(demo: LiveServer) -> Iterator[tuple[str, bytes]]:
    with redis.Redis.from_url(demo.settings.redis_url) as valkey:
        for key in valkey.scan_iter(count=1000):
            yield key.decode("utf-8", "replace"), b"\n".join(plain(value) for value in (key, *values_of(valkey, key)))


def values_of(valkey: redis.Redis, key: bytes) -> list[bytes]:
    read = {
        b"string": lambda: [valkey.get(key)],
        b"hash": lambda: [part for pair in valkey.hgetall(key).items() for part in pair],
        b"list": lambda: valkey.lrange(key, 0, -1),
        b"set": lambda: list(valkey.smembers(key)),
        b"zset": lambda: valkey.zrange(key, 0, -1),
    }
    kind = valkey.type(key)
    return [one for one in read[kind]() if one is not None] if kind in read else []


def plain(value: bytes) -> bytes:
    """RQ writes its jobs packed."""
    try:
        return zlib.decompress(value)
    except zlib.error:
        return value
