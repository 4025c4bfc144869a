"""The embedded servers: started, restarted, taken over, and never shared."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.process.launch.process import CHILD, Command, Process, stop
from app.process.launch.servers import EmbeddedServers, InUse, ServerError
from app.process.launch.servers.accounts import server_account
from app.process.launch.servers.postgres import SOCKET_NAME, SOCKET_PATH_BYTES
from tests.support.database import TestServers
from tests.support.processes import is_there
from tests.support.waiting import wait_until

pytestmark = pytest.mark.processes


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that PostgreSQL's user can reach; pytest's own is closed to it."""
    path = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def connect(servers: EmbeddedServers) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(servers.urls.database_url.replace("+psycopg", ""), autocommit=True)


def count_rows(servers: EmbeddedServers) -> object:
    with connect(servers) as connection:
        row = connection.execute("SELECT count(*) FROM kept").fetchone()
    return row[0] if row else None


def test_committed_rows_survive_a_crash_of_postgresql_and_a_new_start(folder: Path) -> None:
    servers = EmbeddedServers(folder)
    servers.start()
    with connect(servers) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (1)")
    servers.restart_postgres(immediate=True)
    assert count_rows(servers) == 1
    servers.stop()
    with EmbeddedServers(folder) as again:
        assert count_rows(again) == 1


@pytest.mark.full
def test_the_urls_stay_through_restarts_and_valkey_comes_back_empty(folder: Path) -> None:
    with EmbeddedServers(folder, durable=False) as servers:
        before = servers.urls
        client = redis.Redis.from_url(before.redis_url)
        client.set("key", "value")
        servers.restart_redis()
        assert client.get("key") is None
        client.set("key", "value")
        servers.flush_redis()
        assert client.get("key") is None
        assert servers.urls == before
        client.close()


def test_a_server_that_ended_by_itself_is_revived(folder: Path) -> None:
    with EmbeddedServers(folder, durable=False) as servers:
        assert servers.revive() == []
        killed = servers.processes
        for process in killed:
            os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda: all(process.exit_code is not None for process in killed), "what was killed to end")
        assert sorted(servers.revive()) == ["postgres", "valkey"]
        with connect(servers) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_folder_belongs_to_one_run(folder: Path) -> None:
    with EmbeddedServers(folder, postgres=False):
        with pytest.raises(InUse, match=f"is in use by another run \\(process {os.getpid()}\\)"):
            EmbeddedServers(folder, postgres=False).start()


def test_others_get_at_neither_the_data_nor_the_socket_nor_valkey(folder: Path) -> None:
    with EmbeddedServers(folder, durable=False) as servers:
        assert (folder / "postgres").stat().st_mode & 0o077 == 0
        assert (folder / "postgres-socket").stat().st_mode & 0o077 == 0
        password = servers.urls.redis_url.split(":")[2].split("@")[0]
        assert password not in " ".join(word for process in psutil.process_iter() for word in command_line(process))
        with redis.Redis.from_url(servers.urls.redis_url.replace(password, "")) as stranger:
            with pytest.raises(redis.AuthenticationError):
                stranger.ping()


def command_line(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.full
def test_a_path_too_long_for_a_socket_still_starts(folder: Path) -> None:
    deep = folder / ("a-folder-with-a-long-name" * 4) / "data"
    assert len(str(deep / SOCKET_NAME)) > SOCKET_PATH_BYTES
    with EmbeddedServers(deep, redis=False, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.full
def test_a_note_of_a_dead_server_whose_number_another_program_has_is_no_obstacle(folder: Path) -> None:
    with EmbeddedServers(folder, redis=False, durable=False):
        note = (folder / "postgres" / "postmaster.pid").read_text()
    sleeper = Process(
        Command(name="sleeper", argv=["/bin/sleep", "600"], env={}, cwd=folder, user=server_account()), lambda _name, _line: None
    )
    stale = "\n".join([str(sleeper.pid), *note.splitlines()[1:]]) + "\n"
    (folder / "postgres" / "postmaster.pid").write_text(stale)
    with EmbeddedServers(folder, redis=False, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert sleeper.exit_code is None
    stop([sleeper], number=signal.SIGTERM, grace_seconds=1)


@pytest.mark.full
def test_data_of_another_major_version_are_refused_with_a_way_out(folder: Path) -> None:
    with EmbeddedServers(folder, redis=False, durable=False):
        pass
    (folder / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(ServerError, match="was made by PostgreSQL 17, this is 18; dump it"):
        EmbeddedServers(folder, redis=False).start()


@pytest.mark.full
def test_half_made_data_are_made_again(folder: Path) -> None:
    (folder / "postgres.new").mkdir()
    (folder / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(folder, redis=False, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_servers_end_with_the_process_that_started_them_however_it_ends(folder: Path) -> None:
    script = """
        import sys, threading
        from pathlib import Path
        from app.process.launch.servers import EmbeddedServers
        servers = EmbeddedServers(Path(sys.argv[1]), durable=False)
        servers.start()
        print(*(process.pid for process in servers.processes), flush=True)
        threading.Event().wait()
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout is not None
        pids = [int(word) for word in starter.stdout.readline().split()]
        assert len(pids) == 2
        starter.kill()
    wait_until(lambda: not any(is_there(pid) for pid in pids), "the servers to end")
    with EmbeddedServers(folder, redis=False, durable=False) as servers, connect(servers) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_command_alone_gets_servers_for_its_own_time(folder: Path) -> None:
    script = """
        import os
        import psycopg
        from app.process.launch.join import settings_for_command
        settings = settings_for_command(os.environ)
        with psycopg.connect(settings.database_url.replace("+psycopg", "")) as connection:
            print(connection.execute("SELECT count(*) FROM users").fetchone()[0])
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(folder)}
    typed = subprocess.run(command, env=environ | {"FLASK_RUN_FROM_CLI": "true"}, capture_output=True, text=True, check=True)
    assert typed.stdout == "0\n"
    assert not (folder / "postgres" / "postmaster.pid").exists()
    served = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert "DATABASE_URL: is unset and nothing runs in" in served.stderr


def test_nothing_is_started_where_nothing_is_wanted(folder: Path) -> None:
    with EmbeddedServers(folder, postgres=False, redis=False) as servers:
        assert servers.processes == []
    assert [path.name for path in folder.iterdir()] == ["servers.lock"]


def test_a_databases_copy_has_its_rows(servers: TestServers) -> None:
    url = servers.embedded.create_database("first")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (id int)")
    copied = servers.embedded.create_database("copy", template="first")
    with psycopg.connect(copied.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)
    for name in ("copy", "copy", "first"):
        servers.embedded.drop_database(name)


def test_text_search_knows_what_a_letter_is_on_every_machine(servers: TestServers) -> None:
    with connect(servers.embedded) as connection:
        row = connection.execute("SELECT to_tsvector('simple', '“Écoute” — ÜNÏCODE')::text, 'B' < 'a', 'É' ILIKE 'é'").fetchone()
    assert row == ("'écoute':1 'ünïcode':2", True, True)


def test_a_child_whose_parent_has_gone_does_not_start(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    wrong_parent = "1"
    command = [sys.executable, "-I", "-S", str(CHILD), "15", wrong_parent, "-1", "-1", "/usr/bin/touch", str(mark)]
    assert subprocess.run(command, check=False).returncode == 1
    assert not mark.exists()
