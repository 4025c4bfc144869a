"""Fixtures for every test.

`app`, `db_session`, `client`, `page_client`: the application on one database per test process; each test runs in a transaction
that is rolled back, savepoints stand in for its commits. `followed`: a mailbox at a simulated Microsoft 365.
`fresh_app`: a database of its own, with real commits, for tests of
locks, workers and crashes. `live_server`, `page`: every process as in `make run`, and a real browser in front of it.
"""

from __future__ import annotations

import fcntl
import gc
import json
import os
import re
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import redis
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as property_settings
from playwright.sync_api import Browser, Page
from sqlalchemy.orm import Session
from xdist.scheduler import LoadScopeScheduling

from app.config import Settings
from app.core.crypto import generate_key
from app.process.application import create_app
from app.sandbox.simulators.common import RunningServer
from tests.domain.ingest.mailbox_world import MailboxWorld, graph_server, mailbox_world
from tests.support.browsing import Browsing, running_browser
from tests.support.contexts import Contexts
from tests.support.database import TestServers, close_connections, ground_session, one_connection, running_servers
from tests.support.full import IS_FULL
from tests.support.live import LiveServer, running_application
from tests.support.pages import PageClient
from tests.support.providers import NOWHERE, providers_at
from tests.support.served import ServedClient

RESULTS = Path("test-results")
FAILED = pytest.StashKey[bool]()
LANES = ("unit", "db", "processes", "browser")
# Tests that share a running application or a browser stay in one test process. The longest start first, so that
# no process is left alone with one at the end.
SHARED = ("demo", "live_server", "browser")
LOADED = "demo_app"  # takes half a minute to load, so whoever looks at it does so in one test process, too
LONG = (
    "tests/process/launch/",
    "tests/chaos/",
    "tests/domain/ingest/test_four_workers.py",
    "tests/domain/ingest/test_mailbox_months.py",
    "tests/process/cli/",
)

# How long examples take says nothing on a machine that does other things too. And they are the same in every run: what fails
# once fails again, and a change is not blamed for what another run's dice found.
property_settings.register_profile("ours", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
property_settings.load_profile("ours")


class ByModule(LoadScopeScheduling):
    """A module stays in one test process; so do all tests of a group, which the test processes tell by a file."""

    groups: Mapping[str, str] | None = None

    def schedule(self) -> None:
        """Hand out the tests; called when all test processes have collected them."""
        if self.groups is None:
            told = groups_file(self.nodes[0].workerinput["testrunuid"])
            self.groups = json.loads(told.read_text())
            told.unlink()
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return (self.groups or {}).get(nodeid) or nodeid.split("::")[0]


def groups_file(run: str) -> Path:
    """Where the test processes of a run write the groups of tests, by the tests' names."""
    return Path(tempfile.gettempdir()) / f"switchyard-groups-{run}.json"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByModule:
    """Our way to hand out tests."""
    return ByModule(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """On a clean clone one test process collects before the others, which find then what it compiled. What is collected stays to
    the end: the collector of garbage rests meanwhile, and need not walk through it afterwards."""
    gc.disable()
    found = yield from collect_in_turn()
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)
    return found


def collect_in_turn() -> Generator[None, object, object]:
    is_compiled = any((Path(__file__).parent / "web").rglob("*.pyc"))  # which is collected last
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if is_compiled or not run:
        return (yield)
    with (Path(tempfile.gettempdir()) / f"switchyard-collecting-{run}.lock").open("w") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            fcntl.flock(turn, fcntl.LOCK_SH)
            fcntl.flock(turn, fcntl.LOCK_UN)
        found = yield
        Path(turn.name).unlink(missing_ok=True)
        return found


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put every test into its lane, order them, and leave out what only a full run does."""
    for item in items:
        item.add_marker(lane_of(item))
    items.sort(key=lambda item: [group_of(item) != group for group in SHARED] + [not item.nodeid.startswith(LONG)])
    if not IS_FULL:
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("full")])
        items[:] = [item for item in items if not item.get_closest_marker("full")]
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run:
        draft = groups_file(f"{run}-{os.environ['PYTEST_XDIST_WORKER']}")
        draft.write_text(json.dumps({item.nodeid: group for item in items if (group := group_of(item))}))
        draft.rename(groups_file(run))  # each process writes the same; nobody reads half of it


def lane_of(item: pytest.Item) -> str:
    """The lane of a test: what it needs that takes longest to start. Only `processes` is marked by hand, where a test starts
    them itself."""
    used = uses(item)
    if used & set(SHARED):
        return "browser"
    if item.get_closest_marker("processes"):
        return "processes"
    return "db" if "servers" in used else "unit"


def group_of(item: pytest.Item) -> str | None:
    """The group of tests that a test shares a running application, a browser or the loaded demo with."""
    return next((name for name in (*SHARED, LOADED) if name in uses(item)), None)


def uses(item: pytest.Item) -> set[str]:
    """The fixtures of a test, and those that they use."""
    return set(getattr(item, "fixturenames", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Keep what each test took, the longest first."""
    took: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                took[report.nodeid] += report.duration
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "durations.txt").write_text("".join(f"{seconds:8.2f} s  {name}\n" for name, seconds in took.most_common()))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember for the fixtures whether the test itself failed."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
    """What the tests of a group share ends with the last of them: an application goes on looking for work beside all others."""
    yield
    group = group_of(item)
    if group and nextitem and group_of(nextitem) != group and isinstance(item, pytest.Function):
        item._fixtureinfo.name2fixturedefs[group][-1].finish(item._request)


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    """PostgreSQL and Valkey of this test process."""
    with running_servers() as started:
        yield started


@pytest.fixture(scope="session")
def settings(servers: TestServers, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of the shared application."""
    folder = tmp_path_factory.mktemp("data")
    _name, url = servers.new_database()
    return Settings(
        data_dir=folder,
        database_url=url,
        redis_url=servers.redis_url,
        secret_key="only-for-tests-" * 3,
        encryption_keys=generate_key(),
        public_url="http://localhost",
        storage_url=f"file://{folder}/storage",
        outbound_allow=("127.0.0.0/8",),
        outbound_allow_mail=("127.0.0.0/8",),
        provider_settings=providers_at(NOWHERE),
        push_hosts=(NOWHERE, "push.example"),
        unknown_settle_seconds=30,
        usage_seconds=0,
    )


@pytest.fixture(scope="session")
def shared_app(settings: Settings) -> Iterator[Flask]:
    """The application, built once per test process. Use `app`."""
    app = create_app(settings)
    app.testing, app.test_client_class = True, ServedClient
    app.config["DOOR_CACHE_SECONDS"] = 0
    yield app
    close_connections(app)


@pytest.fixture
def connection(shared_app: Flask) -> Iterator[sa.Connection]:
    """The one connection of this test; everything on it is rolled back at the end."""
    with one_connection(shared_app) as connection:
        yield connection


@pytest.fixture(scope="module")
def ground(shared_app: Flask) -> Iterator[sa.Connection]:
    """One connection for a whole module, whose own `connection` then is `back_to(ground)`: what many tests start from is
    written once, and what each of them adds is rolled back."""
    with one_connection(shared_app) as connection:
        yield connection


@pytest.fixture(scope="session")
def valkey(servers: TestServers) -> Iterator[redis.Redis]:
    """What the shared application keeps in Valkey."""
    with redis.Redis.from_url(servers.redis_url) as valkey:
        yield valkey


@pytest.fixture
def app(shared_app: Flask, connection: sa.Connection, valkey: redis.Redis) -> Flask:
    """The application; what a test writes is gone afterwards, in the database and in Valkey."""
    valkey.flushdb()
    return shared_app


@pytest.fixture
def app_context(app: Flask) -> Iterator[Flask]:
    """The application with its context pushed, as in a job or a command."""
    with app.app_context():
        yield app


@pytest.fixture
def db_session(app: Flask, connection: sa.Connection) -> Iterator[Session]:
    """A session on the test's connection, apart from the application's own: it sees what the application committed."""
    with ground_session(connection) as session:
        yield session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Flask's test client, for the API and webhooks."""
    return app.test_client()


@pytest.fixture
def page_client(app: Flask) -> PageClient:
    """A client that checks every HTML answer (tests/support/pages.py)."""
    return PageClient(app)


@pytest.fixture(scope="session")
def graph_process() -> Iterator[RunningServer]:
    """A simulated Microsoft 365, once per test process."""
    server = graph_server()
    yield server
    server.stop()


@pytest.fixture
def followed(app_context: Flask, db_session: Session, graph_process: RunningServer) -> Iterator[MailboxWorld]:
    """A mailbox there that the application follows, with nothing in it yet."""
    with mailbox_world(app_context, db_session, graph_process) as world:
        yield world


@pytest.fixture
def fresh_app(servers: TestServers, settings: Settings) -> Iterator[Flask]:
    """An application on a database of its own with real commits, for tests with several connections or processes."""
    name, url = servers.new_database()
    app = create_app(replace(settings, database_url=url))
    app.testing, app.test_client_class = True, ServedClient
    app.config["DOOR_CACHE_SECONDS"] = 0  # what an application before this one in the same process knew
    yield app
    close_connections(app)
    servers.drop_database(name)


@pytest.fixture(scope="session")
def demo_app(servers: TestServers, settings: Settings) -> Iterator[Flask]:
    """A demo on a database of its own; its simulators are away. Loaded by `loadings`."""
    name, url = servers.new_database()
    app = create_app(replace(settings, database_url=url, demo=True))
    yield app
    close_connections(app)
    servers.drop_database(name)


@pytest.fixture(scope="session")
def loadings(demo_app: Flask) -> list[Result]:
    """The demo loaded, and loaded again."""
    runner = demo_app.test_cli_runner()
    return [runner.invoke(args=["demo", "load"]) for _ in range(2)]


@pytest.fixture(scope="session")
def live_server(servers: TestServers, settings: Settings) -> Iterator[LiveServer]:
    """Every process of `make run`, once for all browser tests, on a database of its own."""
    _name, url = servers.new_database()
    with running_application(replace(settings, database_url=url, redis_url=f"{servers.redis_url[:-1]}1")) as live:
        yield live


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium, once for all browser tests."""
    with running_browser() as started:
        yield started


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> Contexts:
    return Contexts(browser)


@pytest.fixture
def browsing(contexts: Contexts, live_server: LiveServer, request: pytest.FixtureRequest) -> Iterator[Browsing]:
    """Several people at once, or a browser without JavaScript: `browsing.new_page(java_script_enabled=False)`.

    What the browser reports as wrong fails the test; a failed test leaves pictures in test-results/.
    """
    browsing = Browsing(contexts, live_server.url)
    yield browsing
    faults = browsing.unexpected_faults()
    if faults or request.node.stash.get(FAILED, False):
        browsing.take_pictures(RESULTS / re.sub(r"\W+", "-", request.node.name))
    browsing.close()
    assert not faults, "the browser reported: " + "; ".join(faults)


@pytest.fixture
def page(browsing: Browsing) -> Page:
    """One page on the running application."""
    return browsing.new_page()
