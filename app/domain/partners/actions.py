"""Create and change partners, and make, rotate and revoke their keys. The caller owns the transaction."""

from __future__ import annotations

import ipaddress
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.text import known
from app.core.text import mark as N_
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import ContactType
from app.domain.events.actions import Actor, audit
from app.domain.orders.models import OrderStatus
from app.domain.partners import own_bodies, status_map
from app.domain.partners.key_text import KeyTexts, hash_of, new_key_texts, shown_of
from app.domain.partners.models import (
    CALLS_PER_MINUTE,
    SLUG,
    Authentication,
    Environment,
    Partner,
    PartnerKey,
    Protocol,
    Scope,
    SyncFrequency,
)
from app.domain.partners.own_bodies import WrongBodyMapping
from app.domain.partners.status_map import WrongMapping

NAME_CHARACTERS = 120
ADDRESS_CHARACTERS = 2048
MOST_NETWORKS = 100
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=7)
KEYS, PARTNERS = "partner_keys", "partners"
_NO_SCOPE = known("unknown scope %(scope)s; valid: %(scopes)s")
_NO_NETWORK = known("%(text)s is not an IP address or network such as 203.0.113.0/24")
_NO_SENDER = known("%(text)s is not an email address or domain such as example.nl")
EVERY_SCOPE = tuple(one.value for one in Scope)


class WrongPartner(ValueError):
    """Raised when a field of a partner or key has a wrong value. `field` is the name of the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class PartnerContent:
    """The settings of a partner that users can change. `slug` is part of the partner's URLs. If `contact_id` is None, an
    organization with the partner's name is created as its contact."""

    name: str
    slug: str
    brand_id: uuid.UUID
    contact_id: uuid.UUID | None = None
    channel_id: uuid.UUID | None = None
    protocol: Protocol = Protocol.API
    allowed_networks: Sequence[str] = ()
    calls_per_minute: int = CALLS_PER_MINUTE
    integration_name: str = ""
    api_base_url: str = ""
    api_version: str = ""
    authentication_type: Authentication | None = None
    sync_enabled: bool = False
    push_enabled: bool = False
    sync_frequency: SyncFrequency = SyncFrequency.REAL_TIME
    status_mapping: Mapping[str, Any] = field(default_factory=lambda: status_map.USUAL)
    order_mail_senders: Sequence[str] = ()
    form_integration_id: uuid.UUID | None = None
    mailed_states: Sequence[str] = ()
    body_mapping: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class NewKey:
    """A new key with its text and its signing secret. Both are shown only now."""

    row: PartnerKey
    text: str
    signing_secret: str


def content_of(partner: Partner) -> PartnerContent:
    """Return the current settings of a partner."""
    return PartnerContent(**{name: getattr(partner, name) for name in PartnerContent.__dataclass_fields__})


def create_partner(session: Session, content: PartnerContent, *, now: datetime, actor: Actor) -> Partner:
    """Create a partner. The caller has checked brand, contact and channel. Raises `WrongPartner` if another partner uses the
    slug or the form."""
    _check_free(session, content.slug)
    _check_form_free(session, content.form_integration_id)
    partner = Partner(id=new_id(), is_active=True, created_at=now, updated_at=now, version=1)
    if content.contact_id is None:
        columns = {"name": content.name.strip(), "contact_type": ContactType.ORGANIZATION}
        partner.contact_id = create_contact(session, ContactEdit(columns=columns), actor=actor, now=now).id
    _fill(partner, content)
    session.add(partner)
    session.flush()
    _audit(session, "PartnerCreated", partner, now=now, actor=actor)
    return partner


def change_partner(session: Session, partner: Partner, content: PartnerContent, *, now: datetime, actor: Actor) -> None:
    """Change a partner, which the caller has locked. If all values are equal, nothing changes. Raises `WrongPartner` if another
    partner uses the slug or the form."""
    if content.slug != partner.slug:
        _check_free(session, content.slug)
    if content.form_integration_id != partner.form_integration_id:
        _check_form_free(session, content.form_integration_id)
    before = content_of(partner)
    _fill(partner, content)
    changed = sorted(name for name, value in vars(content_of(partner)).items() if value != getattr(before, name))
    if changed:
        partner.updated_at, partner.version = now, partner.version + 1
        session.flush()
        _audit(session, "PartnerChanged", partner, now=now, actor=actor, detail={"fields": changed})


def switch_partner(session: Session, partner: Partner, *, active: bool, now: datetime, actor: Actor) -> None:
    """Switch a partner on or off. If it is off, its keys are refused. Its orders stay."""
    if partner.is_active != active:
        partner.is_active, partner.updated_at, partner.version = active, now, partner.version + 1
        session.flush()
        _audit(session, "PartnerSwitchedOn" if active else "PartnerSwitchedOff", partner, now=now, actor=actor)


def set_credentials(
    session: Session, partner: Partner, credentials: Mapping[str, str] | None, *, keyring: Keyring, now: datetime, actor: Actor
) -> None:
    """Replace the credentials with which we call the partner's own API. If `credentials` is None, remove them."""
    if credentials is None:
        partner.sealed_credentials = None
    else:
        plain = json.dumps(dict(credentials)).encode()
        partner.sealed_credentials = keyring.encrypt(plain, table=PARTNERS, column="sealed_credentials", row_id=partner.id)
    session.flush()
    _audit(session, "PartnerCredentialsSet", partner, now=now, actor=actor)


def create_key(
    session: Session,
    partner: Partner,
    *,
    environment: Environment,
    name: str,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    scopes: Sequence[str] = EVERY_SCOPE,
    requires_signature: bool = False,
    texts: KeyTexts | None = None,
) -> NewKey:
    """Create a key with its signing secret. If `texts` is given, its key text and secret are used instead of random ones.

    Raises `WrongPartner` if a scope is unknown.
    """
    if unknown := [scope for scope in scopes if scope not in EVERY_SCOPE]:
        raise WrongPartner("scopes", _NO_SCOPE % {"scope": unknown[0], "scopes": ", ".join(EVERY_SCOPE)})
    made = texts or new_key_texts(environment)
    secret = made.signing_secret.encode()
    row = PartnerKey(
        id=new_id(),
        partner_id=partner.id,
        environment=environment,
        name=" ".join(name.split())[:NAME_CHARACTERS] or environment.value,
        shown=shown_of(made.key),
        key_hash=hash_of(made.key),
        scopes=list(scopes or EVERY_SCOPE),
        requires_signature=requires_signature,
        created_by_user_id=actor.user_id,
        created_at=now,
    )
    row.sealed_signing_secret = keyring.encrypt(secret, table=KEYS, column="sealed_signing_secret", row_id=row.id)
    session.add(row)
    session.flush()
    _audit_key(session, "PartnerKeyCreated", row, now=now, actor=actor)
    return NewKey(row, made.key, made.signing_secret)


def rotate_key(
    session: Session,
    partner: Partner,
    key: PartnerKey,
    *,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    overlap: timedelta = OVERLAP,
) -> NewKey:
    """Create another key with the same rights. The old key, which the caller has locked, stays valid for `overlap`, at most a
    week.

    Raises `WrongPartner` if the overlap is too long, or if the old key is no longer valid.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise WrongPartner("overlap_hours", N_("must be 0 to 168 hours"))
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise WrongPartner("key", N_("this key has expired or was revoked: create a new one"))
    new = create_key(
        session,
        partner,
        environment=key.environment,
        name=key.name,
        scopes=tuple(key.scopes),
        requires_signature=key.requires_signature,
        keyring=keyring,
        now=now,
        actor=actor,
    )
    ends_at = now + overlap
    key.expires_at = min(key.expires_at, ends_at) if key.expires_at else ends_at
    key.replaced_by_id = new.row.id
    session.flush()
    _audit_key(session, "PartnerKeyRotated", key, now=now, actor=actor)
    return new


def revoke_key(session: Session, key: PartnerKey, *, now: datetime, actor: Actor) -> None:
    """Revoke a key, which the caller has locked. It is refused from the next request on. A repeat changes nothing."""
    if key.revoked_at is None:
        key.revoked_at = now
        session.flush()
        _audit_key(session, "PartnerKeyRevoked", key, now=now, actor=actor)


def suggest_slug(name: str) -> str:
    """Return a slug made from the name. Return "" if the name has no usable characters."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]


def _fill(partner: Partner, content: PartnerContent) -> None:
    name = " ".join(content.name.split())
    if not name or len(name) > NAME_CHARACTERS:
        raise WrongPartner("name", N_("must have 1 to 120 characters"))
    if not re.fullmatch(SLUG, content.slug):
        raise WrongPartner("slug", N_("must have 2 to 40 lowercase letters, digits or hyphens, such as groendus"))
    if not 1 <= content.calls_per_minute <= 100_000:
        raise WrongPartner("calls_per_minute", N_("must be 1 to 100000"))
    _check_address(content.api_base_url)
    partner.name, partner.slug, partner.brand_id, partner.channel_id = name, content.slug, content.brand_id, content.channel_id
    partner.contact_id = content.contact_id or partner.contact_id
    partner.protocol, partner.calls_per_minute = content.protocol, content.calls_per_minute
    partner.allowed_networks = read_networks(content.allowed_networks)
    partner.integration_name, partner.api_version = content.integration_name[:NAME_CHARACTERS], content.api_version[:40]
    partner.api_base_url, partner.authentication_type = content.api_base_url, content.authentication_type
    partner.sync_enabled, partner.sync_frequency = content.sync_enabled, content.sync_frequency
    partner.push_enabled = content.push_enabled
    partner.order_mail_senders = read_senders(content.order_mail_senders)
    partner.form_integration_id = content.form_integration_id
    partner.mailed_states = [one.value for one in OrderStatus if one.value in content.mailed_states]
    try:
        partner.status_mapping = status_map.checked(dict(content.status_mapping))
    except WrongMapping as error:
        raise WrongPartner("status_mapping", str(error)) from error
    try:
        partner.body_mapping = own_bodies.checked(content.body_mapping)
    except WrongBodyMapping as error:
        raise WrongPartner("body_mapping", str(error)) from error


def read_networks(texts: Sequence[str]) -> list[str]:
    """Return IP addresses and networks in normalised form, without repeats. Raises `WrongPartner` if one is malformed or there
    are too many."""
    found = []
    for text in filter(None, (one.strip() for one in texts)):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError as error:
            raise WrongPartner("allowed_networks", _NO_NETWORK % {"text": text[:60]}) from error
        found.append(str(network))
    if len(found) > MOST_NETWORKS:
        raise WrongPartner("allowed_networks", N_("at most 100 networks"))
    return list(dict.fromkeys(found))


def read_senders(texts: Sequence[str]) -> list[str]:
    """Return mail addresses and domains of senders in lower case, without repeats. Raises `WrongPartner` if one is malformed or
    there are too many."""
    found = []
    for text in filter(None, (one.strip().lower() for one in texts)):
        name, at, domain = text.rpartition("@")
        if (at and not name) or not re.fullmatch(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,6}", domain) or len(text) > 320:
            raise WrongPartner("order_mail_senders", _NO_SENDER % {"text": text[:60]})
        found.append(text)
    if len(found) > MOST_NETWORKS:
        raise WrongPartner("order_mail_senders", N_("at most 100 addresses"))
    return list(dict.fromkeys(found))


def _check_address(address: str) -> None:
    try:
        parts = urlsplit(address)
        is_right = not address or (parts.scheme in ("https", "http") and bool(parts.hostname) and "@" not in parts.netloc)
    except ValueError:
        is_right = False
    if not is_right or len(address) > ADDRESS_CHARACTERS:
        raise WrongPartner("api_base_url", N_("must be an https:// URL"))


def _check_free(session: Session, slug: str) -> None:
    """Raise `WrongPartner` if another partner uses the slug. The slug stays locked until the transaction ends."""
    advisory_xact_lock(session, f"partner:{slug}")
    if session.execute(sa.select(Partner.id).where(Partner.slug == slug)).first() is not None:
        raise WrongPartner("slug", N_("another partner uses this slug"))


def _check_form_free(session: Session, integration_id: uuid.UUID | None) -> None:
    """Raise `WrongPartner` if another partner uses the form. The form stays locked until the transaction ends."""
    if integration_id is not None:
        advisory_xact_lock(session, f"partner form:{integration_id}")
        if session.execute(sa.select(Partner.id).where(Partner.form_integration_id == integration_id)).first() is not None:
            raise WrongPartner("form_integration_id", N_("another partner uses this form"))


def _audit(
    session: Session, action: str, partner: Partner, *, now: datetime, actor: Actor, detail: dict[str, Any] | None = None
) -> None:
    audit(session, action=action, object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)


def _audit_key(session: Session, action: str, key: PartnerKey, *, now: datetime, actor: Actor) -> None:
    detail = {"partner_id": str(key.partner_id), "environment": key.environment.value}
    audit(session, action=action, object_type="partner_key", object_id=str(key.id), now=now, actor=actor, detail=detail)
