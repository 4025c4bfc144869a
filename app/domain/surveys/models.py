"""Tables of surveys, their invitations (the questions to contacts) and answers."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum


class SurveyKind(StrEnum):
    CSAT = "csat"  # how a matter went, 1 to 5, after it was resolved
    NPS = "nps"  # whether they would recommend the brand, 0 to 10, by campaign


SCORES = {SurveyKind.CSAT: range(1, 6), SurveyKind.NPS: range(11)}
BAD_SCORE = 2
"""Up to here a verdict on a matter is bad; so is "not solved"."""
DETRACTOR_SCORE = 6
PROMOTER_SCORE = 9
GOOD_SCORE = 4


class SurveyOutcome(StrEnum):
    SENT = "sent"
    WITHHELD = "withheld"  # nobody was asked, see `reason`
    CANCELLED = "cancelled"  # the matter went on before the question left
    FAILED = "failed"


class AnswerWay(StrEnum):
    PAGE = "page"
    CHAT = "chat"  # tapped or typed where the question stood
    IMPORT = "import"


class Survey(WithId, Base):
    """The survey of one brand and kind. `questions`: text by language, "" for the default text. Hours are local in `zone`.

    The question is sent `delay_hours` after a mail, or `chat_delay_minutes` after a chat. No contact gets it twice within
    `min_days`. A reminder follows after `reminder_days` (0: no reminder), for questions by mail only.
    """

    __tablename__ = "surveys"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    kind: Mapped[SurveyKind] = mapped_column(text_enum(SurveyKind, "kind"))
    is_on: Mapped[bool] = mapped_column(default=False)
    questions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    delay_hours: Mapped[int]
    chat_delay_minutes: Mapped[int]
    min_days: Mapped[int]
    sample_percent: Mapped[int]
    reminder_days: Mapped[int]
    from_hour: Mapped[int]
    until_hour: Mapped[int]
    zone: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (
        sa.UniqueConstraint("brand_id", "kind"),
        sa.CheckConstraint("delay_hours BETWEEN 0 AND 168 AND chat_delay_minutes BETWEEN 0 AND 1380", name="delay"),
        sa.CheckConstraint("min_days BETWEEN 1 AND 365", name="min_days"),
        sa.CheckConstraint("sample_percent BETWEEN 1 AND 100", name="sample"),
        sa.CheckConstraint("reminder_days BETWEEN 0 AND 10", name="reminder"),
        sa.CheckConstraint("from_hour BETWEEN 0 AND 23 AND until_hour BETWEEN 1 AND 24 AND from_hour < until_hour", name="hours"),
    )


class SurveyInvitation(WithId, Claimable, Base):
    """One question to one contact, or the reason why none was sent. Its states are ready → running → done, with an outcome.

    If there is a reminder, a sent question becomes ready once more. The rated user is fixed when the matter is resolved, so
    later assignments do not change a score. `token_hash` is the hash of the token in the link. The token is derived from the
    id and a secret, and never stored.
    """

    __tablename__ = "survey_invitations"

    survey_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("surveys.id", ondelete="CASCADE"))
    kind: Mapped[SurveyKind] = mapped_column(text_enum(SurveyKind, "kind"))
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id", ondelete="SET NULL"))
    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id", ondelete="SET NULL"))
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="SET NULL"))
    medium: Mapped[str]
    rated_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    team_id: Mapped[uuid.UUID | None]
    thread_type: Mapped[str]
    priority: Mapped[str]
    language: Mapped[str]
    outcome: Mapped[SurveyOutcome | None] = mapped_column(text_enum(SurveyOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(default="")
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    message_id: Mapped[uuid.UUID | None]
    token_hash: Mapped[str] = mapped_column(unique=True)
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("ix_survey_invitations_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_survey_invitations_thread", "thread_id"),
        sa.Index("ix_survey_invitations_contact", "contact_id", "brand_id", "sent_at"),
        sa.Index("ix_survey_invitations_log", "brand_id", sa.text("planned_at DESC"), sa.text("id DESC")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="outcome_pair"),
        sa.CheckConstraint("(sent_at IS NULL) = (expires_at IS NULL)", name="sent_pair"),
    )


class SurveyAnswer(Base):
    """The answer to a question that counts: the latest answer that is not suspect, or the latest if all are suspect.

    `SurveyAnswerVersion` has all answers. For figures, the day is that of the first answer. `speed` and `reach` (was it easy
    to reach us) are 1 to 5. `is_suspect`: a machine may have answered; the answer is shown, but not counted in any figure.
    """

    __tablename__ = "survey_answers"

    invitation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("survey_invitations.id", ondelete="CASCADE"), primary_key=True)
    score: Mapped[int] = mapped_column(sa.SmallInteger)
    is_solved: Mapped[bool | None]
    speed: Mapped[int | None] = mapped_column(sa.SmallInteger)
    reach: Mapped[int | None] = mapped_column(sa.SmallInteger)
    comment: Mapped[str] = mapped_column(default="")
    is_suspect: Mapped[bool] = mapped_column(default=False)
    is_followed_up: Mapped[bool] = mapped_column(default=False)
    way: Mapped[AnswerWay] = mapped_column(text_enum(AnswerWay, "way"))
    first_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("score BETWEEN 0 AND 10", name="score"),
        sa.CheckConstraint("speed BETWEEN 1 AND 5 AND reach BETWEEN 1 AND 5", name="parts"),
        sa.Index("ix_survey_answers_changed", "changed_at"),
    )


class SurveyAnswerVersion(WithId, Base):
    """One answer as the customer gave it. Only `is_suspect` may change later."""

    __tablename__ = "survey_answer_versions"

    invitation_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("survey_invitations.id", ondelete="CASCADE"))
    said: Mapped[dict[str, Any]]
    way: Mapped[AnswerWay] = mapped_column(text_enum(AnswerWay, "way"))
    is_suspect: Mapped[bool]
    said_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_survey_answer_versions_invitation", "invitation_id", "said_at"),)
