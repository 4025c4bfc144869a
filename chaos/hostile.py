"""`python -m chaos hostile`: mixed hostile input for as long as is asked, while a customer writes and somebody looks on.

Nobody is killed here. It hurts by the shape of what is posted, at a rate one machine can post beside the application. The goals:
`/readyz` stays ready, a customer's mail is listed within SECONDS_TO_SEE, memory stays flat, nothing restarts.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import requests
import sqlalchemy as sa

from bench.memory import held_by
from chaos.bodies import MAILS, MEGABYTE, TO
from chaos.company import PARSE_KEY, found_company, introduce
from chaos.house import House

SECONDS_TO_SEE = 5.0
GROWTH = 1.15  # the most that memory may be of what it was, once all is warm
MAIL_EVERY, LOOK_EVERY, WEIGH_EVERY, LIST_EVERY = 5.0, 1.0, 15.0, 0.25
PATIENCE_SECONDS = 60.0
SLOW_BODIES, HALF_OPEN = 20, 60
WARM_UP_SECONDS = 20.0
AS_IN_PRODUCTION = {"LEASE_SECONDS": "60"}  # an expensive mail may take its whole budget
KEYED, UNKEYED = f"/webhooks/email/inbound/{PARSE_KEY}", "/webhooks/email/inbound/guess"
A_MAIL = {"Content-Type": "message/rfc822"}


@dataclass
class Watch:
    """What was seen; seconds since the start with each."""

    looks: int = 0
    troubles: Counter[str] = field(default_factory=Counter)  # by what /readyz said
    seen_after: list[float] = field(default_factory=list)
    never_seen: int = 0
    mib: list[float] = field(default_factory=list)
    mib_by_kind: list[Counter[str]] = field(default_factory=list)
    posted: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)

    def misses(self, *, restarts: int, unfinished: int) -> list[str]:
        """The goals that were missed, in words; none is what is wanted."""
        found = [f"{count} of {self.looks} looks: {what}" for what, count in self.troubles.items()]
        late = [seconds for seconds in self.seen_after if seconds > SECONDS_TO_SEE]
        if late or self.never_seen:
            found.append(f"{len(late)} mails took longer than {SECONDS_TO_SEE:.0f} s to be listed, {self.never_seen} were not")
        if growth_of(self.mib) > GROWTH:
            found.append(f"memory grew by {growth_of(self.mib) - 1:.0%}")
        found += [f"{restarts} restarts"] if restarts else []
        return found + ([f"{unfinished} events unfinished"] if unfinished else [])


def growth_of(mib: Sequence[float]) -> float:
    """The last quarter's median by that of the second; the first is for getting warm. 1.0 for too few."""
    quarter = len(mib) // 4
    return statistics.median(mib[-quarter:]) / statistics.median(mib[quarter : 2 * quarter]) if quarter else 1.0


class Hostile:
    """Owns the application for the time of one run."""

    def __init__(self, folder: Path, *, seconds: float) -> None:
        self._house, self._seconds = House(folder, small_disk=False, settings=AS_IN_PRODUCTION), seconds
        self._stopping = threading.Event()
        self.watch = Watch()

    def carry_out(self) -> list[str]:
        """Returns the goals that were missed."""
        try:
            self._house.start()
            settings = self._house.settings
            self._company = found_company(settings, ports=self._house.ports)
            database = sa.create_engine(settings.database_url)
            self._house.open_doors()
            introduce(self._company, settings)
            time.sleep(WARM_UP_SECONDS)
            self._attack_and_watch()
            unfinished = self._unfinished(database)
            database.dispose()
            return self.watch.misses(restarts=self._house.restarts, unfinished=unfinished)
        finally:
            self._stopping.set()
            self._house.stop()

    def _attack_and_watch(self) -> None:
        tasks: list[Callable[[], None]] = [
            *(self._post_mails, self._post_unkeyed, self._post_large, self._guess_tokens, self._drip, self._open_and_be_silent),
            *(self._write_as_customer, self._look, self._weigh),
        ]
        threads = [threading.Thread(target=task, daemon=True) for task in tasks]
        for thread in threads:
            thread.start()
        ends_at = time.monotonic() + self._seconds
        while time.monotonic() < ends_at:
            self._house.look_after()
            self._stopping.wait(0.5)
        self._stopping.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS + 10)

    def _unfinished(self, database: sa.Engine) -> int:
        """What is still open when it had its time to be worked off."""
        query = sa.text("SELECT count(*) FROM inbound_events WHERE state IN ('ready', 'running')")
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            with database.connect() as connection:
                count = int(connection.execute(query).scalar_one())
            if not count or time.monotonic() > ends_at:
                return count
            time.sleep(1)

    # Those who mean harm.

    def _post_mails(self) -> None:
        """One after the other, with the right key: anybody may write to the company."""
        while True:
            for name, make in MAILS.items():
                self._post(name, KEYED, make(), A_MAIL)
                if self._stopping.wait(2.0):
                    return

    def _post_unkeyed(self) -> None:
        posts = (
            ("wrong key", UNKEYED, "message/rfc822"),
            ("unsigned chat", "/webhooks/whatsapp", "application/json"),
            ("unsigned text", "/webhooks/sms", "application/x-www-form-urlencoded"),
            ("unsigned reports", "/webhooks/sendgrid/events", "application/json"),
            ("broken form", UNKEYED, "multipart/form-data; boundary=x"),
        )
        while not self._stopping.is_set():
            for name, path, content_type in posts:
                self._post(name, path, b"--x\r\n" + os.urandom(2_000), {"Content-Type": content_type})
                if self._stopping.wait(0.4):
                    return

    def _post_large(self) -> None:
        body = b"x" * (30 * MEGABYTE)
        while not self._stopping.wait(10.0):
            self._post("30 MB, wrong key", UNKEYED, body, A_MAIL)

    def _guess_tokens(self) -> None:
        while not self._stopping.wait(1.5):
            guess = {"Authorization": f"Bearer {os.urandom(20).hex()}", "Content-Type": "application/json"}
            self._post("guessed token", "/api/v1/communication/threads", b"{" * 10_000, guess)

    def _post(self, name: str, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.watch.posted[name] += 1
        try:
            answer = requests.post(self._company.url + path, data=body, headers=headers, timeout=PATIENCE_SECONDS)
            self.watch.answers[str(answer.status_code)] += 1
        except requests.RequestException as error:
            self.watch.answers[type(error).__name__] += 1

    def _drip(self) -> None:
        """Bodies that come a byte a second, as many at once as SLOW_BODIES."""
        head = b"POST /webhooks/whatsapp HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
        self._hold(SLOW_BODIES, head, b"x")

    def _open_and_be_silent(self) -> None:
        """Connections on which half a request line comes and then nothing."""
        self._hold(HALF_OPEN, b"GET /inbox HT", b"")

    def _hold(self, count: int, head: bytes, more: bytes) -> None:
        held: list[socket.socket] = []
        while not self._stopping.wait(1.0):
            held = [line for line in held if _still_open(line, more)]
            while len(held) < count and (line := self._connect(head)) is not None:
                held.append(line)
        for line in held:
            line.close()

    def _connect(self, head: bytes) -> socket.socket | None:
        at = urlsplit(self._company.url)
        try:
            line = socket.create_connection((at.hostname or "", at.port or 80), timeout=2)
            line.sendall(head)
            line.setblocking(False)
        except OSError:
            return None
        self.watch.posted["held connection"] += 1
        return line

    # Those who are held up, and those who look on.

    def _write_as_customer(self) -> None:
        number = 0
        while not self._stopping.is_set():
            began, number = time.monotonic(), number + 1
            subject = f"Wallbox {os.urandom(6).hex()}"
            sender = f"Jan <jan{number}@customer.example>"
            mail = f"From: {sender}\r\nTo: {TO}\r\nSubject: {subject}\r\nMessage-ID: <{number}@customer.example>\r\n\r\nHoi"
            self._post("customer's mail", KEYED, mail.encode(), A_MAIL)
            if self._is_listed(subject, until=began + PATIENCE_SECONDS):
                self.watch.seen_after.append(time.monotonic() - began)
            else:
                self.watch.never_seen += 1
            self._stopping.wait(max(0.0, began + MAIL_EVERY - time.monotonic()))

    def _is_listed(self, subject: str, *, until: float) -> bool:
        headers = {"Authorization": f"Bearer {self._company.agent_tokens[0]}"}
        while time.monotonic() < until:
            try:
                found = requests.get(f"{self._company.url}/api/v1/communication/threads?limit=50", headers=headers, timeout=30)
                if found.ok and subject in found.text:
                    return True
            except requests.RequestException:
                pass
            time.sleep(LIST_EVERY)
        return False

    def _look(self) -> None:
        while not self._stopping.wait(LOOK_EVERY):
            self.watch.looks += 1
            try:
                answer = requests.get(f"{self._company.url}/readyz", timeout=10)
                if not answer.ok:
                    self.watch.troubles[_trouble_in(answer)] += 1
            except requests.RequestException as error:
                self.watch.troubles[type(error).__name__] += 1

    def _weigh(self) -> None:
        me = psutil.Process()
        while not self._stopping.wait(WEIGH_EVERY):
            kinds: Counter[str] = Counter()
            for held in held_by(me)[1:]:  # without this process
                kinds[held.name] += round(held.pss_mib)
            self.watch.mib.append(kinds.total())
            self.watch.mib_by_kind.append(kinds)


def _trouble_in(answer: requests.Response) -> str:
    """The checks that failed, without their seconds."""
    try:
        checks = answer.json()["checks"].items()
    except (ValueError, KeyError):
        return str(answer.status_code)
    return ", ".join(f"{name} {re.sub('[0-9]+', 'N', str(state))}" for name, state in checks if state != "ok")


def _still_open(line: socket.socket, more: bytes) -> bool:
    try:
        line.send(more)
        return line.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def as_text(watch: Watch, misses: Sequence[str]) -> str:
    """The table that is printed."""
    seen = sorted(watch.seen_after) or [float("nan")]
    lines: list[tuple[str, Any]] = [
        ("posted", ", ".join(f"{count} {name}" for name, count in sorted(watch.posted.items()))),
        ("answered", ", ".join(f"{count} × {name}" for name, count in watch.answers.most_common())),
        ("/readyz", f"{watch.looks - watch.troubles.total()} of {watch.looks} looks ready"),
        (
            "customer's mail listed after",
            f"median {statistics.median(seen):.1f} s, p95 {seen[int(len(seen) * 0.95) - 1]:.1f} s, at most {seen[-1]:.1f} s "
            f"({len(watch.seen_after)} mails)",
        ),
        ("memory", f"{watch.mib[0]:.0f} MiB at first, {watch.mib[-1]:.0f} at the end, growth {growth_of(watch.mib):.2f}"
         if watch.mib else "not weighed"),
        *_growth_by_kind(watch.mib_by_kind),
        ("missed", "; ".join(misses) or "nothing"),
    ]  # fmt: skip
    return "\n".join(f"{name:30}{text}" for name, text in lines)


def _growth_by_kind(weighed: Sequence[Counter[str]]) -> list[tuple[str, str]]:
    """The kinds of process that hold most at the end."""
    if not weighed:
        return []
    middle, last = weighed[len(weighed) // 2], weighed[-1]
    return [(f"  {kind[-26:]}", f"{weighed[0][kind]}, {middle[kind]}, {mib} MiB") for kind, mib in last.most_common(8)]


def main(argv: Sequence[str]) -> int:
    """Exit status 0 if every goal was met."""
    parser = argparse.ArgumentParser(prog="python -m chaos hostile", description="Hostile input while a customer writes.")
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (%(default)s)")
    arguments = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="switchyard-hostile-"))
    run = Hostile(folder, seconds=arguments.minutes * 60)
    misses = run.carry_out()
    print(f"{arguments.minutes:.0f} minutes, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(as_text(run.watch, misses))
    if misses:
        print(f"lines and data are kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if misses else 0
