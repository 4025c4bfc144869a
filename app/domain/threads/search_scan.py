"""Scan threads that operators name, newest first, by the indexes of the lists: by brand, status, type, assignee, channel."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.domain.threads.models import ThreadStatus
from app.domain.threads.search_filter import OVERDUE, SearchFilter

BRANDS = "unnest(CAST(:brands AS uuid[])) AS b(id)"
STATUSES = "unnest(CAST(:statuses AS text[])) AS s(status)"
EVERY_STATUS = f"unnest(ARRAY[{', '.join(repr(status.value) for status in ThreadStatus)}]) AS s(status)"
MEDIA = "unnest(CAST(:media AS text[])) AS c(medium)"
TYPES = "unnest(CAST(:types AS text[])) AS k(thread_type)"
ASSIGNEES = "unnest(CAST(:assignees AS uuid[])) AS u(id)"

# One statement is one list: `walk` rows of each branch, then what else is asked for. A branch with more behind it cuts the page
# where it ends, since newer threads of the others may follow there.
_LIST_SQL = """
    WITH walked AS (
        SELECT x.id, x.last_message_at, x.place FROM {branches} CROSS JOIN LATERAL (
            SELECT y.id, y.last_message_at, row_number() OVER (ORDER BY y.last_message_at DESC, y.id DESC) AS place
            FROM ({branch}) y
        ) x
    ), cut AS (
        SELECT last_message_at AS cut_at, id AS cut_id FROM walked WHERE place = :walk
        ORDER BY last_message_at DESC, id DESC LIMIT 1
    ), fit AS (
        SELECT t.id, t.last_message_at FROM walked w {threads} LEFT JOIN cut ON true
        WHERE (cut_id IS NULL OR (w.last_message_at, w.id) >= (cut_at, cut_id)) {conditions}
        ORDER BY w.last_message_at DESC, w.id DESC LIMIT :enough
    )
    SELECT fit.*, cut.* FROM (SELECT 1) one LEFT JOIN cut ON true LEFT JOIN fit ON true ORDER BY last_message_at DESC, id DESC
"""
_THREADS = "SELECT t.id, t.last_message_at FROM threads t WHERE t.brand_id = b.id {conditions}"
_TAGGED = "SELECT t.thread_id AS id, t.last_message_at FROM thread_tags t WHERE t.brand_id = b.id AND t.tag = :tag {conditions}"
_ORDER = " ORDER BY t.last_message_at DESC, t.{id} DESC LIMIT :walk"


def thread_of(id: str) -> str:
    """Return the SQL that joins to each row the thread with the id `id`, an SQL expression.

    OFFSET 0 keeps the planner from reading all threads that match a condition instead.
    """
    return f"CROSS JOIN LATERAL (SELECT * FROM threads WHERE id = {id} OFFSET 0) t"  # noqa: S608  constants only


@dataclass(frozen=True)
class Scan:
    """A set of keyset scans of threads, one for each combination of the rows of `tables`.

    `answers` are the fields of `Narrowing` that the scans already check.
    """

    tables: tuple[str, ...]
    branch: str
    answers: frozenset[str]

    def branches(self, filter: SearchFilter) -> int:
        """Return how many keyset scans this runs for the filter."""
        counts = {
            BRANDS: len(filter.brand_ids),
            STATUSES: len(filter.narrowing.statuses or ()),
            EVERY_STATUS: len(ThreadStatus),
            MEDIA: len(filter.narrowing.media or ()),
            ASSIGNEES: len(filter.narrowing.assignees or ()),
            TYPES: len(filter.narrowing.types or ()),
        }
        product = 1
        for table in self.tables:
            product *= counts[table]
        return max(1, product)

    def sql(self, conditions: str) -> str:
        return _LIST_SQL.format(
            branches=" CROSS JOIN ".join(self.tables), branch=self.branch, conditions=conditions, threads=thread_of("w.id")
        )

    @property
    def probe(self) -> str:
        """Return the SQL that reads only the thread ids, at most `walk` of them."""
        return f"SELECT x.id FROM {' CROSS JOIN '.join(self.tables)} CROSS JOIN LATERAL ({self.branch}) x LIMIT :walk"  # noqa: S608


def thread_scan(filter: SearchFilter, *, behind: bool) -> Scan:
    """Return the scan for the most selective operator. With `behind`, the scan begins behind the place (`:at`, `:id`)."""
    asked = filter.narrowing
    if asked.threads is not None:
        return Scan((BRANDS,), _branch(_THREADS, " AND t.id = ANY(:threads)", filter, behind), frozenset({"threads"}))
    if asked.tag is not None:
        return Scan((BRANDS,), _branch(_TAGGED, "", filter, behind, "thread_id"), frozenset({"tag"}))
    if asked.subject is not None:
        return Scan((BRANDS,), _branch(_THREADS, " AND t.subject ILIKE :subject", filter, behind), frozenset({"subject"}))
    if asked.assignees is not None:
        return _assigned(filter, behind)
    if asked.overdue and asked.types is None:  # of the newest open ones those that are; where they are few, see `probe_scans`
        return Scan((BRANDS,), _branch(_THREADS, f" AND {OVERDUE}", filter, behind), frozenset({"overdue"}))
    tables, conditions, answers = [BRANDS], "", set()
    if asked.statuses is not None or asked.media is not None or asked.types is not None:
        tables.append(STATUSES if asked.statuses is not None else EVERY_STATUS)
        conditions += " AND t.status = s.status"
        answers.add("statuses")
    if asked.types is not None:
        tables.append(TYPES)
        conditions += " AND t.thread_type = k.thread_type"
        answers.add("types")
    elif asked.media is not None:
        tables.append(MEDIA)
        conditions += " AND t.medium = c.medium"
        answers.add("media")
    return Scan(tuple(tables), _branch(_THREADS, conditions, filter, behind), frozenset(answers))


def _assigned(filter: SearchFilter, behind: bool) -> Scan:
    statuses = STATUSES if filter.narrowing.statuses is not None else EVERY_STATUS
    if filter.narrowing.assignees == (None,):
        branch = _branch(_THREADS, " AND t.status = s.status AND t.assignee_user_id IS NULL", filter, behind)
        return Scan((BRANDS, statuses), branch, frozenset({"assignees", "statuses"}))
    if None in (filter.narrowing.assignees or ()):
        branch = _branch(_THREADS, " AND t.status = s.status", filter, behind)
        return Scan((BRANDS, statuses), branch, frozenset({"statuses"}))
    branch = _branch(_THREADS, " AND t.status = s.status AND t.assignee_user_id = u.id", filter, behind)
    return Scan((BRANDS, statuses, ASSIGNEES), branch, frozenset({"assignees", "statuses"}))


def _branch(template: str, conditions: str, filter: SearchFilter, behind: bool, id: str = "id") -> str:
    conditions += " AND t.last_message_at >= :since" * (filter.since is not None)
    conditions += " AND t.last_message_at < :until" * (filter.until is not None)
    conditions += f" AND (t.last_message_at, t.{id}) < (:at, :id)" * behind
    return template.format(conditions=conditions) + _ORDER.format(id=id)


def probe_scans(filter: SearchFilter) -> list[str]:
    """Return SQL statements, the most selective first. Each one finds all threads that can match, at most `walk`. Dates are
    ignored."""
    asked, found = filter.narrowing, []
    if asked.senders is not None:
        found.append(_OF_SENDERS)
    if asked.receivers is not None:
        found.append(_OF_RECEIVERS)
    whole = SearchFilter(filter.brand_ids, narrowing=replace(asked, overdue=None))
    if asked.overdue:
        found.append(_OVERDUE)
    if {asked.threads, asked.tag, asked.subject, asked.assignees, asked.statuses, asked.media, asked.types} != {None}:
        found.append(thread_scan(whole, behind=False).probe)
    return found


_OF_SENDERS = """
    SELECT DISTINCT m.thread_id FROM messages m
    WHERE m.sender_contact_id = ANY(:senders) AND m.brand_id = ANY(:brands) LIMIT :walk
"""
_OVERDUE = f"SELECT t.id FROM threads t WHERE {OVERDUE} AND t.brand_id = ANY(:brands) LIMIT :walk"  # noqa: S608  constants only
_OF_RECEIVERS = "SELECT t.id FROM threads t WHERE t.contact_id = ANY(:receivers) AND t.brand_id = ANY(:brands) LIMIT :walk"
