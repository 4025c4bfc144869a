"""Command `mail import`: import mails from files, each reported in exactly one state."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from flask.cli import AppGroup

from app.core.db import transaction
from app.domain.connections.models import Channel, Medium
from app.domain.connections.queries import find_channel_by_name, list_channels
from app.domain.ingest.mail_files import MailFile, Source, list_sources, read_mails
from app.domain.ingest.mail_import import Imported, import_mails
from app.process.cli.output import json_option, report

RESULTS = ("threaded", "new", "automatic", "bounce", "duplicate", "quarantined")
group = AppGroup("mail", help="Email from files.")


@group.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--channel", "channel_name", required=True, help="The email channel it belongs to.")
@json_option
def import_files(paths: tuple[Path, ...], channel_name: str, as_json: bool) -> None:
    """Import .eml files, folders of them, and mbox files. Importing a file again changes nothing.

    With --json, prints one object per line, and the summary on standard error.
    """
    channel = _mail_channel(channel_name)
    sources, others = list_sources(paths)
    counts: Counter[str] = Counter()
    with _Progress(len(sources)) as progress:
        for imported in import_mails(_read(sources, progress), channel):
            counts[imported.result] += 1
            progress.clear()
            report(asdict(imported), _line(imported), as_json=as_json)
    click.echo(_summary(counts, others), err=as_json)


def _mail_channel(name: str) -> Channel:
    with transaction() as session:
        channel = find_channel_by_name(session, name)
        names = [c.name for c in list_channels(session) if c.medium == Medium.EMAIL]
    if channel is None or channel.medium != Medium.EMAIL:
        kind = "no channel" if channel is None else "no email channel"
        raise click.ClickException(f"{name!r} is {kind}; there are {', '.join(names) or 'none yet'}")
    return channel


def _read(sources: list[Source], progress: _Progress) -> Iterator[MailFile]:
    for source in sources:
        yield from read_mails(source)
        progress.step()


def _line(imported: Imported) -> str:
    return "  ".join(filter(None, (f"{imported.result:11}", imported.file, imported.reason)))


def _summary(counts: Counter[str], others: int) -> str:
    mails = "1 mail" if counts.total() == 1 else f"{counts.total()} mails"
    total = f"{mails}: " + ", ".join(f"{counts[result]} {result}" for result in RESULTS)
    return total + (f"; {others} other files were left alone" if others else "")


class _Progress:
    """A progress line on standard error, shown only on a terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        self._on = sys.stderr.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_error: object) -> None:
        self.clear()

    def step(self) -> None:
        self._done += 1
        if self._on:
            click.echo(f"\r{self._done} of {self._total} files", nl=False, err=True)

    def clear(self) -> None:
        if self._on:
            click.echo("\r\033[K", nl=False, err=True)
