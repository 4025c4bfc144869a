"""Tables of notifications, preferences, dispatches, push devices, Teams hooks and digests."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.contract.notice_outcome import Outcome
from app.core.db import Base, Claimable, WithId, text_enum
from app.domain.threads.models import Priority


class NotificationKind(StrEnum):
    MENTION = "mention"
    ASSIGNMENT = "assignment"
    MESSAGE = "message"  # something came in on a thread assigned to the user, or watched by them
    HELD = "held"  # a reply the user scheduled was not sent: they decide
    UNSENT = "unsent"  # a message of the user's, or on a thread of theirs, did not arrive
    TEAM = "team"  # a thread was handed to a team of theirs
    CHANNEL = "channel"  # a channel does not work, or a credential of it expires; for administrators
    ESCALATION = "escalation"  # a deadline comes near or has passed, and it is theirs to do something
    ORDER_URGENT = "order_urgent"  # an order became urgent; for leads, and whoever has its thread
    TECHNICIAN_ABSENT = "technician_absent"  # a technician is not there on a day with appointments; for leads
    VERDICT = "verdict"  # a customer was disappointed; for leads
    NEW_WORK = "new_work"  # something came in that nobody has; for its team, or for the brand
    RULE = "rule"  # a rule or a macro tells a team, as a card in its channel alone
    VISIT = "visit"  # a visit of theirs is new, moved, changed, cancelled or given away, or its customer wrote
    COMMITMENT = "commitment"  # what a partner was promised is about to break; for leads, and whoever manages partners
    SYSTEM_ERROR = "system_error"  # something is wrong with the installation, or mended; for administrators


class Way(StrEnum):
    """A way to notify a user. EMAIL means the daily digest; only notifications of the kinds in AT_ONCE are mailed at once."""

    APP = "app"
    PUSH = "push"
    EMAIL = "email"
    TEAMS = "teams"


# A card goes into a team's channel, where all of it sees it: only what concerns a team, and what cannot wait.
TRIGGERS = (NotificationKind.ORDER_URGENT, NotificationKind.TECHNICIAN_ABSENT, NotificationKind.SYSTEM_ERROR)
TEAMS_KINDS = frozenset(
    {NotificationKind.MENTION, NotificationKind.TEAM, NotificationKind.ESCALATION, NotificationKind.RULE, *TRIGGERS}
)
# What cannot wait for a digest or a moment.
AT_ONCE = frozenset(
    {NotificationKind.ESCALATION, NotificationKind.CHANNEL, NotificationKind.UNSENT, NotificationKind.VISIT, *TRIGGERS}
)
# By whoever chose nothing, everything is wanted but these.
UNASKED = frozenset(
    {(NotificationKind.MENTION, Way.TEAMS), (NotificationKind.TEAM, Way.TEAMS), (NotificationKind.VISIT, Way.EMAIL)}
)


def is_offered(kind: NotificationKind, way: Way) -> bool:
    """Return whether this kind of notification can be sent in this way at all."""
    return kind in TEAMS_KINDS if way == Way.TEAMS else kind != NotificationKind.RULE


def is_usual(kind: NotificationKind, way: Way) -> bool:
    """Return the default: True if a user who has made no choice gets this kind of notification in this way."""
    return is_offered(kind, way) and (kind, way) not in UNASKED


class Notification(WithId, Base):
    """One notification of one user. A user has at most one unread notification of kind `message` per thread, and at most one of
    kind `new_work` per brand. `count` is the number of messages it stands for.

    A notification is about a thread, about a channel, or about the page at `place` (a path). For a `place`, users of
    `brand_id` may see it; if `brand_id` is null, only administrators may. For a channel or place, `text` is the sentence in
    English. `message_id`: the newest message that it is about. `actor_user_id`: the user who caused it, null if no user did.
    If `in_app` is False, no list shows the notification; it is only sent in other ways.
    """

    __tablename__ = "notifications"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(text_enum(NotificationKind, "kind"))
    thread_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), index=True)
    brand_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    place: Mapped[str] = mapped_column(default="", server_default="")
    text: Mapped[str] = mapped_column(default="", server_default="")
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    actor_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    count: Mapped[int] = mapped_column(default=1)
    in_app: Mapped[bool] = mapped_column(default=True, server_default=sa.true())
    read_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("num_nonnulls(thread_id, channel_id, nullif(place, '')) = 1", name="about"),
        sa.Index("ix_notifications_newest", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_notifications_unread", "user_id", "thread_id", postgresql_where=sa.text("read_at IS NULL")),
        sa.Index(
            "uq_notifications_unread_message",
            "user_id",
            "thread_id",
            unique=True,
            postgresql_where=sa.text("read_at IS NULL AND kind = 'message'"),
        ),
        sa.Index(
            "uq_notifications_unread_new_work",
            "user_id",
            "place",
            unique=True,
            postgresql_where=sa.text("read_at IS NULL AND kind = 'new_work'"),
        ),
    )


class NotificationChoice(Base):
    """A user's choice whether to get one kind of notification in one way. If there is no row, the default applies
    (`is_usual`).
    """

    __tablename__ = "notification_choices"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NotificationKind] = mapped_column(text_enum(NotificationKind, "kind"), primary_key=True)
    way: Mapped[Way] = mapped_column(text_enum(Way, "way"), primary_key=True)
    wanted: Mapped[bool]


class NotificationSettings(Base):
    """One user's settings: when and how they are notified. `quiet`: the quiet hours of a week, in the user's time zone
    (app/domain/notifications/quiet.py).

    If `shows_content` is True, lock screens and mails may show names and subjects. `digest_hour`: the local hour of the
    daily digest, null if the user gets none.
    """

    __tablename__ = "notification_settings"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    quiet: Mapped[list[Any]] = mapped_column(default=list)
    shows_content: Mapped[bool] = mapped_column(default=False)
    digest_hour: Mapped[int | None]


class NotificationDispatch(Claimable, WithId, Base):
    """The promise to send a notification outside the app, in one way and to one target: a device, a Teams channel, or the
    user's mail address.

    A Teams card is for all users in `told_user_ids`; `user_id` is the first of them. While a dispatch waits, the same
    notification gets no second one for this way and target. If `is_held` is True, it waits for the end of quiet hours; then
    everything held for the target is sent as one. `calling_at` is set while the push service, Teams or mail server is being
    called.
    """

    __tablename__ = "notification_dispatches"

    way: Mapped[Way] = mapped_column(text_enum(Way, "way"))
    target_id: Mapped[uuid.UUID]
    notification_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("notifications.id", ondelete="CASCADE"), index=True)
    event_id: Mapped[uuid.UUID]
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    subscription_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("push_subscriptions.id", ondelete="CASCADE"))
    hook_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("teams_hooks.id", ondelete="CASCADE"), index=True)
    told_user_ids: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    is_held: Mapped[bool] = mapped_column(default=False)
    folded_into_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("notification_dispatches.id", ondelete="CASCADE"))
    calling_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(text_enum(Outcome, "outcome"))
    error: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("event_id", "way", "target_id"),
        sa.Index(
            "uq_notification_dispatches_waiting",
            "notification_id",
            "way",
            "target_id",
            unique=True,
            postgresql_where=sa.text("state = 'ready'"),
        ),
        sa.Index("ix_notification_dispatches_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_notification_dispatches_target", "target_id", "ended_at"),
        sa.Index("ix_notification_dispatches_folded_into_id", "folded_into_id"),
        sa.Index("ix_notification_dispatches_subscription_id", "subscription_id"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(way = 'push') = (subscription_id IS NOT NULL)", name="device"),
        sa.CheckConstraint("(way = 'teams') = (hook_id IS NOT NULL)", name="hook"),
    )


class PushKey(WithId, Base):
    """The key pair by which push services recognise this installation. There is only one, because every device's subscription
    is bound to it."""

    __tablename__ = "push_keys"

    public_point: Mapped[bytes]
    sealed_private: Mapped[bytes]
    is_only: Mapped[bool] = mapped_column(default=True, server_default=sa.true(), unique=True)
    created_at: Mapped[datetime]


class PushSubscription(WithId, Base):
    """A browser in which a user agreed to get push notifications (a device). It is deleted when the user signs out of the
    session `session_id`. `problem`: why the push service refuses our calls, in English."""

    __tablename__ = "push_subscriptions"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), index=True)
    session_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("user_sessions.id", ondelete="SET NULL"), index=True)
    endpoint: Mapped[str]
    p256dh: Mapped[str]
    auth: Mapped[str]
    user_agent: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]
    reached_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (sa.UniqueConstraint("endpoint"),)


class TeamsHook(WithId, Base):
    """The address of the Teams workflow that gets a team's cards. It is stored encrypted, because the whole address is a
    secret; only `host` may be shown.

    `calls`: the times of the calls of the last day, used to limit their rate. `problem`: why Teams refuses our calls, in
    English. `mentions_assignee`: cards mention the thread's assignee by email address; Teams does not show a card with an
    unknown address. `triggers`: those of TRIGGERS for which cards are sent. `least_priority`: no cards are sent about
    threads and orders with a lower priority.
    """

    __tablename__ = "teams_hooks"

    team_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("teams.id", ondelete="CASCADE"), unique=True)
    sealed_url: Mapped[bytes]
    host: Mapped[str]
    shows_content: Mapped[bool] = mapped_column(default=False)
    mentions_assignee: Mapped[bool] = mapped_column(default=False, server_default=sa.false())
    triggers: Mapped[list[str]] = mapped_column(default=lambda: [kind.value for kind in TRIGGERS])
    least_priority: Mapped[Priority] = mapped_column(
        text_enum(Priority, "least_priority"), default=Priority.LOW, server_default=Priority.LOW.value
    )
    calls: Mapped[list[datetime]] = mapped_column(sa.ARRAY(sa.DateTime(timezone=True)), default=list, server_default="{}")
    problem: Mapped[str] = mapped_column(default="", server_default="")
    reached_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class NotificationDigest(Claimable, WithId, Base):
    """The promise to send one user's digest of one local day. The row is created before the mail is sent. `calling_at` is set
    while the mail is being sent."""

    __tablename__ = "notification_digests"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    digest_date: Mapped[date]
    calling_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(text_enum(Outcome, "outcome"))
    error: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("user_id", "digest_date"),
        sa.Index("ix_notification_digests_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )
