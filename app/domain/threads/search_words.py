"""Store on which day each word was last written. The search for a rare word begins at this day.

A background job stores the words of messages that no longer change. The day narrows a search only if the words of all older
messages are stored. Words are grouped by their first letters, because all numbers and article names would make the table as
long as the mail.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.core.db import Base
from app.domain.threads.search_query import Word

SETTLES = timedelta(minutes=30)  # by then a message is committed, and its sender has corrected it
LETTERS = "^[a-z]{1,20}"
TOKEN = re.compile(r"[^\W_]+")
NEVER = date.min


class SearchWord(Base):
    """One group of words with the same first letters, and the day (UTC) of the newest message that has one of them."""

    __tablename__ = "search_words"

    letters: Mapped[str] = mapped_column(sa.Text(collation="C"), primary_key=True)
    last_day: Mapped[date]


class SearchWordMark(Base):
    """The single row that tells up to which message id the words are stored."""

    __tablename__ = "search_word_mark"

    message_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)


_MARK = sa.text("SELECT message_id FROM search_word_mark FOR UPDATE SKIP LOCKED")
_NEXT = sa.text(
    "SELECT id FROM messages WHERE id > :mark AND id < :settled ORDER BY id OFFSET :limit - 1 LIMIT 1",
)
_LAST = sa.text("SELECT id FROM messages WHERE id > :mark AND id < :settled ORDER BY id DESC LIMIT 1")
_NOTE = """
    INSERT INTO search_words (letters, last_day)
    SELECT letters, last_day FROM (
        SELECT substring(word FROM :letters) AS letters, max(day) AS last_day
        FROM (SELECT word, max(day) AS day FROM (
                SELECT unnest(tsvector_to_array(tsv)) AS word, (occurred_at AT TIME ZONE 'UTC')::date AS day FROM messages
                WHERE {which}
              ) every GROUP BY word) once
        GROUP BY 1
    ) noted
    WHERE letters IS NOT NULL AND NOT EXISTS (SELECT FROM search_words known WHERE known.letters = noted.letters
        AND known.last_day >= noted.last_day)
    ORDER BY letters
    ON CONFLICT (letters) DO UPDATE SET last_day = greatest(search_words.last_day, excluded.last_day)
"""
_NOTE_NEXT = sa.text(_NOTE.format(which="id > :mark AND id <= :upto"))
_NOTE_ONE = sa.text(_NOTE.format(which="id = :message_id"))
# A group is a word in all its forms: its day is the latest of theirs, and unknown where that of one is. The fence makes the few
# fresh messages be read by their ids: the planner believes that they are a third of all.
_LAST_DAY = sa.text("""
    SELECT min(day) FROM (
        SELECT CASE WHEN bool_and(day IS NOT NULL) THEN max(day) END AS day FROM (
            SELECT asked.number, CASE WHEN begin.letters IS NOT NULL THEN coalesce((
                SELECT max(last_day) FROM search_words w WHERE w.letters >= begin.letters
                AND w.letters < begin.letters || CASE WHEN begin.letters = lexeme.word THEN chr(1114111) ELSE chr(1) END
            ), :never) END AS day
            FROM unnest(CAST(:numbers AS int[]), CAST(:forms AS text[])) AS asked (number, form)
            CROSS JOIN LATERAL (SELECT tsvector_to_array(to_tsvector('inbox', asked.form)) AS words) AS parsed
            CROSS JOIN LATERAL (SELECT CASE WHEN cardinality(words) = 1 THEN words[1] END AS word) AS lexeme
            CROSS JOIN LATERAL (SELECT substring(lexeme.word FROM :letters) COLLATE "C" AS letters) AS begin
        ) forms GROUP BY number
    ) groups
    WHERE NOT EXISTS (
        SELECT FROM (
            SELECT occurred_at FROM messages WHERE id > (SELECT message_id FROM search_word_mark) ORDER BY id OFFSET 0
        ) fresh WHERE fresh.occurred_at <= :before
    )
""")


def note_new_words(session: Session, *, now: datetime, limit: int) -> bool:
    """Store the words of the next messages. Return whether there may be more messages. Parallel runs are harmless."""
    mark = session.execute(_MARK).scalar_one_or_none()
    if mark is None:
        return False
    asked = {"mark": mark, "settled": _first_id_at(now - SETTLES)}
    full = session.execute(_NEXT, {**asked, "limit": limit}).scalar_one_or_none()
    upto = full or session.execute(_LAST, asked).scalar_one_or_none()
    if upto is None:
        return False
    session.execute(_NOTE_NEXT, {"mark": mark, "upto": upto, "letters": LETTERS})
    session.execute(sa.update(SearchWordMark).values(message_id=upto))
    return full is not None


def note_words_of(session: Session, message_id: uuid.UUID) -> None:
    """Store the words of a message that was edited after its words were stored."""
    session.flush()
    session.execute(_NOTE_ONE, {"message_id": message_id, "letters": LETTERS})


def forms_of(words: Iterable[Word]) -> tuple[tuple[str, ...], ...]:
    """Return for each word that must occur a group: the beginnings of the word and of its other forms.

    Words with punctuation are left out.
    """
    found = []
    for word in words:
        if not word.negated:
            tokens = [token for token in word.text.split() if TOKEN.fullmatch(token)]
            found += [(token, *word.forms) for token in tokens]
    return tuple(found)


def last_day_of(session: Session, groups: tuple[tuple[str, ...], ...], *, before: datetime) -> date | None:
    """Return the day after which no message has all of the words. `groups` are as `forms_of` returns them.

    Return NEVER if no message has them, or None if the day is unknown. Messages newer than `before` do not count.
    """
    asked = [(number, form) for number, group in enumerate(groups) for form in group]
    if not asked:
        return None
    numbers, forms = map(list, zip(*asked, strict=True))
    values = {"numbers": numbers, "forms": forms, "never": NEVER, "before": before, "letters": LETTERS}
    day: date | None = session.execute(_LAST_DAY, values).scalar_one_or_none()
    return day


def _first_id_at(moment: datetime) -> uuid.UUID:
    """Return the smallest id (UUID version 7) that can be made at this instant."""
    return uuid.UUID(int=int(moment.timestamp() * 1000) << 80)
