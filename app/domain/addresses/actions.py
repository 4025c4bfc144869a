"""Store addresses and the answers of the register of addresses. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.address_parts import AddressParts
from app.contract.address_register import Match
from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.core.work import READY
from app.domain.addresses.judge import Judgement
from app.domain.addresses.models import Address, AddressLookup, AddressType, CheckStatus
from app.domain.events.actions import Actor, audit

KEPT_FOR, NOTHING_KEPT_FOR = timedelta(days=30), timedelta(days=1)


class NotAChoice(Exception):
    """Raised when the chosen address is not, or no longer, among the candidates."""


def add_address(
    session: Session, parts: AddressParts, *, address_type: AddressType, contact_id: uuid.UUID | None, now: datetime
) -> Address:
    """Store an address as it was typed, with its parts. `parts.typed` must not be empty."""
    address = Address(
        id=new_id(),
        contact_id=contact_id,
        address_type=address_type,
        typed=parts.typed,
        street=parts.street,
        house_number=parts.house_number,
        house_number_addition=parts.house_number_addition,
        postal_code=parts.postal_code,
        city=parts.city,
        country=parts.country,
        created_at=now,
    )
    session.add(address)
    session.flush()
    return address


def add_addresses(
    session: Session,
    wanted: Sequence[tuple[AddressParts | None, uuid.UUID | None]],
    *,
    address_type: AddressType,
    now: datetime,
) -> list[uuid.UUID | None]:
    """Store many addresses in one statement. `wanted` has pairs of address parts and contact id.

    Return the new ids in the same order, with None for each pair without a typed text.
    """
    rows: list[dict[str, object]] = []
    ids: list[uuid.UUID | None] = []
    for parts, contact_id in wanted:
        ids.append(new_id() if parts is not None and parts.typed else None)
        if ids[-1] is not None:
            columns = {"id": ids[-1], "contact_id": contact_id, "address_type": address_type, "created_at": now}
            rows.append({**vars(parts), **columns, "state": READY, "attempts": 0})
    insert_many(session, Address, rows)
    return ids


def note_judgement(session: Session, address_id: uuid.UUID, judgement: Judgement | None, *, now: datetime) -> None:
    """Store the register's judgement of an address. None: the register was not asked, and the check counts as skipped."""
    found = judgement or Judgement(CheckStatus.SKIPPED)
    values = {
        "check_status": found.status,
        "register": found.chosen.as_json() if found.chosen else None,
        "candidates": [match.as_json() for match in found.candidates],
        "checked_at": now,
    }
    session.execute(sa.update(Address).where(Address.id == address_id).values(values))


def choose_candidate(session: Session, address_id: uuid.UUID, bag_id: str, *, now: datetime, actor: Actor) -> None:
    """Choose which address of the register is meant, by its `bag_id`. The typed text stays. Raises `NotAChoice` if it is not
    among the candidates."""
    query = sa.select(Address).where(Address.id == address_id).with_for_update().execution_options(populate_existing=True)
    address = session.execute(query).scalar_one()
    chosen = next((one for one in address.candidates if one["bag_id"] == bag_id), None)
    if chosen is None:
        raise NotAChoice(bag_id)
    address.check_status, address.register, address.candidates, address.checked_at = CheckStatus.VALID, chosen, [], now
    session.flush()
    audit(session, action="AddressChosen", object_type="address", object_id=str(address_id), now=now, actor=actor)


def find_kept_answer(session: Session, key: str, *, now: datetime) -> tuple[Match, ...] | None:
    """Return the stored answer of the register to the question `key`. Return None if there is no stored answer or it has
    expired."""
    query = sa.select(AddressLookup.matches).where(AddressLookup.key == key, AddressLookup.expires_at > now)
    matches = session.execute(query).scalar_one_or_none()
    return None if matches is None else tuple(Match(**match) for match in matches)


def keep_answer(session: Session, key: str, matches: Sequence[Match], *, now: datetime) -> None:
    """Store an answer of the register for the question `key`. An empty answer expires sooner."""
    values = {
        "matches": [match.as_json() for match in matches],
        "asked_at": now,
        "expires_at": now + (KEPT_FOR if matches else NOTHING_KEPT_FOR),
    }
    kept = postgresql.insert(AddressLookup).values(key=key, **values)
    session.execute(kept.on_conflict_do_update(index_elements=["key"], set_=values))
