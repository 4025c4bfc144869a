"""Draw a scheduled report as a PDF, in the language that the caller has set."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from flask_babel import format_datetime
from flask_babel import gettext as _

from app.domain.accounts.access import Viewer
from app.domain.scheduled_reports.contents import Contents


def report_paper(viewer: Viewer, contents: Contents) -> bytes:
    """Return the PDF. The same contents give the same bytes."""
    from app.core.pdf import Column, Document, Picture  # what draws takes long to import, and most processes never draw

    as_of = format_datetime(contents.as_of.astimezone(ZoneInfo(viewer.timezone)), "d MMM y HH:mm", rebase=False)
    document = Document(
        title=f"{contents.name}: {contents.days}",
        language=viewer.locale,
        made_at=contents.as_of,
        footer=f"{contents.name} · {contents.days}",
    )
    document.heading(contents.name, aside=contents.days)
    for line in (
        *contents.filters,
        _("Figures as of %(time)s; the days of each brand are counted in the time zone of that brand.", time=as_of),
    ):
        document.paragraph(line, soft=True)
    if contents.is_empty:
        document.paragraph(_("No figure for these days"))
    heads = (_("Figure"), _("Value"), _("Versus previous period"), _("Target"))
    columns = [Column(head, share) for head, share in zip(heads, (3, 2, 3, 2), strict=True)]
    document.table(columns, [(line.name, line.value, line.change, line.target) for line in contents.lines])
    for picture in contents.pictures:
        document.heading(picture.title, level=2)
        document.pictures([Picture(picture.png, picture.says)], across=1, height=70)
    if contents.channels:
        document.heading(_("Channels"), level=2)
        document.table([Column(head, 2) for head in contents.channel_heads], contents.channels)
    return document.to_bytes()
