"""A company of any size in the database, by COPY: threads over three years, six messages each, words as people use them (Zipf)."""
# ruff: noqa: E501  a statement stays on one line

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg

from bench.data_ids import BRANDS, NOW, row_id
from bench.filters import RARE_CHANNEL, channel_of, due_of, type_of

USERS = 20
MESSAGES_PER_THREAD = 6
YEARS = 3
VOCABULARY = 30_000
TEXTS = 20_000
BIG_THREAD_MESSAGES = 200


def word(rank: int) -> str:
    """The word of this frequency rank; 1 stands in nearly every message."""
    return f"woord{rank}"


# One word of each class of frequency; `old` is common in the first year and absent since.
CLASSES = {
    "stop word": word(1),
    "common": word(12),
    "middle": word(400),
    "rare": word(25_000),
    "absent": "nergenstevinden",
    "two words": f"{word(12)} {word(400)}",
    "common and rare": f"{word(12)} {word(25_000)}",
    "long ago": "vroegergewoon",
    "order number": "CC-2024-00777",
    "name": "Persoon 1234",
    "phone number": "600001234",
}


def fill(connection: psycopg.Connection, threads: int, *, password_hash: str) -> None:
    """Write the company; indexes of the big tables are dropped and built again around the COPY. Commits."""
    dice = random.Random(7)
    _people(connection, password_hash, contacts_of(threads))
    definitions = drop_indexes(connection, ("threads", "messages"))
    with connection.cursor().copy(_THREADS) as copy:
        for line in _thread_lines(threads, dice):
            copy.write(line)
    with connection.cursor().copy(_MESSAGES) as copy:
        for line in _message_lines(threads, dice):
            copy.write(line)
    connection.execute("SET maintenance_work_mem = '1GB'")
    for definition in definitions:
        connection.execute(definition)  # type: ignore[arg-type]
    connection.commit()
    connection.autocommit = True
    connection.execute("VACUUM ANALYZE")
    connection.autocommit = False


def contacts_of(threads: int) -> int:
    """How many customers wrote this many threads."""
    return 2_000 + threads // 5


def _people(connection: psycopg.Connection, password_hash: str, contacts: int) -> None:
    run = connection.cursor().executemany
    run(
        "INSERT INTO brands (id, key, name, hue, email_signature) VALUES (%s, %s, %s, %s, '')",
        [(row_id(1, b), f"b{b}", f"Brand {b}", b) for b in range(BRANDS)],
    )
    channel = "INSERT INTO channels (id, channel_type, name, brand_id, address, display_address, is_active, settings, poll_state, health, health_detail, created_at) VALUES (%s, 'whatsapp_business', %s, %s, %s, %s, true, '{}', '{}', 'ok', '', now())"
    accounts = [(b, b) for b in range(BRANDS)] + [(RARE_CHANNEL, 0)]
    run(channel, [(row_id(2, n), f"Chat {n}", row_id(1, b), f"10660000000000{n}", f"+31 20 000 000{n}") for n, b in accounts])
    contact = "INSERT INTO contacts (id, contact_type, name, name_source, job_title, address, note, details, created_at, updated_at, version) VALUES (%s, 'person', %s, 'user', '', '', '', '{}', now(), now(), 1)"
    run(contact, [(row_id(3, n), f"Persoon {n}") for n in range(contacts + USERS)])
    identity = "INSERT INTO contact_identities (id, contact_id, kind, scope, value, display, is_primary, created_at) VALUES (%s, %s, 'wa_id', '', %s, '', true, now())"
    run(identity, [(row_id(4, n), row_id(3, n), f"316{n:08d}") for n in range(contacts)])
    user = "INSERT INTO users (id, contact_id, email, name, role, password_hash, locale, timezone, theme, single_keys, created_at) VALUES (%s, %s, %s, %s, %s, %s, 'en', 'Europe/Amsterdam', 'system', true, now())"
    run(
        user,
        [
            (
                row_id(5, n),
                row_id(3, contacts + n),
                f"user{n}@bench.example",
                f"User {n}",
                "admin" if n == 0 else "agent",
                password_hash,
            )
            for n in range(USERS)
        ],
    )
    run(
        "INSERT INTO brand_members (brand_id, user_id) VALUES (%s, %s)",
        [(row_id(1, b), row_id(5, n)) for n in range(1, USERS) for b in range(BRANDS)],
    )
    connection.commit()


def drop_indexes(connection: psycopg.Connection, tables: tuple[str, ...]) -> list[str]:
    """Drop the indexes of these tables that are no constraints; return the statements that make them again."""
    rows = connection.execute(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i LEFT JOIN pg_constraint c ON c.conname = i.indexname"
        " WHERE i.schemaname = 'public' AND i.tablename = ANY(%s) AND c.oid IS NULL",
        (list(tables),),
    ).fetchall()
    for name, _definition in rows:
        connection.execute(f'DROP INDEX "{name}"')  # type: ignore[arg-type]
    return [definition for _name, definition in rows]


_THREADS = (
    "COPY threads (id, subject, thread_type, priority, status, brand_id, channel_id, medium, contact_id, assignee_user_id, created_at, last_message_at,"
    " last_inbound_at, window_opened_at, resolved_at, response_due_at, preview, tags, external_references, message_count, inbound_seq, version) FROM STDIN"
)
_MESSAGES = (
    "COPY messages (id, thread_id, brand_id, channel_id, seq, message_type, medium, kind, sender_contact_id, sender_user_id, sender, recipients,"
    " subject, text, html, occurred_at, created_at, delivery_status, automatic_reason, edits, reactions, evidence, meta) FROM STDIN"
)


def thread_brand(number: int) -> int:
    return number % BRANDS


def last_at(number: int, threads: int) -> datetime:
    """Thread times run from three years ago to now, in order of number."""
    return NOW - timedelta(days=365 * YEARS) * (1 - (number + 1) / threads)


def _thread_lines(threads: int, dice: random.Random) -> Iterator[str]:
    for n in range(threads):
        age = (threads - n) / threads
        is_open = dice.random() < (0.9 if age < 0.05 else 0.12)
        status = dice.choice(("open", "in_progress", "waiting_customer")) if is_open else dice.choice(("resolved", "closed"))
        brand, at = thread_brand(n), last_at(n, threads)
        assignee = str(row_id(5, dice.randrange(USERS))) if dice.random() < 0.8 else "\\N"
        count = BIG_THREAD_MESSAGES if n == threads - 1 else MESSAGES_PER_THREAD
        medium, due = "email" if dice.random() < 0.6 else "whatsapp", due_of(n, is_open=is_open)
        yield "\t".join(
            (
                str(row_id(6, n)), f"Onderwerp {n}", type_of(n), "normal", status, str(row_id(1, brand)), str(row_id(2, channel_of(n))), medium,
                str(row_id(3, n % contacts_of(threads))), assignee, at.isoformat(), at.isoformat(), at.isoformat(), at.isoformat(),
                "\\N" if is_open else at.isoformat(), due.isoformat() if due else "\\N", f"Voorbeeld van gesprek {n}", "{}", "{}", str(count), str(count - 1), "1",
            )
        ) + "\n"  # fmt: skip


def _texts(dice: random.Random) -> list[str]:
    ranks = [int(VOCABULARY ** dice.random()) for _ in range(TEXTS * 58)]
    return [_mail([word(r) for r in ranks[i * 58 : (i + 1) * 58]]) for i in range(TEXTS)]


def _mail(words: list[str]) -> str:
    """Two paragraphs and a signature, as COPY wants its line ends."""
    return "\\n".join((" ".join(words[:30]), "", " ".join(words[30:54]), "", "-- ", " ".join(words[54:])))


def _message_lines(threads: int, dice: random.Random) -> Iterator[str]:
    texts, number = _texts(dice), 0
    for n in range(threads):
        count = BIG_THREAD_MESSAGES if n == threads - 1 else MESSAGES_PER_THREAD
        first_year = n < threads // YEARS
        for seq in range(1, count + 1):
            number += 1
            yield _message_line(n, seq, count, number, threads, dice.choice(texts), first_year)


def _message_line(n: int, seq: int, count: int, number: int, threads: int, text: str, first_year: bool) -> str:
    incoming, brand = seq % 2 == 1, thread_brand(n)
    at = (last_at(n, threads) - timedelta(minutes=7 * (count - seq))).isoformat()
    text += f" CC-2024-{n:05d}" if seq == 1 and n < 100_000 else ""
    text += " vroegergewoon" if first_year and number % 10 == 0 else ""
    return "\t".join(
        (
            str(row_id(7, number)), str(row_id(6, n)), str(row_id(1, brand)), str(row_id(2, brand)), str(seq),
            "incoming" if incoming else "outgoing", "email", "text", str(row_id(3, n % contacts_of(threads))) if incoming else "\\N",
            "\\N" if incoming else str(row_id(5, n % USERS)), "{}", "{}", "", text, "", at, at, "\\N" if incoming else "sent", "", "[]", "[]", "{}", "{}",
        )
    ) + "\n"  # fmt: skip
