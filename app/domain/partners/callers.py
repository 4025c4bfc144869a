"""Authenticate callers of the partner API: key, network, nonce."""

from __future__ import annotations

import ipaddress
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import table_of
from app.core.prepared import KEPT
from app.domain.partners.actions import KEYS
from app.domain.partners.key_text import hash_of, is_key_text
from app.domain.partners.models import Environment, Partner, PartnerKey, PartnerNonce
from app.domain.partners.signature import NONCE_KEPT_SECONDS

TOUCH_EVERY = timedelta(minutes=1)
_CALLER = (
    sa.select(PartnerKey, Partner)
    .join(Partner, Partner.id == PartnerKey.partner_id)
    .where(PartnerKey.key_hash == sa.bindparam("key_hash"), PartnerKey.revoked_at.is_(None), Partner.is_active)
    .execution_options(populate_existing=True, **KEPT)
)
_NONCES = table_of(PartnerNonce)
_USE = postgresql.insert(_NONCES).on_conflict_do_nothing().returning(_NONCES.c.nonce).execution_options(**KEPT)


@dataclass(frozen=True)
class PartnerCaller:
    """A partner's program that sent a valid key, with the rights of this key."""

    partner_id: uuid.UUID
    slug: str
    key_id: uuid.UUID
    environment: Environment
    scopes: frozenset[str]
    allowed_networks: tuple[str, ...]
    calls_per_minute: int
    requires_signature: bool
    sealed_signing_secret: bytes
    partner: Partner = field(repr=False, compare=False)
    is_noted: bool = False  # that the key is used, within the last minute

    def may_call_from(self, address: str) -> bool:
        """Return whether the key may be used from this address. An IPv4 address written as IPv6 counts as IPv4."""
        if not self.allowed_networks:
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        networks = [ipaddress.ip_network(one) for one in self.allowed_networks]
        return any(parsed in network for network in networks if network.version == parsed.version)

    def signing_secret(self, keyring: Keyring) -> str:
        """Return the key's signing secret, decrypted. Raises UnableToDecrypt."""
        opened = keyring.decrypt(self.sealed_signing_secret, table=KEYS, column="sealed_signing_secret", row_id=self.key_id)
        return opened.decode()


def find_caller(session: Session, text: str, *, now: datetime) -> PartnerCaller | None:
    """Return the caller with this key. Return None if the key is not valid now, or if its partner is switched off. One query."""
    if not is_key_text(text):
        return None
    row = session.execute(_CALLER, {"key_hash": hash_of(text)}).one_or_none()
    if row is None or (row.PartnerKey.expires_at is not None and row.PartnerKey.expires_at <= now):
        return None
    key, partner = row.PartnerKey, row.Partner
    return PartnerCaller(
        partner_id=partner.id,
        slug=partner.slug,
        key_id=key.id,
        environment=key.environment,
        scopes=frozenset(key.scopes),
        allowed_networks=tuple(partner.allowed_networks),
        calls_per_minute=partner.calls_per_minute,
        requires_signature=key.requires_signature,
        sealed_signing_secret=key.sealed_signing_secret,
        partner=partner,
        is_noted=key.last_used_at is not None and key.last_used_at >= now - TOUCH_EVERY,
    )


def note_used(session: Session, caller: PartnerCaller, *, ip: str, now: datetime) -> None:
    """Note when and from where the key was used, at most once a minute."""
    if caller.is_noted:
        return
    stale = sa.or_(PartnerKey.last_used_at.is_(None), PartnerKey.last_used_at < now - TOUCH_EVERY)
    touch = sa.update(PartnerKey).where(PartnerKey.id == caller.key_id, stale)
    session.execute(touch.values(last_used_at=now, last_used_ip=ip).execution_options(synchronize_session=False))


def use_nonce(session: Session, caller: PartnerCaller, nonce: str, *, now: datetime) -> bool:
    """Store a nonce as used with the caller's key. Return False if it was used before."""
    values = {"key_id": caller.key_id, "nonce": nonce, "expires_at": now + timedelta(seconds=NONCE_KEPT_SECONDS)}
    return session.connection().execute(_USE, values).first() is not None
