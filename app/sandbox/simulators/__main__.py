"""Run the simulators as one process: `python -m app.sandbox.simulators --whatsapp-port 5101 --graph-port 5102 …`.

Each port given starts its provider; `--data-dir` keeps settings over a restart. Ends cleanly on SIGTERM and Ctrl-C.
"""

from __future__ import annotations

import argparse
import importlib
import signal
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.fillout import create_fillout_app
from app.sandbox.simulators.mailserver import start_mail_server
from app.sandbox.simulators.make import create_make_app
from app.sandbox.simulators.notices.app import start_notices
from app.sandbox.simulators.pdok import create_pdok_app
from app.sandbox.simulators.sendgrid import create_sendgrid_app
from app.sandbox.simulators.twilio import TwilioSimulator
from app.sandbox.simulators.whatsapp import WhatsAppSimulator

Stop = Callable[[], None]
# Those that are an application and nothing else: option, name, how it is built.
PLAIN: tuple[tuple[str, str, Callable[[], Flask]], ...] = (
    ("sendgrid", "SendGrid", create_sendgrid_app),
    ("pdok", "PDOK", create_pdok_app),
    ("fillout", "Fillout", create_fillout_app),
    ("make", "Make", create_make_app),
)


def main() -> int:
    """Start what the arguments name and serve until told to stop; returns the exit status."""
    arguments = _arguments()
    started: list[Stop] = []
    told = _told_to_stop()
    if arguments.whatsapp_port is not None:
        started.append(_start_whatsapp(arguments))
    if arguments.graph_port is not None:
        started.append(_start_graph(arguments))
    if arguments.twilio_port is not None:
        started.append(_start_twilio(arguments))
    if arguments.notices_port is not None:
        started.append(_start_notices(arguments))
    for option, name, create in PLAIN:
        port = getattr(arguments, f"{option}_port")
        if port is not None:
            started.append(_announce(name, serve(create(), host=arguments.host, port=port)).stop)
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
    parser.add_argument("--whatsapp-port", type=int)
    parser.add_argument("--graph-port", type=int)
    parser.add_argument("--twilio-port", type=int, help="texts and phone calls")
    parser.add_argument("--notices-port", type=int, help="browser push and Teams")
    parser.add_argument("--smtp-port", type=int, default=0, help="the mail server beside them")
    parser.add_argument("--sendgrid-port", type=int)
    parser.add_argument("--pdok-port", type=int, help="the register of Dutch addresses")
    parser.add_argument("--fillout-port", type=int, help="forms")
    parser.add_argument("--make-port", type=int, help="scenarios")
    parser.add_argument("--mailserver-port", type=int, help="the controls of a mail server with mailboxes")
    parser.add_argument("--submission-port", type=int, default=0, help="its SMTP")
    parser.add_argument("--imap-port", type=int, default=0, help="its IMAP")
    parser.add_argument("--data-dir", type=Path, help="keep settings here over a restart")
    return parser.parse_args()


def _start_whatsapp(arguments: argparse.Namespace) -> Stop:
    simulator = WhatsAppSimulator(memory=arguments.data_dir / "whatsapp.json" if arguments.data_dir else None)
    server = _announce("WhatsApp", serve(simulator.app, host=arguments.host, port=arguments.whatsapp_port))

    def stop() -> None:
        server.stop()
        simulator.close()

    return stop


def _start_twilio(arguments: argparse.Namespace) -> Stop:
    simulator = TwilioSimulator(memory=arguments.data_dir / "twilio.json" if arguments.data_dir else None)
    server = _announce("Twilio", serve(simulator.app, host=arguments.host, port=arguments.twilio_port))

    def stop() -> None:
        server.stop()
        simulator.close()

    return stop


def _start_graph(arguments: argparse.Namespace) -> Stop:
    graph = importlib.import_module("app.sandbox.simulators.graph")
    app = graph.create_graph_app(open_mailboxes=True)
    server = _announce("Graph", serve(app, host=arguments.host, port=arguments.graph_port))
    return server.stop


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
    """Set by a signal, from now on: whoever reads that the first simulator is there may end it before the last one is."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    return told


if __name__ == "__main__":
    raise SystemExit(main())
