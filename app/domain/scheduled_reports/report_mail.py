"""Compose the mail of a scheduled report: HTML tables, charts, attached workbook and plain text. Pure.

Colours are set on each cell, because mail programs remove style sheets.
"""

from __future__ import annotations

from flask_babel import format_datetime
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.domain.accounts.access import Viewer
from app.domain.notifications.mail.compose import MailFile, SystemMail
from app.domain.scheduled_reports.contents import Contents, Line
from app.domain.scheduled_reports.pictures import SHOWN_HEIGHT, SHOWN_WIDTH

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FONT = "font-family:Helvetica,Arial,sans-serif;font-size:14px;color:#1c2028"
_CELL = "padding:6px 10px 6px 0;border-bottom:1px solid #e3e6ec;vertical-align:top"
_SOFT = "color:#565e6c;font-size:12px"
_TONES = {"good": "#0b6b43", "bad": "#a32121"}


def report_mail(viewer: Viewer, contents: Contents, *, reference: str, base: str, zone: object, owner: str) -> SystemMail:
    """Return the mail of a report in the recipient's language, which the caller has set.

    `viewer` is the recipient and `owner` the name of the report's author. `base` is the URL of the installation.
    """
    subject = _("%(name)s: %(days)s", name=contents.name, days=contents.days)
    as_of = format_datetime(contents.as_of.astimezone(zone), "d MMM y HH:mm", rebase=False)  # type: ignore[arg-type]
    foot = [
        _("Figures as of %(time)s; the days of each brand are counted in the time zone of that brand.", time=as_of),
        _(
            "%(name)s set up this report for you. See your reports or stop them: %(url)s",
            name=owner,
            url=f"{base}/analytics/schedules",
        ),
    ]
    link = f"{base}{contents.path}"
    pictures = tuple(MailFile(f"{one.key}.png", "image/png", one.png) for one in contents.pictures)
    sheets = (MailFile(f"{_file_name(contents.name)}.xlsx", XLSX, contents.sheet),) if contents.sheet else ()
    return SystemMail(
        viewer.email,
        viewer.name,
        subject,
        _text(contents, link, foot),
        reference,
        html=_html(viewer, subject, contents, link, foot),
        pictures=pictures,
        files=sheets,
    )


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)[:60].strip("-") or "report"


def _text(contents: Contents, link: str, foot: list[str]) -> str:
    lines = [f"{contents.name}\n{contents.days}"]
    if contents.is_empty:
        lines.append(_("No figure for these days"))
    lines.append("\n".join(_line_text(line) for line in contents.lines))
    lines += [f"{picture.title}\n{picture.says}" for picture in contents.pictures]
    lines.append("\n".join(" · ".join(row) for row in (contents.channel_heads, *contents.channels)) if contents.channels else "")
    lines += [_("Open the report: %(url)s", url=link), *foot]
    return "\n\n".join(line for line in lines if line) + "\n"


def _line_text(line: Line) -> str:
    target = _("target %(value)s", value=line.target) if line.target else ""
    beside = ", ".join(part for part in (line.change, target) if part)
    return f"{line.name}: {line.value}" + (f" ({beside})" if beside else "")


def _html(viewer: Viewer, subject: str, contents: Contents, link: str, foot: list[str]) -> str:
    parts = [Markup("<h1 style='font-size:20px;margin:0 0 4px'>{}</h1><p style='margin:0 0 16px;{}'>{}</p>").format(
        contents.name, _SOFT, contents.days)]  # fmt: skip
    if contents.is_empty:
        parts.append(Markup("<p>{}</p>").format(_("No figure for these days")))
    parts.append(_figures(contents))
    for picture in contents.pictures:
        parts.append(
            Markup(
                "<h2 style='font-size:16px;margin:20px 0 2px'>{}</h2><p style='margin:0 0 8px;{}'>{}</p>"
                "<img src='cid:{}.png' alt='{}' width='{}' height='{}' style='max-width:100%;height:auto;border:0'>"
            ).format(picture.title, _SOFT, picture.says, picture.key, picture.says, SHOWN_WIDTH, SHOWN_HEIGHT)
        )
    parts.append(_channels(contents))
    parts.append(Markup("<p style='margin:20px 0 0'><a href='{}'>{}</a></p>").format(link, _("Open the report")))
    parts += [Markup("<p style='margin:12px 0 0;{}'>{}</p>").format(_SOFT, line) for line in foot]
    body = Markup("").join(parts)
    return str(
        Markup(
            "<!DOCTYPE html><html lang='{}'><head><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
            "<title>{}</title></head><body style='margin:0;padding:16px;background:#ffffff;{}'>"
            "<div style='max-width:640px'>{}</div></body></html>"
        ).format(viewer.locale, subject, _FONT, body)
    )


def _figures(contents: Contents) -> Markup:
    rows = Markup("").join(
        Markup("<tr><th scope='row' align='left' style='font-weight:normal;{}'>{}</th><td style='{};font-weight:bold'>{}</td>"
               "<td style='{};{}'>{}{}</td></tr>").format(
            _CELL, line.name, _CELL, line.value, _CELL, _SOFT, _change(line), _target(line))
        for line in contents.lines
    )  # fmt: skip
    table = Markup(
        "<table role='table' width='100%' cellspacing='0' cellpadding='0' style='border-collapse:collapse;{}'>{}</table>"
    )
    return table.format(_FONT, rows)


def _change(line: Line) -> Markup:
    if line.tone in _TONES:
        return Markup("<span style='color:{}'>{}</span>").format(_TONES[line.tone], line.change)
    return escape(line.change)


def _target(line: Line) -> Markup:
    if not line.target:
        return Markup("")
    return Markup("{}{}").format(Markup("<br>") if line.change else "", _("target %(value)s", value=line.target))


def _channels(contents: Contents) -> Markup:
    if not contents.channels:
        return Markup("")
    head = Markup("").join(
        Markup("<th scope='col' align='left' style='{};{}'>{}</th>").format(_CELL, _SOFT, text) for text in contents.channel_heads
    )
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td style='{}'>{}</td>").format(_CELL, text) for text in row))
        for row in contents.channels
    )
    return Markup(
        "<h2 style='font-size:16px;margin:20px 0 2px'>{}</h2>"
        "<table width='100%' cellspacing='0' cellpadding='0' style='border-collapse:collapse;{}'><tr>{}</tr>{}</table>"
    ).format(_("Channels"), _FONT, head, rows)
