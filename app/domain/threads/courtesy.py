"""Recognise messages that only say thanks (courtesy). A courtesy does not reopen a thread and begins no clock; it can be
undone.

A message can only be a courtesy in a thread in which nobody waits for us: one that is resolved, closed, or waits for the
customer. In doubt a message counts as a question. Any of these makes it a question: a question mark, a digit, a file, or a
word that is not in the lists of courtesy_words.py (nl, en, fr, de). Words that agree ("ok", a thumb) are a courtesy only if
our last message asked nothing.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.threads.actions import lock_thread, reopen_for_incoming, subject_of
from app.domain.threads.courtesy_words import AGREEMENTS, FILLERS, MEANS_AGREEMENT, THANKS
from app.domain.threads.models import CLOSED_STATUSES, Message, MessageType, Thread, ThreadStatus
from app.mail.quoting import split_quoted

COURTESY = "courtesy"
LONGEST = 120  # characters that somebody wrote who only says thanks
_WAITS_FOR_NOTHING = CLOSED_STATUSES | {ThreadStatus.WAITING_CUSTOMER}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SIGNS = re.compile(r"[\s.,;:!\-–—…'’\"“”()*_/\\&|<>~=^]+")
_KEEP_UP = re.compile(r"[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")  # joins, looks and skin tones of emoji
_EMOJI = re.compile(r"[\u2190-\u2bff\u3030\U0001f000-\U0001faff]")


def receive(session: Session, thread: Thread, message: Message, *, has_files: bool, now: datetime) -> None:
    """Reopen the locked thread for a contact's `message`, unless it is a courtesy."""
    waits = has_files or thread.status not in _WAITS_FOR_NOTHING or thread.spam_at is not None
    if not waits and _is_courtesy(session, thread, message):
        message.meta = {**message.meta, COURTESY: True}
        session.flush()
    else:
        reopen_for_incoming(session, thread, now=now)


def count_as_question(session: Session, *, message_id: uuid.UUID, actor: Actor, now: datetime) -> Thread:
    """Count a courtesy as a question after all, and reopen its thread. A repeat changes nothing."""
    message = session.get_one(Message, message_id)
    thread = lock_thread(session, message.thread_id)
    session.refresh(message)
    if not message.meta.get(COURTESY):
        return thread
    message.meta = {name: value for name, value in message.meta.items() if name != COURTESY}
    reopen_for_incoming(session, thread, now=now)
    thread.version += 1
    session.flush()
    record(session, "CourtesyUndone", subject=subject_of(thread, message), now=now, actor=actor)
    return thread


def _is_courtesy(session: Session, thread: Thread, message: Message) -> bool:
    if message.kind != "text":
        return False
    text = own_words(message.text) if message.medium == "email" else message.text
    if len(text.strip()) > LONGEST:
        return False
    last = _last_answer(session, thread)
    names = _names(last.sender.get("name", "") if last else "", message.sender.get("name", ""))
    return is_courtesy(text, asked="?" in (last.text if last else ""), names=names)


def _last_answer(session: Session, thread: Thread) -> Message | None:
    ours = sa.and_(Message.thread_id == thread.id, Message.message_type == MessageType.OUTGOING)
    return session.execute(sa.select(Message).where(ours).order_by(Message.seq.desc()).limit(1)).scalar_one_or_none()


def _names(*names: str) -> frozenset[str]:
    return frozenset(word.casefold() for name in names for word in _WORD.findall(name))


def own_words(text: str) -> str:
    """Return what the sender of a mail wrote, without quotes and signature."""
    return "\n".join(section.text for section in split_quoted(text) if section.kind == "own")


def is_courtesy(text: str, *, asked: bool = False, names: frozenset[str] = frozenset()) -> bool:
    """Return whether the text only thanks or agrees.

    `asked`: our last message had a question, so agreeing is an answer and no courtesy. `names`: further words, in lower
    case, that the text may contain.
    """
    if "?" in text or any(sign.isdigit() for sign in text):
        return False
    emoji = set(_EMOJI.findall(_KEEP_UP.sub("", text)))
    words = [word.casefold().replace("’", "'") for word in _WORD.findall(_KEEP_UP.sub("", text))]
    if _SIGNS.sub("", _WORD.sub("", _EMOJI.sub("", _KEEP_UP.sub("", text)))):
        return False  # signs nobody thanks with
    thanks, agrees = THANKS.intersection(words), AGREEMENTS.intersection(words)
    if any(word not in THANKS | AGREEMENTS | FILLERS | names for word in words) or not (thanks or agrees or emoji):
        return False
    return not asked or not (agrees or emoji & MEANS_AGREEMENT)
