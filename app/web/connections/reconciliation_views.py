"""Put a mailbox's reconciliations into words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.translation import gettext as _
from app.core.translation import ngettext, told
from app.domain.ingest.mailbox_models import Reconciliation


@dataclass(frozen=True)
class Folder:
    name: str
    there: int
    here: int


@dataclass(frozen=True)
class Run:
    """A reconciliation that has ended, in words. `problem` is the reason why it failed, or "" if it did not.

    `lines` has one sentence for each difference; `more` is the number of differences that are not listed.
    """

    ended_at: datetime
    summary: str
    tone: str
    problem: str = ""
    folders: tuple[Folder, ...] = ()
    lines: tuple[str, ...] = ()
    more: int = 0
    unread: int = 0
    fetched: int = 0
    left: int = 0


@dataclass(frozen=True)
class Counts:
    """The reconciliations shown on a channel's page.

    `doing` says what the running one does, and is empty if none runs. `done` is the number of mails counted so far, of
    `total`. Both are 0 if the total is not known.
    """

    latest: Run | None
    earlier: tuple[Run, ...]
    doing: str = ""
    done: int = 0
    total: int = 0


def shown(runs: Sequence[Reconciliation], names: Mapping[str, str]) -> Counts:
    """Put the reconciliations of a channel into words. `runs` must be sorted newest first.

    `names` has the names of the chosen folders, by folder id.
    """
    ended = tuple(_run(one, names) for one in runs if one.ended_at is not None)
    active = next((one for one in runs if one.ended_at is None), None)
    latest, earlier = (ended[0] if ended else None), ended[1:]
    if active is None:
        return Counts(latest, earlier)
    phase, listed = str(active.progress.get("phase", "")), active.progress.get("listed", {})
    folder = phase.removeprefix("list ")
    total = int(active.progress.get("total") or 0)
    return Counts(latest, earlier, _doing(phase, folder_words(folder, names)), int(listed.get(folder, 0)) if total else 0, total)


def _doing(phase: str, folder: str) -> str:
    known = {"": _("Waiting for its turn"), "poll": _("Reading new email first"), "fetch": _("Fetching missing emails")}
    known["locate"] = _("Comparing with the mailbox")
    return known.get(phase) or _("Counting: %(folder)s", folder=folder)


def folder_words(folder: str, names: Mapping[str, str]) -> str:
    """Return the name of a folder, or "Another folder" for a folder that is no longer followed."""
    return {"inbox": _("Inbox"), "sentitems": _("Sent items")}.get(folder) or names.get(folder) or _("Another folder")


def _run(run: Reconciliation, names: Mapping[str, str]) -> Run:
    assert run.ended_at is not None
    if run.reason:
        return Run(run.ended_at, _("Counting failed"), "overdue", problem=told(run.reason))
    found = run.result
    number = found["missing"] + found["moved"] + found["deleted"]
    summary = ngettext("%(num)s difference", "%(num)s differences", number) if number else _("No differences")
    folders = tuple(Folder(folder_words(name, names), there, found["here"][name]) for name, there in found["there"].items())
    lines = tuple(_line(one, names) for one in found["differences"])
    tone = "overdue" if found["left"] else "due" if number else "done"
    return Run(
        run.ended_at,
        summary,
        tone,
        folders=folders,
        lines=lines,
        more=number - len(lines),
        unread=found["unread"],
        fetched=found["fetched"],
        left=found["left"],
    )


def _line(one: dict[str, str], names: Mapping[str, str]) -> str:
    folder = folder_words(one["folder"], names)
    if one["kind"] == "missing":
        subject = one["subject"] or _("(no subject)")
        return _("Email was missing from Switchyard: “%(subject)s” (%(folder)s)", subject=subject, folder=folder)
    if one["kind"] == "deleted":
        return _("Email deleted from %(folder)s, still in Switchyard", folder=folder)
    if one.get("to"):
        return _("Email moved from %(folder)s to “%(to)s”, still in Switchyard", folder=folder, to=one["to"])
    return _("Email moved out of %(folder)s, still in Switchyard", folder=folder)
