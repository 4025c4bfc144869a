"""Write sentences about routing: who got a thread and why, and why a thread waits."""

from __future__ import annotations

from typing import Any

from flask_babel import format_time

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.core.translation import ngettext
from app.domain.routing.explain import Hindrance, Reason
from app.domain.routing.models import AvailabilityState, Strategy
from app.domain.routing.queries import Worker
from app.domain.routing.replay import Destination
from app.domain.threads.words import thread_type_words

HOW = {
    "sticky": N_("dealt with this contact before"),
    Strategy.ROUND_ROBIN: N_("next in turn"),
    Strategy.LEAST_LOADED: N_("had the fewest threads"),
}
STRATEGIES = {Strategy.ROUND_ROBIN: N_("Each agent in turn"), Strategy.LEAST_LOADED: N_("The agent with the fewest threads")}
STATES = {
    AvailabilityState.AVAILABLE: N_("Available"),
    AvailabilityState.AWAY: N_("Away"),
    AvailabilityState.OFFLINE: N_("Offline"),
}
WAITS = {
    Hindrance.NOBODY_SEES_IT: N_("No agent with access to this brand takes new threads."),
    Hindrance.GIVEN_BACK: N_("All suitable agents returned the thread: %(names)s."),
    Hindrance.NOBODY_OF_TEAM: N_("In the teams for this thread, no agent takes new threads."),
    Hindrance.NO_SKILL: N_("No agent has the skill: %(skills)s."),
    Hindrance.NO_LANGUAGE: N_("No agent speaks the contact’s language (%(language)s)."),
    Hindrance.OUTSIDE_HOURS: N_("Outside the working hours of %(names)s."),
    Hindrance.NOBODY_THERE: N_("All suitable agents are away or offline: %(names)s."),
    Hindrance.ALL_FULL: N_("Everyone available is at capacity: %(names)s."),
    Hindrance.TIER_WAITS: N_("The first-choice agents are at capacity; we try others at %(time)s."),
    Hindrance.NONE: N_("We will assign the thread in a moment."),
}
NAMES_SHOWN = 4


def given_words(name: str, by: dict[str, Any]) -> str:
    """Return the sentence that says by which rule and why the user `name` got the thread. `by` is `Claim.because`."""
    parts = [_(HOW.get(by["how"], HOW[Strategy.ROUND_ROBIN]))]
    if by["how"] != "sticky":
        parts.append(
            ngettext("the only agent who could take the thread", "one of %(num)s agents who could take the thread", by["able"])
        )
    if by["how"] == Strategy.LEAST_LOADED:
        parts.append(_("workload %(load)s of %(capacity)s", load=by["load"], capacity=by["capacity"]))
    if by.get("skills"):
        parts.append(_("skill %(skills)s", skills=", ".join(by["skills"])))
    if by.get("language"):
        parts.append(_("speaks %(language)s", language=by["language"]))
    if (by.get("tier") or 1) > 1:
        parts.append(_("none of the first-choice agents could take the thread"))
    return _("Rule %(rule)s assigned this thread to %(name)s: %(why)s", rule=by["name"], name=name, why=", ".join(parts))


def waiting_words(reason: Reason, *, skills: list[str], language: str | None) -> str:
    """Return the sentence that says why a thread waits."""
    time = format_time(reason.until, "HH:mm") if reason.until else ""
    names = names_words(reason.names)
    return _(WAITS[reason.hindrance], names=names, skills=", ".join(skills), language=language or "", time=time)


def destination_words(to: Destination | None, teams: dict[str, str]) -> str:
    """Return as part of a sentence whom a rule asks first. `teams` are the names of the teams by id."""
    if to is None:
        return _("The thread stays unassigned")
    gone = _("A deleted team")
    parts = [teams.get(str(to.team_id), gone) if to.team_id else _("Everyone with access to the brand")]
    if to.skills:
        parts.append(_("skill %(skills)s", skills=", ".join(to.skills)))
    if to.speaks_language:
        parts.append(_("only agents who speak the contact’s language"))
    return ", ".join(parts)


def names_words(names: tuple[str, ...]) -> str:
    """Return the first `NAMES_SHOWN` names as text, with the number of further names."""
    shown, more = ", ".join(names[:NAMES_SHOWN]), len(names) - NAMES_SHOWN
    return ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", more, names=shown) if more > 0 else shown


def state_words(state: str) -> str:
    return _(STATES[AvailabilityState(state)])


def strategy_words(strategy: str) -> str:
    return _(STRATEGIES[Strategy(strategy)])


def state_tone(worker: Worker) -> str:
    """Return the CSS colour name for a worker's availability: "done" (present), "due" (away) or ""."""
    return "done" if worker.is_present else "due" if worker.state == AvailabilityState.AWAY else ""


def presence_words(worker: Worker) -> str:
    """Return as text whether a worker takes threads now, and the reason if not."""
    if worker.state == AvailabilityState.AVAILABLE and worker.is_heard and not worker.is_at_work:
        return _("Outside working hours")
    return state_words(worker.state if worker.is_heard or worker.state == AvailabilityState.AWAY else AvailabilityState.OFFLINE)


FILTERS = {
    "state_words": state_words,
    "strategy_words": strategy_words,
    "thread_type_words": thread_type_words,
    "presence_words": presence_words,
    "presence_tone": state_tone,
    "destination_words": destination_words,
    "given_words": lambda by, name: given_words(name, by),
}
