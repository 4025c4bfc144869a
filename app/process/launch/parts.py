"""List the processes (parts) of one installation as data, and the environment they share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from app.config import Settings
from app.contract.provider import Provider
from app.process.launch.ports import free_port
from app.process.launch.servers import ServerUrls
from app.providers.registry import PROVIDERS

ROOT = Path(__file__).resolve().parents[3]
GUNICORN_CONFIG = Path(__file__).with_name("gunicorn_config.py")
LOOPBACK = "127.0.0.0/8"
SIMULATORS = "simulators"
WEB = "web"
SIGNINS_FOLLOW = "sign in with:"
"""What the demo's loader prints between what loading says and the sign-ins."""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 gunicorn's heartbeat files; a slow disk must not look like a dead worker


@dataclass(frozen=True)
class Part:
    """A process of the installation: its name and its command line."""

    name: str
    argv: tuple[str, ...]


# Where the simulators of the providers listen, on loopback, by name; and what else stands beside them.
SimulatorPorts = Mapping[str, int]
_SIMULATED = {one.simulated_as: one for one in PROVIDERS if one.simulated_as}
_BESIDE = ("notices", "smtp", "mailserver", "submission", "imap", "make", "receiver")


def choose_simulator_ports(environ: Mapping[str, str]) -> SimulatorPorts:
    """Return the port of each simulator by the simulator's name.

    The port is the one in `environ` (WHATSAPP_SIM_PORT, GRAPH_SIM_PORT and so on), or else a free port.
    """
    return {name: int(environ.get(f"{name.upper()}_SIM_PORT") or free_port()) for name in (*_SIMULATED, *_BESIDE)}


def told_environment(
    settings: Settings, urls: ServerUrls, ports: SimulatorPorts | None, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment variables that every process of this run gets in addition to the inherited ones.

    If `ports` is given, the addresses of the providers lead to the simulators, unless `environ` has other addresses.
    """
    told = {
        "DATABASE_URL": urls.database_url or settings.database_url,
        "REDIS_URL": urls.redis_url or settings.redis_url,
        "DATA_DIR": str(settings.data_dir),
        "HOST": settings.host,
        "PORT": str(settings.port),
        "PUBLIC_URL": settings.public_url,
        "DEMO": str(int(settings.demo)),
    }
    if ports is None:
        return told
    simulated = {
        setting.name: f"http://127.0.0.1:{ports[name]}"
        for name, provider in _SIMULATED.items()
        for setting in provider.settings
        if setting.is_url
    }
    told |= {name: environ.get(name) or url for name, url in simulated.items()}
    told |= {f"{name.upper()}_SIM_PORT": str(port) for name, port in ports.items()}
    notices = f"http://127.0.0.1:{ports['notices']}"
    told |= {"PUSH_HOSTS": ",".join([*settings.push_hosts, notices]), "TEAMS_HOSTS": ",".join([*settings.teams_hosts, notices])}
    told |= {"SMTP_URL": environ.get("SMTP_URL") or f"smtp://127.0.0.1:{ports['smtp']}"}
    if settings.demo:
        files = (f"127.0.0.1:{ports[name]}" for name, provider in _SIMULATED.items() if provider.links_files)
        told |= {"SIMULATED_HOSTS": ",".join(files)}
    told |= {"OUTBOUND_ALLOW": ",".join(dict.fromkeys([*settings.outbound_allow, LOOPBACK]))}
    return told | {"OUTBOUND_ALLOW_MAIL": ",".join(dict.fromkeys([*settings.outbound_allow_mail, LOOPBACK]))}


def simulators(ports: SimulatorPorts, data_dir: Path) -> Part:
    """Return the part that runs the simulators; settings made in them survive a restart."""
    memory = data_dir / "simulators"
    memory.mkdir(exist_ok=True)
    options = [word for name, one in _SIMULATED.items() for word in ("--provider", _simulator(one), str(ports[name]))]
    options += [word for name in _BESIDE for word in (f"--{name}-port", str(ports[name]))]
    options += ["--data-dir", str(memory)]
    return Part(SIMULATORS, (sys.executable, "-m", "app.sandbox.simulators", *options))


def _simulator(provider: Provider) -> str:
    """Return the name of the module with a provider's simulator.

    The module is in app.sandbox.simulators, or else is `simulator` in the provider's own package.
    """
    ours = f"app.sandbox.simulators.{provider.key}"
    return ours if find_spec(ours) else f"app.providers.{provider.key}.simulator"


def migrations() -> Part:
    """Return the part that migrates the database, prints the database's version, and ends."""
    return Part("migrate", (sys.executable, "-m", "app.process.launch.migrate"))


def demo_loader() -> Part:
    """Return the part that loads the demo, prints the sign-ins, and ends."""
    return Part("demo", (sys.executable, "-m", "app.process.launch.demo"))


def setup_link() -> Part:
    """Return the part that prints the link for the first administrator, and ends."""
    return Part("set-up", (sys.executable, "-m", "app.process.launch.setup_link"))


def web(settings: Settings) -> Part:
    """Return the part that runs the web server."""
    return Part(WEB, _web_command(settings))


def workers() -> tuple[Part, ...]:
    """Return the parts that do background work (workers and scheduler), in starting order."""
    kinds = (("live", "live"), ("send-1", "send"), ("send-2", "send"), ("scheduler", "scheduler"))
    return tuple(Part(name, (sys.executable, "worker.py", kind)) for name, kind in kinds)


def _web_command(settings: Settings) -> tuple[str, ...]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    options = [
        *("--config", str(GUNICORN_CONFIG), "--workers", str(settings.web_workers), "--worker-connections", "4000"),
        # Without --reuse-port kept connections pile up on one worker.
        *("--preload", "--reuse-port", "--bind", f"{host}:{settings.port}"),
        *("--graceful-timeout", "4", "--log-level", "warning", "--no-control-socket"),
        *(("--worker-tmp-dir", str(SHARED_MEMORY)) if os.access(SHARED_MEMORY, os.W_OK) else ()),
    ]
    return (sys.executable, "-m", "gunicorn", *options, "wsgi:app")
