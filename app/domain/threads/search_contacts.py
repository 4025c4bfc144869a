"""Find contacts by part of a name, an address or a phone number."""

from __future__ import annotations

import re
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session


def escape_like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


_CONTACTS = sa.text(
    """
    (SELECT id FROM contacts WHERE name ILIKE :like LIMIT :cap)
    UNION
    (SELECT contact_id FROM contact_identities WHERE value ILIKE :like LIMIT :cap)
    UNION
    (SELECT contact_id FROM contact_identities WHERE :digits <> '' AND value LIKE :digits_like LIMIT :cap)
    LIMIT :cap
    """
)


def digits_of(text: str) -> str:
    """Return the digits of a phone number in any notation, without leading zeros.

    Return "" if the text is no phone number or has fewer than four digits.
    """
    if not re.fullmatch(r"[\d\s+().\-/]+", text):
        return ""
    digits = re.sub(r"\D", "", text.replace("(0)", "")).lstrip("0")
    return digits if len(digits) >= 4 else ""


def list_contacts(session: Session, text: str, *, cap: int) -> list[uuid.UUID]:
    """Return the ids of contacts found by a part of name, address or number, at most `cap`, in no order."""
    digits = digits_of(text)
    values = {"like": f"%{escape_like(text)}%", "digits": digits, "digits_like": f"%{digits}%", "cap": cap}
    return list(session.execute(_CONTACTS, values).scalars())
