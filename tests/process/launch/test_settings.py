"""Settings: what is accepted, what is refused and in which words, what is made and kept."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from app.config import RUN_LOCK, RUNNING_FILE, SettingError, Settings, load_settings, setting_names
from app.core.crypto import generate_key


def load(folder: Path, **environ: str) -> Settings:
    return load_settings({"DATA_DIR": str(folder), **environ})


def test_an_empty_environment_gives_a_working_installation(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 5000, "http://127.0.0.1:5000")
    assert settings.storage_url == f"file://{tmp_path}/storage"
    assert (settings.database_url, settings.redis_url, settings.demo) == ("", "", False)


@pytest.mark.parametrize(
    "name, value",
    [
        ("PORT", "abc"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "-1"),
        ("PORT", "٥٠٠٠"),
        ("DEMO", "maybe"),
        ("DATABASE_URL", "mysql://host/db"),
        ("DATABASE_URL", "not an address"),
        ("REDIS_URL", "unix:///run/redis.sock"),
        ("SECRET_KEY", "short"),
        ("ENCRYPTION_KEYS", "1:notbase64!"),
        ("ENCRYPTION_KEYS", "nonsense"),
        ("PUBLIC_URL", "switchyard.example"),
        ("PUBLIC_URL", "https://host:port"),
        ("STORAGE_URL", "s3://bucket/prefix"),
        ("STORAGE_URL", "file://relative/folder"),
        ("OUTBOUND_ALLOW", "10.0.0.0/8,nonsense"),
        ("OUTBOUND_ALLOW_MAIL", "nonsense"),
        ("SIMULATED_HOSTS", "127.0.0.1:5111"),  # outside a demo
        ("OUTBOUND_PORTS", "443,https"),
        ("OUTBOUND_PORTS", "70000"),
        ("LOG_FORMAT", "xml"),
        ("GRAPH_BASE_URL", "ftp://graph"),
        ("WEB_WORKERS", "none"),
        ("SWEEP_SECONDS", "1.5"),
        ("DATA_DIR", "/proc/nowhere"),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line_that_names_it(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        load(tmp_path, **{name: value})
    text = str(refusal.value)
    assert text.startswith(f"{name}: ")
    assert "\n" not in text


@pytest.mark.parametrize("name, value", [("SECRET_KEY", "hunter2"), ("ENCRYPTION_KEYS", "1:c2VjcmV0")])
def test_a_refusal_shows_no_secret(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(SettingError) as refusal:
        load(tmp_path, **{name: value})
    assert value not in str(refusal.value)


def test_the_settings_show_no_secret_when_printed(tmp_path: Path) -> None:
    settings = load(tmp_path, DATABASE_URL="postgresql://me:hunter2@host/db", REDIS_URL="redis://:hunter3@host")
    shown = repr(settings)
    assert not [word for word in ("hunter2", "hunter3", settings.secret_key, settings.encryption_keys) if word in shown]


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_address_reaches_the_same_driver(tmp_path: Path, scheme: str) -> None:
    assert load(tmp_path, DATABASE_URL=f"{scheme}://me@host/db").database_url == "postgresql+psycopg://me@host/db"


def test_an_empty_variable_counts_as_unset(tmp_path: Path) -> None:
    assert load(tmp_path, PORT="", DATABASE_URL="  ").port == 5000


def test_secrets_are_made_once_and_only_for_their_owner(tmp_path: Path) -> None:
    first, second = load(tmp_path), load(tmp_path)
    assert (first.secret_key, first.encryption_keys) == (second.secret_key, second.encryption_keys)
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("secret_key", "encryption_keys")} == {0o600}


def test_a_secret_emptied_by_accident_is_not_replaced_silently(tmp_path: Path) -> None:
    load(tmp_path)
    (tmp_path / "encryption_keys").write_text("")
    with pytest.raises(SettingError, match=r"ENCRYPTION_KEYS: .* is empty; put it back from a backup"):
        load(tmp_path)


def test_production_makes_do_with_nothing(tmp_path: Path) -> None:
    secrets = {"SECRET_KEY": "k" * 32, "ENCRYPTION_KEYS": generate_key()}
    complete = {"PRODUCTION": "1", "PUBLIC_URL": "https://inbox.example", **secrets}
    assert load(tmp_path, **complete).production
    for name in ("PUBLIC_URL", "SECRET_KEY", "ENCRYPTION_KEYS"):
        with pytest.raises(SettingError, match=f"^{name}: "):
            load(tmp_path, **{key: value for key, value in complete.items() if key != name})
    with pytest.raises(SettingError, match=r"^DEMO: "):
        load(tmp_path, **complete, DEMO="1")


def test_the_demo_is_quicker_than_the_real_thing(tmp_path: Path) -> None:
    demo, real = load(tmp_path, DEMO="1"), load(tmp_path)
    assert (demo.unknown_settle_seconds, demo.poll_mail_seconds) == (30, 2)
    assert (real.unknown_settle_seconds, real.poll_mail_seconds) == (900, 60)


def test_mail_uses_the_public_host_only_if_mail_could(tmp_path: Path) -> None:
    assert load(tmp_path, PUBLIC_URL="https://inbox.example.com/").mail_domain == "inbox.example.com"
    assert load(tmp_path, PUBLIC_URL="http://192.168.1.9:5000").mail_domain == "switchyard.localhost"


def test_a_command_joins_the_run_that_holds_the_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / RUNNING_FILE).write_text(json.dumps({"DATABASE_URL": "postgresql://running@/db", "DEMO": "1"}))
    assert load(tmp_path).database_url == ""
    with (tmp_path / RUN_LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        joined = load(tmp_path, DEMO="0")
        assert load_settings({"DATA_DIR": str(tmp_path)}, join=False).database_url == ""
    assert (joined.database_url, joined.demo) == ("postgresql+psycopg://running@/db", False)
    assert load(tmp_path).database_url == ""


def test_every_setting_has_a_name_in_capitals() -> None:
    assert "DATABASE_URL" in setting_names()
    assert all(name == name.upper() for name in setting_names())
