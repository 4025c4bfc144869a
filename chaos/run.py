"""One run: start the house, let people talk, let the storm blow, wait until it is quiet, compare the books."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from chaos.company import found_company, introduce, order
from chaos.desk import Desk
from chaos.house import House
from chaos.ledger import PERSON_DECIDES, Books, Verdict
from chaos.load import IN_A_MAILBOX, Agent, Customers, Diary
from chaos.points import KEPT
from chaos.storm import Storm, Toll

DESK_RATE = 2.0
WARM_UP_SECONDS = 40.0
STEP_SECONDS = 0.25
TRICKLE = 0.8
SKIP_WAITS_LONGER_THAN_SECONDS = 2
# Retry schedules and leases are not what is tested here: when the faults are over, long waits are cut short. A send whose
# outcome is unknown keeps its own time.
SKIP_WAITS = tuple(
    sa.text(f"UPDATE {table} SET run_at = now() WHERE state = 'ready' AND run_at > now() + make_interval(secs => :seconds){more}")
    for table, more in (
        *((table, "") for table in KEPT),
        ("outbox_entries", ""),
        ("inbound_events", ""),
        ("deliveries", " AND status <> 'unknown'"),
    )
)
OPEN_WORK = sa.text(
    "SELECT (SELECT count(*) FROM outbox_entries WHERE state IN ('ready', 'running')) AS reactions,"
    " (SELECT count(*) FROM inbound_events WHERE state IN ('ready', 'running')) AS events,"
    f" (SELECT count(*) FROM deliveries WHERE state IN ('ready', 'running') AND NOT ({PERSON_DECIDES})) AS deliveries"
    + "".join(f", (SELECT count(*) FROM {table} WHERE state IN ('ready', 'running')) AS {table}" for table in KEPT)
)
EVENTS_HEARD = sa.text("SELECT count(*) FROM inbound_events")


@dataclass(frozen=True)
class Orders:
    """What a run is asked for."""

    kills: int = 100
    seconds: float = 900.0
    quiet_seconds: float = 600.0
    rate: float = 1.0
    seed: int = 1
    protected: bool = True


@dataclass(frozen=True)
class Outcome:
    """What came of it. `quiet` False: work was still open when the time for it was over."""

    orders: Orders
    toll: Toll
    verdict: Verdict
    restarts: int
    storm_seconds: float
    quiet_seconds: float
    is_quiet: bool
    storage_fault: str  # how the file store was made to fail

    @property
    def is_clean(self) -> bool:
        return not self.verdict.findings


class Run:
    """Owns the house for the time of one run."""

    def __init__(self, folder: Path, orders: Orders) -> None:
        self._orders = orders
        self._house = House(folder, protected=orders.protected)
        self._diary = Diary()

    def carry_out(self) -> Outcome:
        """Raises what keeps the house from starting; afterwards nothing of it runs any more."""
        try:
            self._house.start()
            settings = self._house.settings
            self._company = found_company(settings, ports=self._house.ports)
            self._database = sa.create_engine(settings.database_url, pool_pre_ping=True, pool_size=4)
            if not self._orders.protected:
                self._allow_repeats()
            self._house.open_doors()
            introduce(self._company, settings)
            return self._blow_and_compare()
        finally:
            self._house.stop()

    def _blow_and_compare(self) -> Outcome:
        orders = self._orders
        customers, agents = self._start_load()
        desk = Desk(self._house.settings, rate=DESK_RATE * orders.rate, seed=orders.seed)
        desk.start()
        self._wait(time.monotonic() + WARM_UP_SECONDS, self._people_talk)
        began = time.monotonic()
        toll = Storm(
            self._house,
            self._company,
            kills=orders.kills,
            seconds=orders.seconds,
            seed=orders.seed,
            wants_all_points=orders.protected,  # without protections nobody comes by at some
        ).blow()
        calm = time.monotonic()
        desk.stopping.set()
        desk.join()
        is_quiet = self._calm_down(customers, agents)
        ended = time.monotonic()
        verdict = Books(self._company, self._diary, desk.marks, self._database).compare()
        self._database.dispose()
        return Outcome(orders, toll, verdict, self._house.restarts, calm - began, ended - calm, is_quiet, self._house.disk.fault)

    def _start_load(self) -> tuple[Customers, list[Agent]]:
        orders, company = self._orders, self._company
        customers = Customers(company, self._diary, rate=orders.rate, seed=orders.seed)
        share = 0.75 * orders.rate / len(company.agent_tokens)
        agents = [Agent(company, token, self._diary, rate=share, database=self._database) for token in company.agent_tokens]
        for thread in (customers, *agents):
            thread.start()
        return customers, agents

    def _calm_down(self, customers: Customers, agents: list[Agent]) -> bool:
        """Agents stop; customers go on a little, since only a provider that is heard proves that silence means something."""
        deadline = time.monotonic() + self._orders.quiet_seconds
        for agent in agents:
            agent.stopping.set()
        customers.slow_down(TRICKLE)
        agents_left = self._wait(deadline, lambda: not any(agent.is_alive() for agent in agents))
        answers_left = agents_left and self._wait(deadline, lambda: not self._open_work()["deliveries"])
        customers.stopping.set()
        customers.join()
        return answers_left and self._wait(deadline, self._all_is_quiet)

    def _all_is_quiet(self) -> bool:
        """A provider that is idle may just have told us something: we count what we heard before and after asking it."""
        heard = self._events_heard()
        if any(self._open_work().values()) or not self._providers_are_idle():
            return False
        return heard == self._events_heard()

    def _events_heard(self) -> int:
        with self._database.connect() as connection:
            return connection.execute(EVENTS_HEARD).scalar_one()

    def _wait(self, deadline: float, is_so: Callable[[], bool]) -> bool:
        skipped_at = time.monotonic()
        while time.monotonic() < deadline:
            self._house.look_after()
            if time.monotonic() - skipped_at > SKIP_WAITS_LONGER_THAN_SECONDS:
                self._skip_waits()
                skipped_at = time.monotonic()
            if is_so():
                return True
            time.sleep(STEP_SECONDS)
        return False

    def _skip_waits(self) -> None:
        with self._database.begin() as connection:
            for statement in SKIP_WAITS:
                connection.execute(statement, {"seconds": SKIP_WAITS_LONGER_THAN_SECONDS})

    def _open_work(self) -> dict[str, int]:
        with self._database.connect() as connection:
            return dict(connection.execute(OPEN_WORK).one()._mapping)

    def _providers_are_idle(self) -> bool:
        """No webhook is on its way, and every mail that lies in a mailbox has been fetched."""
        order(self._company.sendgrid_url, "emit", {"release": True})  # its reports that nobody took
        idle = all(order(url, "idle?timeout_s=1")["idle"] for url in (self._company.chat_url, self._company.text_url))
        with self._database.connect() as connection:
            fetched = (
                connection.execute(sa.text("SELECT string_agg(text, ' ') FROM messages WHERE medium = 'email'")).scalar() or ""
            )
        return idle and all(mark in fetched for mark, way in self._diary.written.items() if way in IN_A_MAILBOX)

    def _people_talk(self) -> bool:
        """Messages go both ways: from here on every fault meets work."""
        return bool(self._diary.told) and bool(order(self._company.chat_url, "ledger")["accepted"])

    def _allow_repeats(self) -> None:
        """The database, too, must not know better."""
        with self._database.begin() as connection:
            connection.execute(sa.text("DROP INDEX uq_messages_external"))
