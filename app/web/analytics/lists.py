"""Page behind a number of a report (drill-down): the facts it counts, or the threads of a live figure."""

from __future__ import annotations

from typing import Any

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from app.core.db import db
from app.core.money_words import money_words
from app.core.translation import gettext as _
from app.domain.analytics import words
from app.domain.analytics.figures import count_facts, read_state
from app.domain.analytics.kinds import ORDER_KINDS, SCORED, TIMES, Kind
from app.domain.analytics.listing import PAGE, FactRow, list_facts, place_text, read_place
from app.domain.analytics.live import LIVE_SHOWN, Live, list_live
from app.domain.analytics.measures import MEASURES, Measure, Shape
from app.domain.analytics.slices import Slice
from app.web.accounts.session import current_viewer
from app.web.analytics.asked import Asked, parse_bucket
from app.web.analytics.blueprint import bp
from app.web.analytics.pages import frame, read_asked
from app.web.pages import page

BUCKETS = ("m", "day", "hour", "weekday", "band", "met", "score", "currency", "as_of", "until")


@bp.get("/analytics/list")
def show_list() -> ResponseReturnValue:
    """Show the facts behind the figure `m` of a report. Further URL arguments narrow them to one part, for example an hour."""
    viewer, asked, session = current_viewer(), read_asked(), db.session()
    measure = MEASURES.get(request.args.get("m", ""))
    if measure is None:
        abort(404)
    slice = asked.slice(viewer, **parse_bucket(request.args))
    rows = list_facts(session, slice, measure, after=read_place(request.args.get("after", "")), limit=PAGE + 1)
    count = count_facts(session, slice, measure)
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return page(
        "analytics/list.html",
        measure=measure,
        rows=rows[:PAGE],
        count=count,
        now=_now_words(session, slice, measure, count),
        as_of=slice.as_of or read_state(session).batch_at,
        narrowed=_narrowed(slice),
        answers=_answers(asked, measure, slice),
        older=asked.url("analytics.show_list", **kept(), after=place_text(last)) if last else "",
        newest=asked.url("analytics.show_list", **kept()) if request.args.get("after") else "",
        export_args={**asked.args(), **kept()},
        of_orders=measure.kinds[0] in ORDER_KINDS,
        takes_time=measure.shape == Shape.TIME,
        says_yes=measure.says_yes or measure.shape == Shape.MEAN or measure.kinds[0] == Kind.ORDER,
        answer_head=_answer_head(measure),
        value_words=lambda row: _value(row, slice),
        back=asked.url("analytics.overview", chart=None),
        **frame("overview", viewer, asked),
    )


@bp.get("/analytics/now/<live>")
def show_live(live: str) -> ResponseReturnValue:
    """Show the threads of a live figure. The thread that is due first comes first."""
    viewer, asked = current_viewer(), read_asked()
    if live not in tuple(Live):
        abort(404)
    rows = list_live(db.session(), asked.slice(viewer), Live(live), now=asked.now)
    title = _(words.LIVE_NAMES[Live(live)])
    context: dict[str, Any] = {"rows": rows, "title": title[:1].upper() + title[1:], "most": LIVE_SHOWN}
    return page(
        "analytics/live.html", back=asked.url("analytics.overview"), now=asked.now, **context, **frame("overview", viewer, asked)
    )


def kept() -> dict[str, str]:
    """Return the URL arguments that a list has besides those of its report: the figure `m`, and the arguments that narrow the
    list."""
    return {name: request.args[name] for name in BUCKETS if name in request.args}


def _now_words(session: Any, slice: Slice, measure: Measure, count: int) -> str:
    """Return in words how many facts the figure counts now, or "" if the number is the same as at the time of the report."""
    if slice.as_of is None:
        return ""
    now = count_facts(session, Slice(**{**vars(slice), "as_of": None}), measure)
    return "" if now == count else _("The figure has since changed: it is now %(count)s.", count=now)


def _narrowed(slice: Slice) -> str:
    """Return in words what the list is narrowed to, for example an hour, a score or a range of durations.

    Return "" if the list is not narrowed.
    """
    parts = []
    if slice.weekday is not None:
        parts.append(words.weekday_words(slice.weekday))
    if slice.hour is not None:
        parts.append(f"{slice.hour:02}:00 – {slice.hour + 1:02}:00")
    if slice.currency is not None:
        parts.append(slice.currency)
    if slice.score is not None:
        parts.append(_("score %(score)s", score=slice.score))
    if slice.band is not None:
        low, high = slice.band
        from_words = _("%(time)s or more", time=words.duration(low)) if low or high is None else ""
        parts += [from_words] if from_words else []
        parts += [_("less than %(time)s", time=words.duration(high))] if high is not None else []
    return ", ".join(parts)


def _answers(asked: Asked, measure: Measure, slice: Slice) -> list[tuple[str, str, bool]]:
    """Return the links All, Yes and No of a list whose facts are split by yes and no, as (words, URL, is current).

    Return [] for any other list.
    """
    if not measure.says_yes:
        return []
    options = ((_("All"), None, slice.met is None), (_("Yes"), "yes", slice.met is True), (_("No"), "no", slice.met is False))
    return [(text, asked.url("analytics.show_list", **{**kept(), "met": value}), current) for text, value, current in options]


def _answer_head(measure: Measure) -> str:
    if measure.kinds[0] == Kind.ORDER:
        return _("Without tax")
    return _("Score") if measure.kinds[0] in SCORED else _("Result (yes or no)")


def _value(row: FactRow, slice: Slice) -> str:
    if row.amount is not None and row.currency is not None:
        return money_words(row.amount, row.currency, str(get_locale()))
    if row.kind in TIMES:
        return words.duration(row.open_seconds if slice.is_open else row.wall_seconds)
    if row.score is not None:
        return str(row.score)
    return "" if row.met is None else _("Yes") if row.met else _("No")
