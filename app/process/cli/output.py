"""Print the output of commands: lines for people, JSON for programs, one line for an error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(command: F) -> F:
    """Add the option --json to a command; its function gets `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Report as JSON.")(command)


def report(record: Mapping[str, Any], text: str, *, as_json: bool) -> None:
    """Print one record: a JSON object, or a line of text."""
    click.echo(json.dumps(record, ensure_ascii=False, default=str) if as_json else text)


def report_all(records: Iterable[Mapping[str, Any]], line: Callable[[Mapping[str, Any]], str], *, as_json: bool) -> None:
    """Print several records: a JSON array, or a line each."""
    if as_json:
        click.echo(json.dumps(list(records), indent=2, ensure_ascii=False, default=str))
        return
    for record in records:
        click.echo(line(record))
