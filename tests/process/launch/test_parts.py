"""The small pieces of the supervisor, each alone."""

from __future__ import annotations

import io
import socket
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.config import Settings
from app.process.background.forks import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, next_pause
from app.process.launch.console import Console
from app.process.launch.lock import FolderLock, InUse
from app.process.launch.migration import BadName, write_migration
from app.process.launch.parts import choose_simulator_ports, told_environment, web
from app.process.launch.ports import free_port
from app.process.launch.process import without
from app.process.launch.reset import NotOnlyADemo, note_purpose, reset_demo
from app.process.launch.servers import ServerUrls
from app.process.launch.supervisor import describe_exit

URLS = ServerUrls("postgresql+psycopg://embedded", "redis://embedded")
PORTS = {
    "whatsapp": 5101,
    "graph": 5102,
    "notices": 5103,
    "smtp": 5104,
    "twilio": 5105,
    "mailserver": 5106,
    "submission": 5107,
    "imap": 5108,
    "sendgrid": 5109,
    "pdok": 5110,
    "fillout": 5111,
    "make": 5112,
    "receiver": 5113,
}


def test_the_demo_sends_every_provider_call_to_the_simulators() -> None:
    told = told_environment(Settings(demo=True), URLS, PORTS, {})
    assert told["WHATSAPP_BASE_URL"] == "http://127.0.0.1:5101"
    assert told["GRAPH_BASE_URL"] == told["LOGIN_AUTHORITY"] == "http://127.0.0.1:5102"
    assert told["SENDGRID_BASE_URL"] == "http://127.0.0.1:5109"
    assert told["OUTBOUND_ALLOW"] == told["OUTBOUND_ALLOW_MAIL"] == "127.0.0.0/8"
    assert told["SIMULATED_HOSTS"] == "127.0.0.1:5111"
    assert told["PUSH_HOSTS"].endswith(",http://127.0.0.1:5103")
    assert told["TEAMS_HOSTS"].endswith(",http://127.0.0.1:5103")
    assert told["SMTP_URL"] == "smtp://127.0.0.1:5104"


def test_an_address_named_by_the_operator_wins_over_the_simulators() -> None:
    told = told_environment(Settings(outbound_allow=("10.0.0.0/8",)), URLS, PORTS, {"GRAPH_BASE_URL": "https://graph.example"})
    assert told["GRAPH_BASE_URL"] == "https://graph.example"
    assert told["OUTBOUND_ALLOW"] == "10.0.0.0/8,127.0.0.0/8"


def test_without_simulators_no_loopback_is_opened() -> None:
    told = told_environment(Settings(), URLS, None, {})
    assert not {
        "PUSH_HOSTS",
        "TEAMS_HOSTS",
        "SMTP_URL",
        "OUTBOUND_ALLOW",
        "OUTBOUND_ALLOW_MAIL",
        "SIMULATED_HOSTS",
        "WHATSAPP_BASE_URL",
        "TWILIO_BASE_URL",
        "GRAPH_BASE_URL",
        "LOGIN_AUTHORITY",
    } & set(told)


def test_servers_of_the_operator_are_told_on_when_none_was_embedded() -> None:
    settings = Settings(database_url="postgresql+psycopg://theirs", redis_url="redis://theirs")
    told = told_environment(settings, ServerUrls("", ""), None, {})
    assert (told["DATABASE_URL"], told["REDIS_URL"]) == ("postgresql+psycopg://theirs", "redis://theirs")


def test_simulator_ports_can_be_given() -> None:
    names = (
        "WHATSAPP",
        "GRAPH",
        "NOTICES",
        "SMTP",
        "TWILIO",
        "MAILSERVER",
        "SUBMISSION",
        "IMAP",
        "SENDGRID",
        "PDOK",
        "FILLOUT",
        "MAKE",
        "RECEIVER",
    )
    assert choose_simulator_ports({f"{name}_SIM_PORT": str(5101 + n) for n, name in enumerate(names)}) == PORTS
    assert choose_simulator_ports({})["whatsapp"] > 0


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a bound socket keeps its own server out too")
def test_a_free_port_is_kept_for_whoever_it_was_chosen_for() -> None:
    port = free_port()
    with socket.socket() as somebody_else, pytest.raises(OSError, match="in use"):
        somebody_else.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)) as server:
        socket.create_connection(server.getsockname(), timeout=5).close()


def test_an_ipv6_host_is_bound_in_brackets() -> None:
    assert "[::1]:5000" in web(Settings(host="::1")).argv


def test_pauses_double_up_to_a_limit_and_start_over_once_a_part_has_settled() -> None:
    pauses = [FIRST_PAUSE_SECONDS]
    for _ in range(10):
        pauses.append(next_pause(pauses[-1], lived_seconds=0))
    assert pauses[:4] == [0.5, 1, 2, 4]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    assert next_pause(pauses[-1], lived_seconds=3600) == FIRST_PAUSE_SECONDS


def test_an_exit_is_told_in_words() -> None:
    assert [describe_exit(code) for code in (0, 3, -9)] == ["ended", "ended with exit code 3", "was ended by SIGKILL"]


def test_every_line_carries_the_name_of_its_part_and_no_colour_off_a_terminal() -> None:
    stream = io.StringIO()
    Console(stream).line("web", "hello")
    assert stream.getvalue() == "web        | hello\n"


def test_lines_are_coloured_by_part_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    console = Console(stream)
    console.line("web", "1")
    console.line("live", "2")
    assert stream.getvalue() == "\033[36mweb        |\033[0m 1\n\033[35mlive       |\033[0m 2\n"


def test_a_terminal_that_has_gone_away_stops_nothing() -> None:
    stream = io.StringIO()
    console = Console(stream)
    stream.close()
    console.say("nobody hears this")


def test_noise_is_left_out_and_the_rest_handed_on() -> None:
    heard: list[str] = []
    hand_on = without(["known"], lambda _name, line: heard.append(line))
    for line in ("well known words", "news"):
        hand_on("postgres", line)
    assert heard == ["news"]


def test_a_lock_is_let_go_and_names_its_holder(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "lock"), FolderLock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(InUse, match="in use by another run"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_migration_gets_the_next_number_and_moves_head(tmp_path: Path) -> None:
    (tmp_path / "versions").mkdir()
    (tmp_path / "HEAD").write_text("0009\n")
    path = write_migration("add_tags", tmp_path)
    assert path.name == "0010_add_tags.py"
    assert 'revision = "0010"\ndown_revision = "0009"' in path.read_text()
    assert (tmp_path / "HEAD").read_text() == "0010\n"
    compile(path.read_text(), path.name, "exec")


@pytest.mark.parametrize("name", ["", "Add Tags", "../evil", "9lives"])
def test_a_migration_with_an_unusable_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadName, match="make migration NAME=add_tags"):
        write_migration(name, tmp_path)


def test_a_demo_is_forgotten_but_its_keys_stay(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, demo=True)
    note_purpose(settings)
    for name in ("postgres", "storage"):
        (tmp_path / name).mkdir()
    (tmp_path / "secret_key").write_text("kept")
    reset_demo(settings)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["purpose", "run.lock", "secret_key"]


def test_a_folder_that_was_ever_used_for_real_is_not_reset(tmp_path: Path) -> None:
    demo = Settings(data_dir=tmp_path, demo=True)
    note_purpose(demo)
    note_purpose(replace(demo, demo=False))
    note_purpose(demo)
    (tmp_path / "postgres").mkdir()
    with pytest.raises(NotOnlyADemo, match="was also used without DEMO"):
        reset_demo(demo)
    assert (tmp_path / "postgres").is_dir()


def test_data_from_before_the_first_note_count_as_real(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    settings = Settings(data_dir=tmp_path, demo=True)
    note_purpose(settings)
    with pytest.raises(NotOnlyADemo):
        reset_demo(settings)


def test_a_database_of_the_operators_own_is_never_reset(tmp_path: Path) -> None:
    with pytest.raises(NotOnlyADemo, match=r"^DATABASE_URL: "):
        reset_demo(Settings(data_dir=tmp_path, demo=True, database_url="postgresql+psycopg://theirs"))


def test_a_running_demo_is_not_reset(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, demo=True)
    note_purpose(settings)
    lock = FolderLock(tmp_path / "run.lock")
    lock.acquire()
    with pytest.raises(InUse):
        reset_demo(settings)
    lock.release()
