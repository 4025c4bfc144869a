"""Read the settings from the environment, once, and create DATA_DIR. A wrong setting stops the start with one line of advice.

An empty variable counts as unset. While `make run` is running, a command in another terminal takes the variables it lacks
from DATA_DIR/running.json, which the supervisor writes (see `running_environment`).
"""

from __future__ import annotations

import fcntl
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import quote, urlsplit

from app.contract.provider import Setting
from app.core.crypto import BadKeys, generate_key, parse_keys
from app.providers.registry import SETTINGS as PROVIDER_SETTINGS

RUN_LOCK = "run.lock"
RUNNING_FILE = "running.json"
TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})
SECRET_KEY_CHARACTERS = 32


class SettingError(Exception):
    """Raised when a setting is missing or malformed. The message is one line: the setting's name first, no secret."""


@dataclass(frozen=True)
class Settings:
    """The settings. Each field is the environment variable of the same name in capitals; docs/settings.md lists them."""

    # Where the web server listens.
    host: str = "127.0.0.1"
    port: int = 5000
    # Everything this installation keeps on disk: embedded servers, stored files, generated keys.
    data_dir: Path = Path("var")
    # Empty: the PostgreSQL or Valkey that comes with the application is started under DATA_DIR.
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    # Signs sessions and mail addresses. Made once and kept in DATA_DIR when unset, except in production.
    secret_key: str = field(default="", repr=False)
    # Seal provider credentials at rest: "id:base64,id:base64", newest first (app/core/crypto.py). Made once like SECRET_KEY.
    encryption_keys: str = field(default="", repr=False)
    # Demonstration data, simulators, the Simulator page and quick timings. Never together with PRODUCTION.
    demo: bool = False
    # Demands SECRET_KEY, ENCRYPTION_KEYS and an https PUBLIC_URL instead of making do; cookies become https-only.
    production: bool = False
    # The address people and providers use, without a slash at the end.
    public_url: str = "http://127.0.0.1:5000"
    # Where attachments and raw mail are kept: file:///folder.
    storage_url: str = ""
    # Networks that calls to providers and callbacks may reach although they are not public, such as 127.0.0.0/8.
    outbound_allow: tuple[str, ...] = ()
    outbound_allow_mail: tuple[str, ...] = ()  # the same for mail servers that channels name
    simulated_hosts: tuple[str, ...] = ()  # in a demo alone: where its simulators keep files that links lead to
    outbound_ports: tuple[int, ...] = (80, 443)  # of public hosts, at addresses that people, mails and providers name
    log_format: str = "text"  # for people, or "json" for a log collector
    metrics_token: str = field(default="", repr=False)  # a Prometheus server elsewhere reads /metrics with it; else loopback
    # What each provider's folder declares, by name, such as where it is; the demo and the tests point them at the simulators.
    provider_settings: Mapping[str, str] = field(default_factory=lambda: {one.name: one.default for one in PROVIDER_SETTINGS})
    mail_domain: str = "switchyard.localhost"  # in the Message-IDs and reply addresses we make
    # The push services of browsers: hosts, "*." before all below one, or whole origins where they are without TLS.
    push_hosts: tuple[str, ...] = (
        "fcm.googleapis.com",
        "*.push.services.mozilla.com",
        "*.push.apple.com",
        "*.notify.windows.com",
    )
    push_contact: str = "mailto:postmaster@switchyard.localhost"  # whom push services may write to: mailto: or https:
    # Where the workflows of Microsoft Teams are that cards go to; written like PUSH_HOSTS.
    teams_hosts: tuple[str, ...] = ("*.environment.api.powerplatform.com", "*.logic.azure.com")
    # The mail server for mails of the application itself: smtp://user:password@host:587 or smtps://…; empty for none.
    smtp_url: str = field(default="", repr=False)
    transcribe_url: str = ""  # what writes out voice notes of technicians (OpenAI's shape of an endpoint); empty for nothing
    transcribe_model: str = "whisper-1"
    partner_support: str = ""  # whom a partner's engineer asks: an address, a number, words
    map_tiles_url: str = ""  # where the planner's map has its tiles, with {z}, {x} and {y}; empty for a map without any
    transcribe_key: str = field(default="", repr=False)
    system_mail_from: str = "no-reply@switchyard.localhost"  # whom those mails are from
    field_offline: bool = True  # whether technicians' phones keep pages; off, they forget them and ask the network each time
    trusted_proxies: int = 0  # how many proxies of yours stand before the web server; as many X-Forwarded-* entries are believed
    web_workers: int = 2  # web processes; each serves thousands of sockets
    worker_nice: int = 5  # how much lower than the web's the priority of workers and scheduler is
    unknown_settle_seconds: int = 900  # how long a send of unknown outcome waits for evidence before a person is asked
    sweep_seconds: int = 15  # after how long a promised piece of work that nobody took up is handed out again
    poll_mail_seconds: int = 60  # how often a mailbox is asked for new mail
    poll_forms_seconds: int = 300  # how often a form is asked for submissions whose post was lost
    # How long work that was taken up stays reserved for its worker. A killed worker's work is taken up again after this, so it
    # must be longer than the slowest send (a job's own limit is 120 seconds).
    lease_seconds: int = 120
    usage_seconds: int = 5  # how often each process writes what it counted of calls; 0 for never
    webhook_db_seconds: float = 4  # how long a webhook waits for one answer of the database before it is answered 503
    api_calls_per_minute: int = 600  # of a token, and twice as many of an address; 0 for any number
    budget_factor: int = 1  # how many times what providers usually grant an account may be sent


def setting_names() -> tuple[str, ...]:
    """Return the names of all environment variables that this module reads."""
    own = (item.name.upper() for item in fields(Settings) if item.name != "provider_settings")
    return (*own, *(one.name for one in PROVIDER_SETTINGS))


def load_settings(environ: Mapping[str, str], *, join: bool = True) -> Settings:
    """Return the settings in `environ`; with `join`, a missing variable comes from an application running in the same DATA_DIR.

    Creates DATA_DIR, and the files for SECRET_KEY and ENCRYPTION_KEYS if these are unset. Raises `SettingError`.
    """
    own = _Reader(environ)
    data_dir = make_data_dir(Path(own.text("DATA_DIR", "var")))
    read = _Reader({**running_environment(data_dir), **own.given}) if join else own
    demo, production = read.flag("DEMO", False), read.flag("PRODUCTION", False)
    if demo and production:
        raise SettingError("DEMO: cannot be on together with PRODUCTION; unset one of them")
    host, port = read.text("HOST", "127.0.0.1"), read.number("PORT", 5000, 1, 65535)
    public_url = read.url("PUBLIC_URL", f"http://{_reachable(host)}:{port}")
    if production and not public_url.startswith("https://"):
        raise SettingError("PUBLIC_URL: must be the https:// address of this installation in production")
    mail_domain = read.text("MAIL_DOMAIN", _mail_domain(public_url))
    return Settings(
        host=host,
        port=port,
        data_dir=data_dir,
        database_url=_database_url(read),
        redis_url=_redis_url(read),
        secret_key=_secret_key(read, data_dir, production),
        encryption_keys=_encryption_keys(read, data_dir, production),
        demo=demo,
        production=production,
        public_url=public_url,
        storage_url=_storage_url(read, data_dir),
        outbound_allow=_networks(read, "OUTBOUND_ALLOW"),
        outbound_allow_mail=_networks(read, "OUTBOUND_ALLOW_MAIL"),
        simulated_hosts=_simulated_hosts(read, demo),
        outbound_ports=_ports(read),
        log_format=read.one_of("LOG_FORMAT", ("text", "json")),
        metrics_token=read.text("METRICS_TOKEN", ""),
        provider_settings={one.name: _provider_setting(read, one) for one in PROVIDER_SETTINGS},
        mail_domain=mail_domain,
        push_hosts=_hosts(read, "PUSH_HOSTS", Settings.push_hosts),
        push_contact=_contact(read, mail_domain),
        teams_hosts=_hosts(read, "TEAMS_HOSTS", Settings.teams_hosts),
        smtp_url=_smtp_url(read),
        transcribe_url=read.url("TRANSCRIBE_URL", ""),
        transcribe_model=read.text("TRANSCRIBE_MODEL", Settings.transcribe_model),
        transcribe_key=read.text("TRANSCRIBE_KEY", ""),
        partner_support=" ".join(read.text("PARTNER_SUPPORT", "").split()),
        map_tiles_url=read.url("MAP_TILES_URL", ""),
        system_mail_from=_mail_address(read, "SYSTEM_MAIL_FROM", f"no-reply@{mail_domain}"),
        field_offline=read.flag("FIELD_OFFLINE", True),
        trusted_proxies=read.number("TRUSTED_PROXIES", Settings.trusted_proxies, 0, 9),
        web_workers=read.number("WEB_WORKERS", Settings.web_workers, 1, 64),
        worker_nice=read.number("WORKER_NICE", Settings.worker_nice, 0, 19),
        unknown_settle_seconds=read.number("UNKNOWN_SETTLE_SECONDS", 30 if demo else 900, 1, 86_400),
        sweep_seconds=read.number("SWEEP_SECONDS", Settings.sweep_seconds, 1, 3_600),
        poll_mail_seconds=read.number("POLL_MAIL_SECONDS", 2 if demo else 60, 1, 86_400),
        poll_forms_seconds=read.number("POLL_FORMS_SECONDS", 10 if demo else 300, 1, 86_400),
        budget_factor=read.number("BUDGET_FACTOR", Settings.budget_factor, 1, 1_000),
        usage_seconds=read.number("USAGE_SECONDS", Settings.usage_seconds, 0, 3_600),
        api_calls_per_minute=read.number("API_CALLS_PER_MINUTE", Settings.api_calls_per_minute, 0, 1_000_000),
        webhook_db_seconds=read.number("WEBHOOK_DB_SECONDS", 4, 1, 60),
        lease_seconds=read.number("LEASE_SECONDS", Settings.lease_seconds, 1, 3_600),
    )


def make_data_dir(path: Path) -> Path:
    """Create DATA_DIR if needed and return its absolute path. Other users may pass through it, but not list it."""
    try:
        path = path.expanduser().absolute()
        if not path.is_dir():
            path.mkdir(parents=True)
            path.chmod(0o711)
    except OSError as error:
        raise SettingError(f"DATA_DIR: cannot make {path} ({error.strerror}); name a folder you may write to") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise SettingError(f"DATA_DIR: {path} is not writable for you; name another folder or change its owner")
    return path


def running_environment(data_dir: Path) -> dict[str, str]:
    """Return the environment variables that the supervisor running in `data_dir` gave its processes, {} if none is running.

    The stored file counts only while the supervisor holds its lock, so a file left behind by a crash is ignored.
    """
    try:
        with (data_dir / RUN_LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return {}
    except BlockingIOError:
        pass
    except OSError:
        return {}
    try:
        content = json.loads((data_dir / RUNNING_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in content.items()}


class _Reader:
    """Reads typed settings from a mapping of environment variables. Its methods raise `SettingError` for a malformed value."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.given = {name: value.strip() for name, value in environ.items() if value.strip()}

    def text(self, name: str, default: str) -> str:
        return self.given.get(name, default)

    def entries(self, name: str, default: str) -> tuple[str, ...]:
        return tuple(entry.strip() for entry in self.text(name, default).split(",") if entry.strip())

    def number(self, name: str, default: int, low: int, high: int) -> int:
        value = self.given.get(name, str(default))
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            raise SettingError(f"{name}: {value!r} is not a whole number from {low} to {high}; for example {name}={default}")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        value = self.given.get(name, str(int(default))).lower()
        if value not in TRUE_WORDS | FALSE_WORDS:
            raise SettingError(f"{name}: {value!r} is neither on nor off; write {name}=1 or {name}=0")
        return value in TRUE_WORDS

    def one_of(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.given.get(name, choices[0])
        if value not in choices:
            raise SettingError(f"{name}: {value!r} is not known; choose one of {', '.join(choices)}")
        return value

    def url(self, name: str, default: str) -> str:
        value = self.given.get(name, default).rstrip("/")
        if value != default and not _is_http_url(value):
            raise SettingError(f"{name}: {value!r} is not an http:// or https:// address; for example {name}={default}")
        return value


def _provider_setting(read: _Reader, one: Setting) -> str:
    return read.url(one.name, one.default) if one.is_url else read.text(one.name, one.default)


def _is_http_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0 and not parts.query
    except ValueError:
        return False


def _reachable(host: str) -> str:
    """Return an address a browser on this machine can open when the server listens on `host`."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _database_url(read: _Reader) -> str:
    value = read.text("DATABASE_URL", "")
    scheme, separator, rest = value.partition("://")
    if value and (scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not separator or not rest):
        raise SettingError("DATABASE_URL: is not a PostgreSQL address; write postgresql://user:password@host/database")
    return f"postgresql+psycopg://{rest}" if value else ""


def _redis_url(read: _Reader) -> str:
    value = read.text("REDIS_URL", "")
    if value and not value.startswith(("redis://", "rediss://")):
        raise SettingError("REDIS_URL: must start with redis:// or rediss:// (a Unix socket will not do for Socket.IO)")
    return value


def _secret_key(read: _Reader, data_dir: Path, production: bool) -> str:
    value = read.text("SECRET_KEY", "")
    if value and len(value) < SECRET_KEY_CHARACTERS:
        raise SettingError(f"SECRET_KEY: has fewer than {SECRET_KEY_CHARACTERS} characters; `openssl rand -hex 32` makes one")
    if production and not value:
        raise SettingError("SECRET_KEY: must be set in production; `openssl rand -hex 32` makes one")
    return value or _kept_secret("SECRET_KEY", data_dir / "secret_key", lambda: secrets.token_hex(32))


def _encryption_keys(read: _Reader, data_dir: Path, production: bool) -> str:
    value = read.text("ENCRYPTION_KEYS", "")
    if production and not value:
        raise SettingError('ENCRYPTION_KEYS: must be set in production; `echo "1:$(openssl rand -base64 32)"` makes one')
    value = value or _kept_secret("ENCRYPTION_KEYS", data_dir / "encryption_keys", generate_key)
    try:
        parse_keys(value)
    except BadKeys as error:
        raise SettingError(f"ENCRYPTION_KEYS: {error}; write id:base64,id:base64 with 32 bytes each, the newest first") from error
    return value


def _kept_secret(name: str, path: Path, make: Callable[[], str]) -> str:
    """Return the secret stored in `path`, made first if the file is missing. Processes that start at once get the same secret."""
    try:
        if not path.exists():
            _write_once(path, make())
        value = path.read_text().strip()
    except OSError as error:
        raise SettingError(f"{name}: cannot use {path} ({error.strerror}); make it readable for you or set {name}") from error
    if not value:
        raise SettingError(f"{name}: {path} is empty; put it back from a backup, or remove it to have a new one made")
    return value


def _write_once(path: Path, content: str) -> None:
    """Write a file that only its owner can read, whole or not at all. A file that exists already stays unchanged."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _storage_url(read: _Reader, data_dir: Path) -> str:
    value = read.text("STORAGE_URL", f"file://{quote(str(data_dir / 'storage'))}")
    if value.startswith("s3://"):
        raise SettingError("STORAGE_URL: s3:// is not supported yet; use file:///folder or leave it unset")
    parts = urlsplit(value)
    if parts.scheme != "file" or parts.netloc or not parts.path.startswith("/"):
        raise SettingError(f"STORAGE_URL: {value!r} is not a folder address; write file:///folder with three slashes")
    return value


def _networks(read: _Reader, name: str) -> tuple[str, ...]:
    entries = read.entries(name, "")
    for entry in entries:
        try:
            ipaddress.ip_network(entry, strict=False)
        except ValueError as error:
            raise SettingError(f"{name}: {entry!r} is not a network; write for example 127.0.0.0/8") from error
    return entries


def _simulated_hosts(read: _Reader, demo: bool) -> tuple[str, ...]:
    entries = read.entries("SIMULATED_HOSTS", "")
    if entries and not (demo and all(re.fullmatch(r"127(\.\d{1,3}){3}:\d{1,5}", entry) for entry in entries)):
        raise SettingError("SIMULATED_HOSTS: is for the demo alone, and for places such as 127.0.0.1:5111; unset it")
    return entries


def _ports(read: _Reader) -> tuple[int, ...]:
    entries = read.entries("OUTBOUND_PORTS", "80,443")
    for entry in entries:
        if not (entry.isascii() and entry.isdigit() and 0 < int(entry) < 65_536):
            raise SettingError(f"OUTBOUND_PORTS: {entry!r} is not a port; write for example 80,443")
    return tuple(int(entry) for entry in entries)


def _hosts(read: _Reader, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    entries = read.entries(name, ",".join(default))
    for entry in entries:
        bare = entry.removeprefix("https://").removeprefix("http://").removeprefix("*.")
        if not re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", bare) or ("://" not in entry and ":" in entry):
            raise SettingError(f"{name}: {entry!r} is no host; write for example {default[0]},{default[1]}")
    return entries


def _contact(read: _Reader, mail_domain: str) -> str:
    value = read.text("PUSH_CONTACT", f"mailto:postmaster@{mail_domain}")
    if not value.startswith(("mailto:", "https://")):
        raise SettingError(f"PUSH_CONTACT: {value!r} is no address; write mailto:you@example.com or an https:// address")
    return value


def _smtp_url(read: _Reader) -> str:
    value = read.text("SMTP_URL", "")
    try:
        parts = urlsplit(value)
        usable = not value or (parts.scheme in {"smtp", "smtps"} and bool(parts.hostname) and parts.port != 0)
    except ValueError:
        usable = False
    if not usable:
        raise SettingError("SMTP_URL: is no address of a mail server; write smtp://user:password@host:587 or smtps://…")
    return value


def _mail_address(read: _Reader, name: str, default: str) -> str:
    value = read.text(name, default)
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise SettingError(f"{name}: {value!r} is no email address; for example {name}={default}")
    return value


def _mail_domain(public_url: str) -> str:
    """Return the public host name if mail can use it, else the default mail domain."""
    host = urlsplit(public_url).hostname or ""
    is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return host if is_name else Settings.mail_domain
