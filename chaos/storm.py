"""The faults: armed crash points, kill -9 at any moment, a database stopped at once, standing still or locked, an emptied Valkey,
providers that fail."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from chaos.company import Company, order
from chaos.house import House
from chaos.points import POINTS, Point

STEP_SECONDS = 0.05
ARMED_AT_ONCE = 4
ARMED_SECONDS = 15.0
RANDOM_KILL_SECONDS = (3.0, 7.0)
FLUSH_SECONDS = (6.0, 12.0)
DATABASE_SECONDS = (20.0, 35.0)
STALL_SECONDS, LOCK_SECONDS = (15.0, 30.0), (12.0, 25.0)
FAULT_SECONDS = 6.0  # longer than a webhook waits, so that callers are put off
LOCKED_TABLES = ("inbound_events", "outbox_entries", "deliveries", "channels", "messages")
PROVIDER_SECONDS = (0.8, 2.0)
STORAGE_SECONDS, FULL_SECONDS = (6.0, 15.0), (2.0, 6.0)
RANDOM_TARGETS = (*("live", "send") * 4, *("scheduler", "web") * 2, "web master")
SEND_CHAT, SEND_MAIL, DRAFT_MAIL = r"/messages$", r"/send$", r"/messages(/[^/]+/createReply)?$"
SEND_TEXT, SEND_SENDGRID = r"/Messages\.json$", r"/mail/send$"
# "before": the provider never saw the request; "after": it did, and only the answer is lost.
PROVIDER_FAULTS = (
    ("chat", {"match": {"method": "POST", "path": SEND_CHAT}, "when": "before", "drop_connection": True}),
    ("chat", {"match": {"method": "POST", "path": SEND_CHAT}, "when": "after", "drop_connection": True}),
    ("chat", {"match": {"method": "POST", "path": SEND_CHAT}, "delay_s": 2.0}),
    ("chat", {"match": {"method": "POST", "path": SEND_CHAT}, "when": "before", "status": 503}),
    ("chat", {"match": {"method": "POST", "path": SEND_CHAT}, "when": "after", "truncate": 10}),
    ("mail", {"match": {"method": "POST", "path": SEND_MAIL}, "when": "after", "drop_connection": True}),
    ("mail", {"match": {"method": "POST", "path": SEND_MAIL}, "when": "before", "drop_connection": True}),
    ("mail", {"match": {"method": "POST", "path": DRAFT_MAIL}, "when": "after", "drop_connection": True}),
    ("mail", {"match": {"method": "GET", "path": "delta"}, "delay_s": 1.5}),
    ("mail", {"match": {"method": "GET", "path": ""}, "when": "before", "status": 503}),
    ("text", {"match": {"method": "POST", "path": SEND_TEXT}, "when": "after", "drop_connection": True}),
    ("text", {"match": {"method": "POST", "path": SEND_TEXT}, "when": "before", "drop_connection": True}),
    ("text", {"match": {"method": "POST", "path": SEND_TEXT}, "when": "before", "status": 503}),
    ("sendgrid", {"match": {"method": "POST", "path": SEND_SENDGRID}, "when": "after", "drop_connection": True}),
    ("sendgrid", {"match": {"method": "POST", "path": SEND_SENDGRID}, "when": "before", "status": 429}),
)


@dataclass
class Toll:
    """What was done to the house."""

    points: Counter[str] = field(default_factory=Counter)
    random: Counter[str] = field(default_factory=Counter)
    flushes: int = 0
    database_stops: int = 0
    database_stalls: int = 0
    locks: int = 0
    provider_faults: int = 0
    storage_faults: int = 0
    missed: Counter[str] = field(default_factory=Counter)  # armed, and nobody came by in time

    @property
    def kills(self) -> int:
        return self.points.total() + self.random.total()

    @property
    def never_reached(self) -> list[str]:
        return [point.name for point in POINTS if not self.points[point.name]]


@dataclass(frozen=True)
class Armed:
    point: Point
    until: float


class Storm:
    """Lets it blow until `kills` processes were killed and, in a long run, every point was reached; at most `seconds`."""

    def __init__(
        self, house: House, company: Company, *, kills: int, seconds: float, seed: int, wants_all_points: bool = True
    ) -> None:
        self._house, self._company, self._kills = house, company, kills
        self._seconds = seconds
        self._wants_all_points = wants_all_points
        self._dice = random.Random(seed)
        self._armed: list[Armed] = []
        self._queue: list[Point] = []
        self._due: dict[str, float] = {"storage": 0.0}  # at once, so that a short run has it, too
        self._full_until = 0.0
        self.toll = Toll()

    def blow(self) -> Toll:
        """Run the storm; afterwards no fault is left behind but what it has done."""
        deadline = time.monotonic() + self._seconds
        while time.monotonic() < deadline and not self._is_enough():
            self._house.look_after()
            self._count_deaths()
            self._arm()
            self._on_time("kill", RANDOM_KILL_SECONDS, self._kill_somebody)
            self._on_time("flush", FLUSH_SECONDS, self._flush)
            self._on_time("database", DATABASE_SECONDS, self._stop_database)
            self._on_time("stall", STALL_SECONDS, self._stall_database)
            self._on_time("lock", LOCK_SECONDS, self._hold_lock)
            self._on_time("provider", PROVIDER_SECONDS, self._spoil_provider)
            self._on_time("storage", STORAGE_SECONDS, self._fill_storage)
            self._empty_storage()
            time.sleep(STEP_SECONDS)
        self._lift()
        return self.toll

    def _is_enough(self) -> bool:
        is_long = self._wants_all_points and self._kills >= len(POINTS)
        return self.toll.kills >= self._kills and not (is_long and self.toll.never_reached)

    def _count_deaths(self) -> None:
        """Whoever passed an armed point has removed its file and is dead."""
        now = time.monotonic()
        left = []
        for armed in self._armed:
            if not self._file(armed.point.name).exists():
                self.toll.points[armed.point.name] += 1
            elif now > armed.until:
                self._file(armed.point.name).unlink(missing_ok=True)
                self.toll.missed[armed.point.name] += 1
            else:
                left.append(armed)
        self._armed = left

    def _arm(self) -> None:
        if len(self._armed) >= ARMED_AT_ONCE:
            return
        point = self._next_point()
        names = {armed.point.name for armed in self._armed}
        by_name = {known.name: known for known in POINTS}
        for one in (by_name[point.after], point) if point.after else (point,):
            if one.name not in names:
                seconds = ARMED_SECONDS * (2 if one.after else 1)
                self._file(one.name).touch()
                self._armed.append(Armed(one, time.monotonic() + seconds))

    def _next_point(self) -> Point:
        if not self._queue:
            missing = [point for point in POINTS if not self.toll.points[point.name]]
            self._queue = self._dice.sample(POINTS, len(POINTS)) if not missing else self._dice.sample(missing, len(missing))
        return self._queue.pop()

    def _kill_somebody(self) -> None:
        target = self._dice.choice(RANDOM_TARGETS)
        pids = self._house.pids(target)
        if not pids:
            return
        try:
            os.kill(self._dice.choice(pids), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.toll.random[target] += 1

    def _flush(self) -> None:
        self._house.servers.flush_redis()
        self.toll.flushes += 1

    def _stop_database(self) -> None:
        self._house.servers.restart_postgres(immediate=True)
        self.toll.database_stops += 1

    def _stall_database(self) -> None:
        with self._house.halted_database():
            time.sleep(FAULT_SECONDS)
        self.toll.database_stalls += 1

    def _hold_lock(self) -> None:
        """Somebody has a table for themselves alone, as a migration or a careless hand would."""
        table = self._dice.choice(LOCKED_TABLES)
        try:
            with psycopg.connect(self._house.servers.urls.database_url.replace("+psycopg", "")) as connection:
                connection.execute("SET LOCAL lock_timeout = '3s'")
                connection.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
                time.sleep(FAULT_SECONDS)
        except psycopg.OperationalError:
            return  # it was in use all the time, or the server was stopped meanwhile
        self.toll.locks += 1

    def _spoil_provider(self) -> None:
        where, fault = self._dice.choice(PROVIDER_FAULTS)
        order(self._company.provider_urls[where], "fault", fault)
        self.toll.provider_faults += 1

    def _fill_storage(self) -> None:
        self._house.disk.fill()
        self._full_until = time.monotonic() + self._dice.uniform(*FULL_SECONDS)
        self.toll.storage_faults += 1

    def _empty_storage(self) -> None:
        if self._full_until and time.monotonic() > self._full_until:
            self._house.disk.empty()
            self._full_until = 0.0

    def _on_time(self, name: str, seconds: tuple[float, float], action: Callable[[], None]) -> None:
        now = time.monotonic()
        due = self._due.setdefault(name, now + self._dice.uniform(*seconds) / 2)
        if now >= due:
            action()
            self._due[name] = time.monotonic() + self._dice.uniform(*seconds)

    def _lift(self) -> None:
        self._house.disk.empty()
        self._count_deaths()
        for armed in self._armed:
            self._file(armed.point.name).unlink(missing_ok=True)
        for url in self._company.provider_urls.values():
            order(url, "fault", method="DELETE")

    def _file(self, name: str) -> Path:
        return self._house.crash_dir / name
