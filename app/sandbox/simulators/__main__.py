"""Run the simulators as one process: `python -m app.sandbox.simulators --provider app.sandbox.simulators.graph 5102 …`.

The function `simulate(memory)` of each module returns an application and the function that ends it. With `--data-dir`,
settings survive a restart. SIGTERM and Ctrl-C end the process cleanly.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.mailserver import start_mail_server
from app.sandbox.simulators.make import create_make_app
from app.sandbox.simulators.notices.app import start_notices
from app.sandbox.simulators.receiver import create_receiver_app

Stop = Callable[[], None]


def main() -> int:
    """Start the simulators that the command line names, and serve until SIGTERM or SIGINT. Return the exit code."""
    arguments = _arguments()
    started: list[Stop] = []
    told = _told_to_stop()
    for module, port in arguments.provider:
        started.append(_start(module, int(port), arguments))
    if arguments.notices_port is not None:
        started.append(_start_notices(arguments))
    if arguments.make_port is not None:
        started.append(_announce("Make", serve(create_make_app(), host=arguments.host, port=arguments.make_port)).stop)
    if arguments.receiver_port is not None:
        started.append(
            _announce("Receiver", serve(create_receiver_app(), host=arguments.host, port=arguments.receiver_port)).stop
        )
    if arguments.mailserver_port is not None:
        started.append(_start_mail_server(arguments))
    told.wait()
    for stop in started:
        stop()
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m app.sandbox.simulators", description="Stand-ins for the providers, for the demo and tests."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--provider", nargs=2, action="append", default=[], metavar=("MODULE", "PORT"))
    parser.add_argument("--notices-port", type=int, help="browser push and Teams")
    parser.add_argument("--smtp-port", type=int, default=0, help="the mail server beside them")
    parser.add_argument("--make-port", type=int, help="scenarios")
    parser.add_argument("--receiver-port", type=int, help="receivers of outgoing webhooks")
    parser.add_argument("--mailserver-port", type=int, help="the controls of a mail server with mailboxes")
    parser.add_argument("--submission-port", type=int, default=0, help="its SMTP")
    parser.add_argument("--imap-port", type=int, default=0, help="its IMAP")
    parser.add_argument("--data-dir", type=Path, help="keep settings here over a restart")
    return parser.parse_args()


def _start(module: str, port: int, arguments: argparse.Namespace) -> Stop:
    name = module.removesuffix(".simulator").rpartition(".")[2]
    app, close = importlib.import_module(module).simulate(arguments.data_dir / f"{name}.json" if arguments.data_dir else None)
    server = _announce(name, serve(app, host=arguments.host, port=port))

    def stop() -> None:
        server.stop()
        close()

    return stop


def _start_notices(arguments: argparse.Namespace) -> Stop:
    notices = start_notices(host=arguments.host, smtp_port=arguments.smtp_port)
    server = _announce("Push and Teams", serve(notices.app, host=arguments.host, port=arguments.notices_port))

    def stop() -> None:
        server.stop()
        notices.smtp.stop()

    return stop


def _start_mail_server(arguments: argparse.Namespace) -> Stop:
    mail = start_mail_server(host=arguments.host, smtp_port=arguments.submission_port, imap_port=arguments.imap_port)
    server = _announce("Mail server", serve(mail.app, host=arguments.host, port=arguments.mailserver_port))

    def stop() -> None:
        server.stop()
        mail.stop()

    return stop


def _announce(name: str, server: RunningServer) -> RunningServer:
    print(f"{name} simulator on {server.url}", flush=True)
    return server


def _told_to_stop() -> threading.Event:
    """Return an event that SIGTERM or SIGINT sets from now on.

    This is called first, because a signal may come before the last simulator has started.
    """
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


if __name__ == "__main__":
    raise SystemExit(main())
