"""Convert formatted text between the composer's form and the draft. The HTML of a form is cleaned first."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from flask import request
from sqlalchemy.orm import Session

from app.core.text import storable
from app.domain.threads.models import Draft
from app.mail.rich import clean_rich, rich_to_text
from app.web.accounts.session import current_viewer


@dataclass(frozen=True)
class Writing:
    """A text that a user wrote. `text` is the plain text. `html` is the same text with formatting, or "" if it has no
    formatting."""

    text: str
    html: str = ""


def read_writing(files: Collection[uuid.UUID], *, formatted: bool) -> Writing:
    """Return the text that the form posted. `files` are the ids of the uploads that its HTML may show as pictures.

    If `formatted` is set and the form has HTML with formatting, the plain text is made from this HTML. The form's own plain
    text is then ignored.
    """
    html = clean_rich(request.form.get("html", ""), pictures=files) if formatted else ""
    if html:
        return Writing(rich_to_text(html), html)
    return Writing(storable(request.form.get("text", "")).replace("\r\n", "\n"))


def writing_of_draft(session: Session, thread_id: uuid.UUID, kind: str, files: Collection[uuid.UUID]) -> Writing:
    """Return the text to store in the draft.

    A reply form without an HTML field (of a channel other than mail) does not remove the HTML stored in the draft. That HTML
    is used again only if its words are still those of the draft.
    """
    if kind != "reply" or "html" in request.form:
        return read_writing(files, formatted=kind == "reply")
    mine = (Draft.user_id == current_viewer().user_id, Draft.thread_id == thread_id, Draft.kind == kind)
    kept = session.execute(sa.select(Draft.options["html"].astext).where(*mine)).scalar_one_or_none()
    return Writing(read_writing(files, formatted=False).text, kept or "")


def html_of_draft(draft: Draft) -> str:
    """Return the draft's HTML. Return "" if the draft's plain text was changed since and no longer matches this HTML."""
    html = draft.options.get("html") or ""
    return html if html and rich_to_text(html) == draft.text.strip() else ""
