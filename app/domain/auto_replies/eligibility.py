"""Decide whether a message may get an automatic answer, and give the reason against it. Pure.

Each rule asks: could the answer go to a machine, or to more people than the sender? If automatic mail is not recognised, the
limits for each person and mailbox still end an exchange between two machines after the first round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from app.core.text import mark as N_
from app.mail.automatic import is_machine_address

ONCE_IN: Final = timedelta(hours=24)
FRESH: Final = timedelta(hours=1)
TALKING: Final = timedelta(hours=1)
MOST_AN_HOUR: Final = 60
MOST_RECIPIENTS: Final = 10


@dataclass(frozen=True)
class Letter:
    """The facts about a message that decide whether it may be answered automatically. Addresses are in lower case; a missing
    address is ""."""

    automatic: str | None
    is_mail: bool
    sender: str
    answer_to: str
    is_own: bool  # one of our mailboxes wrote it, or would be answered
    is_spam: bool
    is_blocked: bool
    is_bulk: bool  # it went over a list, or says it is one of many
    asks_for_silence: bool
    is_forged: bool  # our own server says its sender is not who they say
    recipients: int
    is_newest: bool  # no message of a person came after it
    in_talks: bool  # somebody of ours wrote in this thread a moment ago
    age: timedelta
    had_lately: bool
    sent_this_hour: int


def why_not(letter: Letter) -> str:
    """Return the reason against an automatic answer, in the form in which it is stored, or "" if an answer may be sent."""
    return next((reason for holds, reason in _AGAINST if holds(letter)), "")


_AGAINST: Final[tuple[tuple[Callable[[Letter], bool], str], ...]] = (
    (lambda letter: letter.automatic is not None, N_("We do not answer automatic email")),
    (lambda letter: letter.is_own, N_("The message is from one of our own mailboxes")),
    (lambda letter: letter.is_spam, N_("The thread is spam")),
    (lambda letter: letter.is_blocked, N_("The sender is blocked")),
    (lambda letter: letter.is_mail and not letter.answer_to, N_("The email has no reply address")),
    (
        lambda letter: letter.is_mail and is_machine_address(letter.answer_to),
        N_("The reply address is not monitored"),
    ),
    (lambda letter: letter.is_bulk, N_("The message came through a mailing list")),
    (
        lambda letter: letter.asks_for_silence,
        N_("The email asks us not to answer automatically", "The mail asks for no auto-reply"),
    ),
    (lambda letter: letter.is_forged, N_("The sender may be forged: the email failed the sender check (DMARC)")),
    (lambda letter: letter.is_mail and letter.recipients > MOST_RECIPIENTS, N_("The email went to many people")),
    (
        lambda letter: letter.is_mail and letter.recipients == 0,
        N_("The email lists no recipient, so it probably went to many people"),
    ),
    (lambda letter: letter.age > FRESH, N_("The message is more than an hour old")),
    (lambda letter: not letter.is_newest, N_("The same person wrote again: we answer the newer message")),
    (lambda letter: letter.in_talks, N_("A colleague is active in this thread")),
    (lambda letter: letter.had_lately, N_("This person got an automatic answer in the last 24 hours")),
    (lambda letter: letter.sent_this_hour >= MOST_AN_HOUR, N_("The channel reached its limit of automatic answers per hour")),
)
