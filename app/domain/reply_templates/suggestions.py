"""Suggest the templates that fit a thread, the best first.

A template fits if it is for the thread's brand and for the medium, and is not a visit text. Its score is a sum: the words
that it shares with the last message (full-text rank in the template's own language), whether it is in the contact's
language, whether it is made for exactly this medium, and how often it was sent recently in this brand. The last number
counts as a logarithm, so that a favourite does not displace a better fit.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.orm import Session

from app.domain.connections.models import Medium
from app.domain.contacts.models import Contact
from app.domain.reply_templates.language import guess_language
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateUse
from app.domain.reply_templates.queries import TemplateMissing, for_brands
from app.domain.threads.models import Message, MessageType, Thread
from app.mail.quoting import own_text

LOOKED_BACK = timedelta(days=90)
READ_CHARACTERS = 2000
LIMIT = 200
WORD_WEIGHT, LANGUAGE_WEIGHT, MEDIUM_WEIGHT, USE_WEIGHT = 40.0, 0.6, 0.2, 0.15
NOTE_WEIGHT = 100.0  # what was written for notes comes before all that fits anywhere
# Stems of politeness, which stand in every letter and say nothing about it.
POLITE = [
    "grag",
    "graag",
    "dank",
    "bedankt",
    "best",
    "groet",
    "hallo",
    "please",
    "pleas",
    "thank",
    "hello",
    "regard",
    "bonjour",
    "merci",
]

# The stems of what was asked, once per language, as a query for any of them.
ASKED = r"""
SELECT language, string_agg(quote_literal(stem), ' | ')::tsquery AS query, count(*) AS words
FROM (VALUES ('nl', 'dutch'::regconfig), ('en', 'english'::regconfig), ('fr', 'french'::regconfig)) AS known (language, config),
    LATERAL unnest(tsvector_to_array(to_tsvector(config, :asked))) AS stem
WHERE stem ~ '^\w+$' AND length(stem) > 2 AND stem <> ALL(:polite)
GROUP BY language
"""


@dataclass(frozen=True)
class Asked:
    """The question in a thread. `text`: the subject and the contact's last message without quotes.

    `language` is None if it is unknown.
    """

    text: str
    language: str | None


def get_asked(session: Session, *, thread: Thread) -> Asked:
    """Read the subject and the last incoming message of a thread, and find their language.

    The language is the one stored for the contact. If there is none, it is guessed from the text.
    """
    last = (
        sa.select(Message.text)
        .where(Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING)
        .order_by(Message.occurred_at.desc(), Message.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    language = sa.select(Contact.language).where(Contact.id == thread.contact_id).scalar_subquery()
    text, known = session.execute(sa.select(last, language)).one()
    written = own_text(text or "")[:READ_CHARACTERS]
    asked = f"{thread.subject}\n{written}"
    if known in ("nl", "en", "fr"):
        return Asked(asked, known)
    return Asked(asked, guess_language(written) or guess_language(asked))


def list_fitting(
    session: Session, *, thread: Thread, medium: str, asked: Asked, now: datetime, limit: int = LIMIT
) -> Sequence[ReplyTemplate]:
    """List the templates that fit the thread and medium, the best first.

    The caller must have checked that the viewer may see the thread.
    """
    words = sa.text(ASKED).bindparams(sa.bindparam("polite", POLITE, sa.ARRAY(sa.Text)), asked=asked.text)
    known = words.columns(sa.column("language", sa.Text), sa.column("query", TSQUERY), sa.column("words", sa.Integer)).cte(
        "asked"
    )
    score = (
        WORD_WEIGHT * sa.func.coalesce(sa.func.ts_rank(ReplyTemplate.tsv, known.c.query, 1) * known.c.words, 0.0)
        + LANGUAGE_WEIGHT * sa.cast(ReplyTemplate.language == (asked.language or ""), sa.Integer)
        + (NOTE_WEIGHT if medium == Medium.INTERNAL else MEDIUM_WEIGHT)
        * sa.cast(ReplyTemplate.media.any_() == medium, sa.Integer)
        + USE_WEIGHT * sa.func.ln(1 + _recent_uses(thread.brand_id, now))
    )
    query = (
        sa.select(ReplyTemplate)
        .outerjoin(known, known.c.language == ReplyTemplate.language)
        .where(*_fits(thread, medium))
        .order_by(score.desc(), sa.func.lower(ReplyTemplate.name), ReplyTemplate.id)
    )
    return session.execute(query.limit(limit)).scalars().all()


def get_fitting(session: Session, *, thread: Thread, medium: str, template_id: uuid.UUID) -> ReplyTemplate:
    """Return this template if it fits the thread. Raises TemplateMissing."""
    query = sa.select(ReplyTemplate).where(ReplyTemplate.id == template_id, *_fits(thread, medium))
    template = session.execute(query).scalar_one_or_none()
    if template is None:
        raise TemplateMissing(str(template_id))
    return template


def _fits(thread: Thread, medium: str) -> tuple[sa.ColumnElement[bool], ...]:
    anywhere = sa.func.cardinality(ReplyTemplate.media) == 0
    return (
        ReplyTemplate.archived_at.is_(None),
        sa.not_(ReplyTemplate.for_visits),
        sa.or_(anywhere, ReplyTemplate.media.any_() == medium),
        for_brands((thread.brand_id,)),
    )


def _recent_uses(brand_id: uuid.UUID, now: datetime) -> sa.ScalarSelect[int]:
    counted = sa.select(sa.func.count()).where(
        ReplyTemplateUse.template_id == ReplyTemplate.id,
        ReplyTemplateUse.brand_id == brand_id,
        ReplyTemplateUse.sent_at > now - LOOKED_BACK,
    )
    return counted.correlate(ReplyTemplate).scalar_subquery()
