"""Find messages and threads for a search, each step bounded.

There are two ways to find the newest messages with a word:

- read messages back in time: fast for common words, but seconds for rare ones;
- read the index of words: fast for rare words, but seconds for common ones.

If the planner estimates that the words are rare, the index is read at once. Otherwise a small slice of messages is read first.
Its hits tell how far back we must read to fill the page. If that is too far, the index is read after all, a window of time
after another, the newest first. Without windows it would return every message ever written with the word. A sample of the
table's pages tells how long a window has to be. If nobody wrote the word for days, reading continues at the last day on which
somebody did (`search_words`).

Operators narrow the search. If an index finds at most `few` threads, these are read completely. Otherwise messages that do
not match the operators are skipped. Reading could go on without end for a common word under a narrow operator. It stops
after SLICES slices, and the page has the place from which to continue. Operators on threads alone are answered like a list,
with keyset scans of its indexes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.threads.search_filter import SearchFilter
from app.domain.threads.search_scan import probe_scans, thread_of, thread_scan
from app.domain.threads.search_words import last_day_of

SLICES = 3
WINDOW_HITS = 2000
# The bitmaps of a window name places all over the table. Small enough for the processor's cache, as runs of pages where there are
# too many places, they are built and joined in less than half the time; what they find is looked at row by row anyhow.
WINDOW_MEMORY = "256kB"
SAMPLE_PAGES = 400
SAMPLED = (0, 4)  # windows begin at the newest match of the sample, then at the fifth
BEGINNING = datetime(1, 1, 1, tzinfo=UTC)
MOST = uuid.UUID(int=2**128 - 1)

Place = tuple[datetime, uuid.UUID]


@dataclass(frozen=True)
class Found:
    """A thread with its newest matching message. `message_id` is None if the thread itself matched."""

    thread_id: uuid.UUID
    message_id: uuid.UUID | None
    at: datetime
    sort_id: uuid.UUID


@dataclass(frozen=True)
class Bounds:
    """The most rows that each step of one search reads."""

    rare: int = 3000  # expected matches that are all looked at
    alone: int = 2000  # expected messages with one of several words that are all looked at for the others
    first_rows: int = 1000  # messages of the first slice, where an index knows the words
    slice_rows: int = 4000  # of any other slice
    few: int = 400  # threads that are looked through whole
    walk: int = 4000  # threads of a list where no index knows the answer


@dataclass(frozen=True)
class Finding:
    """What was found, newest first. `looked_to` is the place behind which there may be more, or None if everything was
    searched."""

    found: tuple[Found, ...]
    looked_to: Place | None = None


@dataclass(frozen=True)
class Words:
    """The search words as a tsquery in SQL ("" if there are none), with its values.

    `by_index` is False if all words must be absent, as no index finds that. `terms` are the parts of the query that must all
    match, if they can be separated. `forms` has for each word the beginnings of the word and of its other forms.
    """

    query: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    by_index: bool = False
    terms: tuple[str, ...] = ()
    forms: tuple[tuple[str, ...], ...] = ()

    @property
    def hit(self) -> str:
        return f"m.tsv @@ ({self.query})" if self.query else "true"


_NEWEST_SQL = """
    WITH newest AS (
        SELECT m.id, m.thread_id, m.occurred_at, {more} {hit} AS is_hit FROM messages m
        WHERE m.brand_id = ANY(:brands) {range} {place} ORDER BY m.occurred_at DESC, m.id DESC LIMIT :size
    ), hits AS (
        SELECT DISTINCT ON (m.thread_id) m.id, m.thread_id, m.occurred_at FROM newest m {threads} WHERE m.is_hit {fits}
        ORDER BY m.thread_id, m.occurred_at DESC, m.id DESC
    ), slice AS (
        SELECT min(occurred_at) AS reached, (array_agg(id ORDER BY occurred_at, id))[1] AS reached_id, count(*) AS looked,
            count(DISTINCT thread_id) FILTER (WHERE is_hit) AS threads_with_words
        FROM newest
    )
    SELECT hits.*, slice.* FROM slice LEFT JOIN hits ON true ORDER BY occurred_at DESC, id DESC LIMIT :enough
"""
_MORE = "m.message_type, m.channel_id, m.sender_contact_id, m.sender_user_id, m.recipients,"

# The fence has no limit of its own: with one the planner believes that walking back in time fills it soon.
_WINDOW_SQL = """
    WITH hits AS MATERIALIZED (
        SELECT m.id, m.thread_id, m.occurred_at FROM messages m
        WHERE {hit} AND m.brand_id = ANY(:brands) {range}
    )
    SELECT id, thread_id, occurred_at FROM (
        SELECT DISTINCT ON (thread_id) id, thread_id, occurred_at
        FROM (SELECT hits.* FROM hits {fitting} {bound}) bounded
        ORDER BY thread_id, occurred_at DESC, id DESC
    ) newest ORDER BY occurred_at DESC, id DESC LIMIT 2 * :enough
"""
_WINDOW = " AND m.occurred_at <= :window_until AND m.occurred_at >= :window_since"
_BEHIND = " AND (m.occurred_at, m.id) < (:at, :id)"
# One plan for the words together and for each of them: a CTE is planned by itself.
_ESTIMATE_SQL = "EXPLAIN (FORMAT JSON) WITH {parts} SELECT FROM {names}"
_ESTIMATED = "e{place} AS MATERIALIZED (SELECT FROM messages m WHERE m.tsv @@ ({query}))"
# The index would read all places of the common word beside those of the rare one; the function is not known to it.
_RARE_AMONG = "m.tsv @@ ({term}) AND ts_match_vq(m.tsv, {query})"
# The same pages each time, so that they stay in memory. What comes after it in the transaction has the memory of windows.
_SAMPLE_SQL = """
    WITH memory AS MATERIALIZED (SELECT set_config('work_mem', :window_memory, true))
    SELECT sample.occurred_at FROM memory LEFT JOIN (
        SELECT m.occurred_at FROM messages m
        TABLESAMPLE SYSTEM ((SELECT least(100, 100.0 * :pages / greatest(1, pg_relation_size('messages') / 8192)))) REPEATABLE (1)
        WHERE {hit} AND m.occurred_at <= :window_until AND m.brand_id = ANY(:brands) ORDER BY m.occurred_at DESC LIMIT :sampled
    ) sample ON true ORDER BY sample.occurred_at DESC
"""
_FITTING = "{message} {threads} WHERE true {fits}"
_MESSAGE = "CROSS JOIN LATERAL (SELECT * FROM messages WHERE id = hits.id OFFSET 0) m"

_FEW_SQL = """
    SELECT h.id, t.id AS thread_id, h.occurred_at FROM threads t CROSS JOIN LATERAL (
        SELECT m.id, m.occurred_at FROM messages m WHERE m.thread_id = t.id AND {hit} {range} {message}
        ORDER BY m.occurred_at DESC, m.id DESC LIMIT 1
    ) h WHERE t.id = ANY(:threads) AND t.brand_id = ANY(:brands) {thread} {place}
    ORDER BY h.occurred_at DESC, h.id DESC LIMIT :enough
"""

_SHOWN_SQL = """
    SELECT DISTINCT m.thread_id FROM messages m JOIN threads t ON t.id = m.thread_id
    WHERE m.thread_id = ANY(:threads) AND (m.occurred_at, m.id) >= (:at, :id) AND {hit} {range} {message}
"""


class Finder:
    """One search: words and operators within the viewer's brands."""

    def __init__(self, session: Session, words: Words, filter: SearchFilter, *, enough: int, bounds: Bounds) -> None:
        self.session, self.words, self.filter, self.enough, self.bounds = session, words, filter, enough, bounds
        self.thread = "".join(f" AND {condition}" for _kind, condition in filter.thread)
        self.message = "".join(f" AND {condition}" for condition in filter.message)
        self.fits = self.thread + self.message
        self.range = " AND m.occurred_at >= :since" * (filter.since is not None)
        self.range += " AND m.occurred_at < :until" * (filter.until is not None)
        self.values: dict[str, Any] = {
            **filter.values,
            **words.values,
            "brands": list(filter.brand_ids),
            "enough": enough,
            "since": filter.since,
            "until": filter.until,
        }

    def find(self, place: Place | None) -> Finding:
        """Return the newest matches behind `place` (None: from the newest on), one per thread. There are `enough` of them if
        the bounds allow."""
        if not self.words.query and not self.filter.message:
            return self._list(place)
        few = self._few()
        if few is not None:
            return self._look_through(few, place)
        hit = self._rare_hit()
        return self._rare(place, hit) if hit else self._walk(place)

    def shown_before(self, found: tuple[Found, ...], place: Place) -> set[uuid.UUID]:
        """Return the ids of those found threads that an earlier page has shown already, because they also have a newer match."""
        if found and found[0].message_id is None:
            return set()
        sql = _SHOWN_SQL.format(hit=self.words.hit, range=self.range, message=self.message)
        more = {"threads": [f.thread_id for f in found], "at": place[0], "id": place[1]}
        return set(self.session.execute(sa.text(sql), self._bound(sql, more)).scalars())

    def fitting(self, thread_ids: list[uuid.UUID]) -> set[uuid.UUID]:
        """Return the ids of those threads that match the operators."""
        sql = f"SELECT t.id FROM threads t WHERE t.id = ANY(:threads) AND t.brand_id = ANY(:brands) {self.thread}"  # noqa: S608
        return set(self.session.execute(sa.text(sql), self._bound(sql, {"threads": thread_ids})).scalars())

    def _bound(self, sql: str, more: dict[str, Any]) -> dict[str, Any]:
        """Return the values, by name, of the parameters that occur in the statement."""
        named = set(sa.text(sql).compile().params)
        return {name: value for name, value in {**self.values, **more}.items() if name in named}

    def _rows(self, sql: str, **more: Any) -> list[sa.Row[Any]]:
        return list(self.session.execute(sa.text(sql), self._bound(sql, more)))

    def _few(self) -> list[uuid.UUID] | None:
        """Return the ids of all threads that can match, or None if no index finds at most `few`."""
        for sql in probe_scans(self.filter):
            more = {**_narrowed(self.filter), "walk": self.bounds.few + 1}
            found = list(self.session.execute(sa.text(sql), self._bound(sql, more)).scalars())
            if len(found) <= self.bounds.few:
                return found
        return None

    def _look_through(self, threads: list[uuid.UUID], place: Place | None) -> Finding:
        behind = "AND (h.occurred_at, h.id) < (:at, :id)" if place else ""
        parts = {"hit": self.words.hit, "range": self.range, "message": self.message, "thread": self.thread, "place": behind}
        at = {"at": place[0], "id": place[1]} if place else {}
        return Finding(tuple(map(_found, self._rows(_FEW_SQL.format(**parts), threads=threads, **at))))

    def _walk(self, place: Place | None) -> Finding:
        found: dict[uuid.UUID, Found] = {}
        size = self.bounds.first_rows if self.words.by_index else self.bounds.slice_rows
        went_back = False
        for _ in range(SLICES):
            rows = self._slice(place, size)
            for row in rows:
                if row.id is not None:
                    found.setdefault(row.thread_id, _found(row))
            seen = rows[0]
            if seen.looked < size:
                return Finding(tuple(found.values()))
            place = (seen.reached, seen.reached_id)
            if len(found) >= self.enough:
                return Finding(tuple(found.values())[: self.enough], place)
            # How many messages hold a page of threads with the words, if they go on as in this slice.
            needed = size * self.enough // max(1, seen.threads_with_words)
            if self.words.by_index and needed > self.bounds.slice_rows:
                back = None if went_back else self._last_used(seen.reached)
                if back is None:
                    return self._windows(found, seen.reached)
                place, size, went_back = back, self.bounds.slice_rows, True
                continue
            size = self.bounds.slice_rows if self.fits else min(2 * needed, self.bounds.slice_rows)
        if self.fits or not self.words.by_index:
            return Finding(tuple(found.values()), place)
        return self._windows(found, seen.reached)

    def _last_used(self, before: datetime) -> Place | None:
        """Return the place (the end of a day) after which nobody used the words. Return None if it is unknown or not earlier
        than `before`."""
        day = last_day_of(self.session, self.words.forms, before=before)
        if day is None:
            return None
        end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return (end, MOST) if end < before else None

    def _slice(self, place: Place | None, size: int) -> list[sa.Row[Any]]:
        sql = _NEWEST_SQL.format(
            hit=self.words.hit,
            more=_MORE if self.filter.message else "",
            range=self.range,
            place=_BEHIND if place else "",
            threads=thread_of("m.thread_id") if self.fits else "",
            fits=self.fits,
        )
        return self._rows(sql, size=size, **({"at": place[0], "id": place[1]} if place else {}))

    def _rare_hit(self) -> str:
        """Return the SQL condition with which the index finds all matches, or "" if too many matches are expected."""
        if not self.words.by_index:
            return ""
        terms = self.words.terms if len(self.words.terms) > 1 else ()
        together, *each = self._estimates(self.words.query, *terms)
        if together > self.bounds.rare:
            return ""
        fewest, term = min(zip(each, terms, strict=True), default=(0, ""))
        return _RARE_AMONG.format(term=term, query=self.words.query) if term and fewest <= self.bounds.alone else self.words.hit

    def _estimates(self, *queries: str) -> list[int]:
        """Return how many messages the planner expects for each query."""
        parts = ", ".join(_ESTIMATED.format(place=place, query=query) for place, query in enumerate(queries))
        names = ", ".join(f"e{place}" for place in range(len(queries)))
        plan = self._rows(_ESTIMATE_SQL.format(parts=parts, names=names))[0][0][0]["Plan"]
        rows = {part["Subplan Name"]: part["Plan Rows"] for part in _subplans(plan)}
        return [rows[f"CTE e{place}"] for place in range(len(queries))]

    def _rare(self, place: Place | None, hit: str) -> Finding:
        behind = {"at": place[0], "id": place[1]} if place else {}
        rows = self._by_index(hit, self.range + _BEHIND * (place is not None), **behind)
        return Finding(tuple(map(_found, rows))[: self.enough])

    def _by_index(self, hit: str, range: str, **values: Any) -> list[sa.Row[Any]]:
        """Return the newest matches in the time range, found with the index of words."""
        message = _MESSAGE if self.filter.message else ""
        fitting = _FITTING.format(message=message, threads=thread_of("hits.thread_id"), fits=self.fits) if self.fits else ""
        bound = "LIMIT :window_hits" if "window_hits" in values else ""
        sql = _WINDOW_SQL.format(hit=hit, fitting=fitting, range=range, bound=bound)
        return self._rows(sql, **values)

    def _windows(self, found: dict[uuid.UUID, Found], until: datetime) -> Finding:
        end = self.filter.since or BEGINNING
        for since in (*self._sample(until), end):
            if len(found) >= self.enough or until < end:
                break
            since = max(since, end)
            for row in self._by_index(self.words.hit, _WINDOW, window_since=since, window_until=until, window_hits=WINDOW_HITS):
                found.setdefault(row.thread_id, _found(row))
            until = since
        return Finding(tuple(found.values())[: self.enough])

    def _sample(self, until: datetime) -> list[datetime]:
        """Return instants, newest first, at which the windows of the search should begin, estimated from a sample.

        The list is empty if few messages match.
        """
        sql = _SAMPLE_SQL.format(hit=self.words.hit)
        rows = self._rows(sql, window_until=until, pages=SAMPLE_PAGES, sampled=max(SAMPLED) + 1, window_memory=WINDOW_MEMORY)
        times = [row.occurred_at for row in rows if row.occurred_at is not None]
        return [times[place] for place in SAMPLED if place < len(times)]

    def _list(self, place: Place | None) -> Finding:
        """Return threads sorted by their newest message, read from the indexes of the lists. Overdue threads have no such
        index."""
        few = self._few() if self.filter.narrowing.overdue else None
        if few is not None:
            self.filter.narrowing = replace(self.filter.narrowing, threads=tuple(few))
        scan = thread_scan(self.filter, behind=place is not None)
        left_over = any(kind not in scan.answers for kind, _condition in self.filter.thread)
        walk = max(5, self.bounds.walk // scan.branches(self.filter)) if left_over else self.enough
        more = {**_narrowed(self.filter), "walk": walk, **({"at": place[0], "id": place[1]} if place else {})}
        rows = self._rows(scan.sql(self.thread), **more)
        cut = (rows[0].cut_at, rows[0].cut_id) if rows[0].cut_id is not None else None
        return Finding(tuple(Found(r.id, None, r.last_message_at, r.id) for r in rows if r.id is not None), cut)


def _narrowed(filter: SearchFilter) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in vars(filter.narrowing).items()
        if value is not None
    }


def _found(row: sa.Row[Any]) -> Found:
    return Found(row.thread_id, row.id, row.occurred_at, row.id)


def _subplans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the plans of the statement's CTEs, at any depth of the plan."""
    for part in plan.get("Plans", ()):
        if "Subplan Name" in part:
            yield part
        yield from _subplans(part)
