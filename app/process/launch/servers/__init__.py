"""Start and stop the embedded PostgreSQL and Valkey (`EmbeddedServers`), for make run, tests, bench and chaos.

The servers are children of the calling process and end with it: by `stop()`, or by a signal if the process is killed. A lock
lets only one `EmbeddedServers` at a time use a folder. Call it from the main thread if you can: only then does Linux end the
servers when the process dies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from app.process.launch.lock import FolderLock, InUse
from app.process.launch.process import OnLine, Process
from app.process.launch.servers.accounts import server_account
from app.process.launch.servers.postgres import Postgres, ServerError
from app.process.launch.servers.valkey import Valkey

__all__ = ["EmbeddedServers", "InUse", "ServerError", "ServerUrls"]

LOCK = "servers.lock"
LOG = "servers.log"


@dataclass(frozen=True)
class ServerUrls:
    """The URLs of the started servers. The URL is "" for a server that was not requested."""

    database_url: str
    redis_url: str


class EmbeddedServers:
    """PostgreSQL and Valkey with their data in `data_dir`.

    Each line that they print is passed to `on_line(name, line)`, or by default written to servers.log in `data_dir`.
    `durable=False` makes PostgreSQL faster, but data may be lost in a power cut: for tests only.
    """

    def __init__(
        self, data_dir: Path, *, postgres: bool = True, redis: bool = True, durable: bool = True, on_line: OnLine | None = None
    ) -> None:
        data_dir = data_dir.absolute()
        data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = FolderLock(data_dir / LOCK)
        self._on_line = on_line or _log_to(data_dir / LOG)
        account = server_account() if postgres or redis else None
        self._postgres = Postgres(data_dir, account=account, on_line=self._on_line, durable=durable) if postgres else None
        self._valkey = Valkey(data_dir, account=account, on_line=self._on_line) if redis else None

    def start(self) -> ServerUrls:
        """Start the servers asked for and wait until they answer. Raises InUse or ServerError; then nothing is left running."""
        self._lock.acquire()
        try:
            if self._valkey:
                self._valkey.start()
            if self._postgres:
                self._postgres.start()
        except BaseException:
            self.stop(grace_seconds=1)
            raise
        return self.urls

    def stop(self, *, grace_seconds: float = 30) -> None:
        """End the servers, Valkey first; harmless when they are not running."""
        if self._valkey:
            self._valkey.stop()
        if self._postgres:
            self._postgres.stop(grace_seconds=grace_seconds)
        self._lock.release()

    @property
    def urls(self) -> ServerUrls:
        """The URLs of the servers. They stay the same until `stop`, even if a server is restarted."""
        return ServerUrls(
            database_url=self._postgres.url() if self._postgres else "",
            redis_url=self._valkey.url if self._valkey else "",
        )

    @property
    def processes(self) -> list[Process]:
        """The running server processes, in starting order."""
        running = [server.process for server in (self._valkey, self._postgres) if server]
        return [process for process in running if process]

    def revive(self) -> list[str]:
        """Start again the servers that have ended by themselves; return their names."""
        ended = [process.name for process in self.processes if process.exit_code is not None]
        if "valkey" in ended:
            self.restart_redis()
        if "postgres" in ended:
            self.restart_postgres()
        return ended

    def restart_postgres(self, *, immediate: bool = True) -> None:
        """Stop and start PostgreSQL at the same URL; `immediate` stops it as a crash does, so that it has to recover."""
        self._need_postgres().restart(immediate=immediate)

    def restart_redis(self) -> None:
        """Kill Valkey and start an empty one at the same URL."""
        if self._valkey is None:
            raise ServerError("this run has no Valkey of its own")
        self._valkey.restart()

    def flush_redis(self) -> None:
        """Delete everything in Valkey. Raises ServerError if this run did not start Valkey."""
        if self._valkey is None:
            raise ServerError("this run has no Valkey of its own")
        self._valkey.flush()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database if it does not exist, as a copy of `template` if given; return its URL."""
        return self._need_postgres().create_database(name, template)

    def drop_database(self, name: str) -> None:
        """Drop a database whoever is connected to it; nothing happens if it is missing."""
        self._need_postgres().drop_database(name)

    def _need_postgres(self) -> Postgres:
        if self._postgres is None:
            raise ServerError("this run has no PostgreSQL of its own")
        return self._postgres

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def _log_to(path: Path) -> OnLine:
    def write(name: str, line: str) -> None:
        with path.open("a") as file:
            file.write(f"{name}: {line}\n")

    return write
