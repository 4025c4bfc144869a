"""Find people by part of a name, address or number."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.contacts.numbers import as_searched
from app.domain.threads.search_contacts import digits_of, escape_like
from app.domain.threads.search_filter import LEAST_CHARACTERS

LOOKED_AT = 60


@dataclass(frozen=True)
class FoundPerson:
    """A contact with one address ("" if there is none) and the id of the contact's newest thread."""

    contact_id: uuid.UUID
    name: str
    address: str
    thread_id: uuid.UUID


_SQL = sa.text(
    """
    WITH people AS (
        (SELECT id FROM contacts WHERE name ILIKE :like LIMIT :looked_at)
        UNION
        (SELECT contact_id FROM contact_identities WHERE value ILIKE :like LIMIT :looked_at)
        UNION
        (SELECT contact_id FROM contact_identities WHERE :digits <> '' AND value LIKE :digits_like LIMIT :looked_at)
    )
    SELECT c.id AS contact_id, c.name, t.id AS thread_id, coalesce((
        SELECT coalesce(nullif(i.display, ''), i.value) FROM contact_identities i
        WHERE i.contact_id = c.id AND i.kind IN ('email', 'phone', 'wa_id')
        ORDER BY i.former_since IS NOT NULL, i.is_primary DESC, i.created_at LIMIT 1
    ), '') AS address
    FROM people JOIN contacts c ON c.id = people.id CROSS JOIN LATERAL (
        SELECT id, last_message_at FROM threads WHERE contact_id = c.id AND brand_id = ANY(:brands)
        ORDER BY last_message_at DESC LIMIT 1
    ) t
    ORDER BY c.name ILIKE :begins DESC, t.last_message_at DESC LIMIT :limit
    """
)


def list_people(session: Session, *, viewer: Viewer, text: str, limit: int = 6) -> list[FoundPerson]:
    """List people by part of a name, address or number. Texts shorter than LEAST_CHARACTERS find nobody.

    People whose name begins with the text come first, then those with the newest message.
    """
    text = " ".join(as_searched(text).split())
    if len(text) < LEAST_CHARACTERS:
        return []
    digits, pattern = digits_of(text), escape_like(text)
    values = {
        "like": f"%{pattern}%",
        "begins": f"{pattern}%",
        "digits": digits,
        "digits_like": f"%{digits}%",
        "brands": list(viewer.brand_ids),
        "looked_at": LOOKED_AT,
        "limit": limit,
    }
    return [FoundPerson(r.contact_id, r.name, r.address, r.thread_id) for r in session.execute(_SQL, values)]
