"""Write and accept versions of a partner's agreement."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.core.text import mark as N_
from app.domain.accounts.models import User
from app.domain.events.actions import Actor, audit
from app.domain.partners.actions import WrongPartner
from app.domain.partners.models import Partner, PartnerAgreement

TEXT_CHARACTERS = 50_000
# What an agreement is about, for a first version to begin with.
TOPICS = (
    N_("Required order fields"),
    N_("API limits"),
    N_("Data retention"),
    N_("Security"),
    N_("Commission"),
    N_("Service levels"),
    N_("Cancellation"),
    N_("Disputes"),
    N_("Processing of personal data"),
    N_("Privacy law"),
    N_("Liability"),
    N_("Ending the agreement"),
)


class AgreementMissing(Exception):
    """Raised when the partner has no such version of the agreement."""


class AgreementPassed(Exception):
    """Raised when a newer version has replaced this version of the agreement."""


def list_agreements(session: Session, partner_id: uuid.UUID) -> list[PartnerAgreement]:
    """List all versions of the partner's agreement, the newest first."""
    query = sa.select(PartnerAgreement).where(PartnerAgreement.partner_id == partner_id)
    query = query.order_by(PartnerAgreement.version.desc()).execution_options(populate_existing=True)
    return list(session.execute(query).scalars())


def write_agreement(session: Session, partner: Partner, text: str, *, now: datetime, actor: Actor) -> PartnerAgreement:
    """Add the next version of the agreement, which the partner then has to accept. Raises `WrongPartner` if the text is empty,
    too long, or the same as before."""
    text = text.replace("\r\n", "\n").strip()
    if not text or len(text) > TEXT_CHARACTERS:
        raise WrongPartner("text", N_("Enter 1 to 50000 characters."))
    _take_turn(session, partner)
    known = list_agreements(session, partner.id)
    if known and known[0].text == text:
        raise WrongPartner("text", N_("The newest version already has this text."))
    version = known[0].version + 1 if known else 1
    made = PartnerAgreement(id=new_id(), partner_id=partner.id, version=version, text=text, created_at=now, accepted_name="")
    made.created_by_user_id = actor.user_id
    session.add(made)
    session.flush()
    _audit(session, "PartnerAgreementWritten", partner, made, now=now, actor=actor)
    return made


def accept_agreement(
    session: Session, partner: Partner, agreement_id: uuid.UUID, user: User, *, now: datetime, actor: Actor
) -> None:
    """Accept the newest version for the partner. If it is accepted already, nothing changes.

    Raises `AgreementMissing` if the partner has no such version, and `AgreementPassed` if it is not the newest.
    """
    _take_turn(session, partner)
    known = list_agreements(session, partner.id)
    if agreement_id not in [one.id for one in known]:
        raise AgreementMissing(str(agreement_id))
    newest = known[0]
    if newest.id != agreement_id:
        raise AgreementPassed(str(agreement_id))
    if newest.accepted_at is None:
        newest.accepted_at, newest.accepted_by_user_id, newest.accepted_name = now, user.id, user.name
        session.flush()
        _audit(session, "PartnerAgreementAccepted", partner, newest, now=now, actor=actor)


def _take_turn(session: Session, partner: Partner) -> None:
    """Lock the partner's agreement, so that nobody can accept a version while somebody else replaces it."""
    advisory_xact_lock(session, f"partner agreement:{partner.id}")


def _audit(session: Session, action: str, partner: Partner, agreement: PartnerAgreement, *, now: datetime, actor: Actor) -> None:
    detail = {"version": agreement.version}
    audit(session, action=action, object_type="partner", object_id=str(partner.id), now=now, actor=actor, detail=detail)
