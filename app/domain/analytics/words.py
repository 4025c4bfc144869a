"""Write figures in words: names, definitions, times, changes. No database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.core.translation import date_words, number_words, percent_words
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.analytics.live import Live
from app.domain.analytics.measures import Better, Measure, Shape

NO_VALUE = "–"
FEW, TOO_FEW = 20, 5
"""Below FEW facts a change is grey and a share is said in numbers; below TOO_FEW nothing is said of a change."""

NAMES = {
    "received": N_("New cases"),
    "first_response": N_("First response"),
    "next_response": N_("Next response"),
    "resolution": N_("Time to resolve"),
    "resolved": N_("Resolved"),
    "first_promise": N_("First responses on time"),
    "next_promise": N_("Next responses on time"),
    "resolution_promise": N_("Resolved on time"),
    "first_missed": N_("First responses late"),
    "next_missed": N_("Next responses late"),
    "resolution_missed": N_("Resolved late"),
    "closings": N_("Closed by colleagues"),
    "reopened": N_("Reopened"),
    "one_touch": N_("Solved with one answer"),
    "first_contact": N_("First contact resolution"),
    "escalated": N_("Escalated"),
    "messages_in": N_("Messages in"),
    "messages_out": N_("Messages out"),
    "calls": N_("Calls"),
    "interactions": N_("Messages and calls"),
    "automatic_answers": N_("Automatic answers"),
    "messages_per_resolution": N_("Messages per closed case"),
    "templates": N_("Answers with a template"),
    "assigned_by_rules": N_("Assigned by rules"),
    "routed_right": N_("Routed correctly"),
    "tasks_on_time": N_("Tasks on time"),
    "satisfaction": N_("Satisfaction"),
    "satisfied": N_("Satisfied customers"),
    "recommends": N_("Would recommend (NPS)"),
    "customer_solved": N_("Solved according to customers"),
    "speed_score": N_("Rating of our speed"),
    "reach_score": N_("Rating of how easy we are to reach"),
    "survey_response": N_("Survey response rate"),
    "orders": N_("Orders"),
    "quotes_approved": N_("Quotes approved"),
    "orders_done": N_("Orders completed"),
    "order_time": N_("Time to complete an order"),
    "in_intake_received": N_("In intake"),
    "in_new": N_("New"),
    "in_quoted": N_("Quoted"),
    "in_approved": N_("Approved"),
    "in_scheduled": N_("Scheduled"),
    "in_in_progress": N_("In progress"),
    "in_on_hold": N_("On hold"),
}
_IN_STATE = N_(
    "How long orders stayed in this state. The time counts on the day they left it. All hours count, "
    "including nights and weekends. We ignore steps that were undone."
)
DEFINITIONS = {
    "received": N_(
        "New cases: a customer asked something new, or came back after the reopening period. Each case counts on the day "
        "of its first question, in the channel of that question."
    ),
    "first_response": N_(
        "Time from the first question of a case to the first answer by a person. The time counts on the day "
        "of the answer, for its author. Automatic, bounced and undone answers do not count."
    ),
    "next_response": N_(
        "Time from a follow-up question to the next answer by a person. The time counts on the day of the answer, for its author."
    ),
    "resolution": N_(
        "Time from the first question to the end of the case. If durations are counted in “Opening hours”, we "
        "leave out the time spent waiting for the customer. The duration counts on the day the case was last "
        "closed, so the figure of a day can still change if a case is reopened."
    ),
    "resolved": N_(
        "Closed cases. Each counts on the day it was last closed, for its assignee at that time. Cases that are open again do "
        "not count."
    ),
    "first_promise": N_(
        "Share of first responses sent on time. A late or missing response counts on the day it was due, for "
        "the assignee at that time. Responses that can still be on time, and responses without a target, do not"
        " count."
    ),
    "next_promise": N_(
        "Share of follow-up questions answered on time. Questions that can still be answered on time do not count."
    ),
    "resolution_promise": N_("Share of cases closed on time. Cases that can still be closed on time do not count."),
    "first_missed": N_("First responses that were overdue. Each counts on the day it was due."),
    "next_missed": N_("Next responses that were overdue. Each counts on the day it was due."),
    "resolution_missed": N_("Cases not closed on time. Each counts on the day it was due."),
    "closings": N_("Threads that people resolved or closed, even if reopened later. Closing by rules does not count."),
    "reopened": N_(
        "Closed cases where the customer asked again. Each reopening counts on the day of the new question, for"
        " the assignee at the time of closing. A plain thank-you does not count."
    ),
    "one_touch": N_("Of all cases answered and closed, the share with exactly one answer and no reopening."),
    "first_contact": N_(
        "Of all cases answered and closed, the share where the customer asked nothing more after our first "
        "answer, and nothing in this or another case within 7 days after closing. The figure is known 7 days "
        "after closing, so the last 7 days are missing."
    ),
    "escalated": N_(
        "Cases escalated in this period, as a percentage of the cases received. A case counts if a colleague "
        "escalated it, or if it reached an escalation step set at or after the deadline. Each case counts "
        "only once."
    ),
    "messages_in": N_(
        "Messages from customers and partners, except automatic messages. Each message counts in the hour it was written."
    ),
    "messages_out": N_("Answers by colleagues, excluding forwards and failed messages."),
    "calls": N_("Logged calls, incoming and outgoing."),
    "automatic_answers": N_("Automatic answers we sent."),
    "messages_per_resolution": N_("Messages and calls, in and out, per case closed in this period."),
    "interactions": N_("Messages written by people, in and out, plus calls."),
    "templates": N_("Of all answers written by people, the share that used a template."),
    "assigned_by_rules": N_("Of all assigned cases, the share first assigned by a rule."),
    "routed_right": N_(
        "Of the cases first assigned by a rule, the share that no colleague reassigned within the first day, "
        "or before the first answer if that came sooner. The figure of a day is complete one day later."
    ),
    "tasks_on_time": N_(
        "Of the tasks completed or due, the share completed on time. Cancelled tasks and tasks without a date do not count."
    ),
    "satisfaction": N_(
        "Average score customers gave after a case, from 1 to 5. Each survey counts with its latest score, on "
        "the day of the first survey answer, for the person who last answered the customer. Survey answers "
        "that may be automatic do not count."
    ),
    "satisfied": N_("Of all survey answers, the share with a score of 4 or 5."),
    "recommends": N_(
        "Net promoter score: of all answers to survey campaigns, the share with 9 or 10 minus the share with "
        "0 to 6. The score lies between −100 and 100."
    ),
    "customer_solved": N_("Of the customers who replied to “Was your question answered?” in the survey, the share who said yes."),
    "speed_score": N_("Average customer score for our speed, 1 to 5."),
    "reach_score": N_("Average customer score for how easy we were to reach, 1 to 5."),
    "survey_response": N_("Of the surveys we sent in this period, the share that customers answered, even after this period."),
    "orders": N_("Orders created, whatever their status now. Each counts on the day of creation, for the person who entered it."),
    "quotes_approved": N_(
        "Of the orders first quoted in this period and since approved or cancelled, the share that the "
        "customer approved. Orders without a decision do not count."
    ),
    "orders_done": N_("Completed orders. Each counts on the day it was first completed."),
    "order_time": N_(
        "Time from creating an order to its first completion, shown on the day of that completion. It "
        "includes all hours, even nights and weekends."
    ),
    **dict.fromkeys(
        ("in_intake_received", "in_new", "in_quoted", "in_approved", "in_scheduled", "in_in_progress", "in_on_hold"), _IN_STATE
    ),
}
LIVE_NAMES = {
    Live.OVERDUE: N_("overdue"),
    Live.DUE_SOON: N_("due within the hour"),
    Live.UNASSIGNED: N_("unassigned"),
    Live.WAITING: N_("waiting for an answer"),
}
PERIOD_NAMES = {
    "today": N_("Today"),
    "7": N_("7 days"),
    "28": N_("28 days"),
    "90": N_("90 days"),
    "month": N_("This month"),
    "quarter": N_("This quarter"),
    "own": N_("Custom period"),
}
FILTER_NAMES = {
    "brand": N_("Brand"),
    "channel": N_("Channel"),
    "medium": N_("Channel type"),
    "team": N_("Team"),
    "person": N_("Colleague"),
    "type": N_("Type"),
    "priority": N_("Priority"),
    "partner": N_("Partner"),
}
ERRORS = {
    "date": N_("Enter a date."),
    "order": N_("The last day comes before the first."),
    "long": N_("Choose a period of at most two years."),
}
NO_TEAM, NO_PERSON = N_("No team"), N_("Unassigned")


@dataclass(frozen=True)
class Change:
    """The change from the period before, in words. `tone` is "good", "bad", "few" (too few facts to judge) or ""."""

    text: str
    tone: str = ""


def name_words(key: str) -> str:
    return _(NAMES[key])


def definition_words(key: str) -> str:
    return _(DEFINITIONS[key])


def duration(seconds: float | None) -> str:
    """Return a duration as text in seconds, minutes or hours, and a dash for None. Days are not used, because a day has fewer
    than 24 open hours."""
    if seconds is None:
        return NO_VALUE
    minutes = round(seconds / 60)
    if seconds < 60:
        return _("%(count)s s", count=round(seconds))
    if minutes < 60:
        return _("%(count)s min", count=minutes)
    hours, rest = divmod(minutes, 60)
    if rest and hours < 100:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest)
    return _("%(count)s h", count=number_words(hours))


def figure(measure: Measure, value: float | None, size: int) -> str:
    """Return the value of a measure as text; a share of few facts as "2 of 3"."""
    if value is None:
        return NO_VALUE
    if measure.shape == Shape.TIME:
        return duration(value)
    if measure.is_percent:
        if measure.shape == Shape.SHARE and size < FEW:
            return _("%(part)s of %(whole)s", part=round(value * size), whole=size)
        return percent_words(value, decimals=1)
    if measure.shape == Shape.RATIO:
        return number_words(value, "#,##0.0")
    if measure.shape == Shape.MEAN:
        return number_words(value, "0.00")
    if measure.shape == Shape.NET:
        return _signed(value, "0")
    return number_words(value)


def target_words(measure: Measure) -> str:
    """Return the target of a measure as text, or "" if it has no target."""
    if measure.target is None:
        return ""
    if measure.shape == Shape.MEAN:
        return number_words(measure.target, "0.0")
    return duration(measure.target) if measure.shape == Shape.TIME else percent_words(measure.target)


def change_words(measure: Measure, value: float | None, before: float | None, size: int, size_before: int) -> Change:
    """Return the change from the period before: counts, times and ratios in percent, shares in percentage points, scores in
    points."""
    if value is None or before is None or (before == 0 and measure.shape == Shape.COUNT):
        return Change(_("no earlier figure") if value else "")
    if min(size, size_before) < TOO_FEW:
        return Change(_("was %(value)s", value=figure(measure, before, size_before)))
    moved = value - before
    if measure.is_percent:
        text = _("%(points)s percentage points", points=_signed(moved * 100))
    elif measure.shape in (Shape.MEAN, Shape.NET):
        text = _("%(points)s points", points=_signed(moved, "0.00" if measure.shape == Shape.MEAN else "0"))
    elif before == 0:
        return Change(_("no earlier figure"))
    else:
        text = _("%(percent)s %%", percent=_signed(moved / before * 100, "0"))
    text = _("%(change)s, was %(value)s", change=text, value=figure(measure, before, size_before))
    return Change(text, _tone(measure, moved, min(size, size_before)))


def _tone(measure: Measure, moved: float, size: int) -> str:
    if size < FEW:
        return "few"
    if measure.better == Better.NEITHER or not moved:
        return ""
    return "good" if (moved > 0) == (measure.better == Better.UP) else "bad"


def _signed(number: float, pattern: str = "0.0") -> str:
    text = number_words(abs(number), pattern)
    return f"{'+' if number >= 0 else '−'}{text}"


def days_words(first: date, last: date) -> str:
    """Return a range of days as text, such as "26 Oct – 22 Nov"."""
    if first == last:
        return date_words(first, "EEE d MMM")
    year = " y" if first.year != last.year else ""
    return f"{date_words(first, 'd MMM' + year)} – {date_words(last, 'd MMM' + year)}"


def weekday_words(weekday: int, pattern: str = "EEEE") -> str:
    """Return the name of a day of the week in the reader's language. `weekday`: Monday is 0."""
    return date_words(_MONDAY + timedelta(days=weekday), pattern)


_MONDAY = date(2024, 1, 1)
FILTERS = {
    "figure_name": name_words,
    "figure_definition": definition_words,
    "duration": duration,
}
