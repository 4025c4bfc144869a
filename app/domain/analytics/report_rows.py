"""Make the rows of a report's file, with every figure by day, and the lines of the sheet that describes the file."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.analytics import words
from app.domain.analytics.breakdown import read_breakdowns
from app.domain.analytics.figures import size_of, value_of
from app.domain.analytics.measures import ALL_KINDS, MEASURES, Measure, Shape
from app.domain.analytics.reading import Wanted
from app.domain.analytics.sheets import Value
from app.domain.analytics.slices import Slice

_NAMES = ("brand_id", "channel_id", "medium", "team_id", "user_id", "thread_type", "priority", "partner_id")


def report_heads(*, is_plain: bool) -> list[str]:
    return ["measure", "day", "value", "of"] if is_plain else [_("Figure"), _("Day"), _("Value"), _("Number of items counted")]


def report_rows(session: Session, slice: Slice, *, is_plain: bool) -> list[list[Value]]:
    """Return rows of name, day, value and number of facts. Each figure has a row with its total (day None), followed by its
    days.

    `is_plain` True: the names are the keys of the measures, for programs.
    """
    (found_of_all,), _state = read_breakdowns(session, Wanted([slice], ALL_KINDS))
    rows: list[list[Value]] = []
    for key, measure in MEASURES.items():
        name = key if is_plain else words.name_words(key)
        for day, found in [(None, found_of_all.whole), *sorted(found_of_all.days.items())]:
            value = value_of(measure, found)
            if value is not None and (day is None or size_of(measure, found)):
                rounded = round(value, 4) if measure.shape in (Shape.SHARE, Shape.RATIO, Shape.MEAN, Shape.NET) else value
                rows.append([name, day, rounded, size_of(measure, found)])
    return rows


def about_file(viewer: Viewer, measure: Measure | None, slice: Slice, count: int) -> list[tuple[str, str]]:
    """Return the lines (term, text) of the sheet that describes the file. `measure` None: the file has all figures."""
    lines = [
        (_("Report"), words.name_words(measure.key) if measure else _("All figures, day by day")),
        (
            _("Definition"),
            words.definition_words(measure.key)
            if measure
            else _("See the question mark beside each figure on the page “Analytics”."),
        ),
        (_("Period"), f"{slice.first} – {slice.last}"),
        (_("Time zone"), _("Days in each brand's time zone; times in %(zone)s.", zone=viewer.timezone)),
        (_("Durations counted in"), _("Opening hours") if slice.is_open else _("All hours")),
        (_("Number of rows in the file"), str(count)),
        (_("Data as of"), slice.as_of.isoformat() if slice.as_of else ""),
        (_("For"), viewer.name),
    ]
    return lines + [(_("Filter"), f"{name}: {getattr(slice, name)}") for name in _NAMES if getattr(slice, name) is not None]
