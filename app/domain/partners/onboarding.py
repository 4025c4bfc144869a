"""Work out which onboarding steps of a partner are done and which are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ContactIdentity
from app.domain.partners.models import (
    Environment,
    Partner,
    PartnerAgreement,
    PartnerKey,
    PartnerOrder,
    PartnerProduct,
    PartnerReport,
    Protocol,
)


class Step(StrEnum):
    """A step of a partner's onboarding. The members are in the order in which the steps are done."""

    CONTACT = "contact"  # somebody can be reached
    FORM = "form"  # the one they fill in is known
    AGREEMENT = "agreement"  # the newest version is accepted
    SANDBOX_KEY = "sandbox_key"
    MAPPING = "mapping"  # their numbers have our articles
    STATUS_WORDS = "status_words"
    SANDBOX_ORDER = "sandbox_order"
    SANDBOX_STATUS = "sandbox_status"  # a state went one way or the other
    LOAD_TEST = "load_test"  # many sandbox orders within a minute
    LIVE_KEY = "live_key"
    LIVE_ORDER = "live_order"


OF_PROGRAMS = frozenset({Step.SANDBOX_KEY, Step.SANDBOX_ORDER, Step.SANDBOX_STATUS, Step.LOAD_TEST, Step.LIVE_KEY})
LOAD_ORDERS = 20


@dataclass(frozen=True)
class StepState:
    """A step of the onboarding, and whether it is done. `done_at` is None if it is not done, or if the time is unknown."""

    step: Step
    is_done: bool
    done_at: datetime | None = None


def read_steps(session: Session, partner: Partner) -> list[StepState]:
    """Return the state of every step that applies to the partner. Runs nine small queries.

    A partner that sends orders by mail or form has no steps for keys and the sandbox.
    """
    found = {
        Step.CONTACT: _first(session, ContactIdentity.created_at, ContactIdentity.contact_id == partner.contact_id),
        Step.AGREEMENT: _agreement(session, partner),
        Step.SANDBOX_KEY: _key(session, partner, Environment.SANDBOX),
        Step.MAPPING: _first(session, PartnerProduct.created_at, PartnerProduct.partner_id == partner.id),
        Step.SANDBOX_ORDER: _order(session, partner, Environment.SANDBOX),
        Step.SANDBOX_STATUS: _status(session, partner),
        Step.LOAD_TEST: _load(session, partner),
        Step.LIVE_KEY: _key(session, partner, Environment.LIVE),
        Step.LIVE_ORDER: _order(session, partner, Environment.LIVE),
    }
    known = {Step.STATUS_WORDS: any(partner.status_mapping.values()), Step.FORM: partner.form_integration_id is not None}
    states = []
    for step in Step:
        if partner.protocol in (Protocol.EMAIL, Protocol.FORM) and step in OF_PROGRAMS:
            continue
        if step == Step.FORM and partner.protocol != Protocol.FORM:
            continue
        at = found.get(step)
        is_done = known.get(step, at is not None)
        states.append(StepState(step, is_done, at))
    return states


def _first(session: Session, column: Any, *where: sa.ColumnElement[bool]) -> datetime | None:
    first: datetime | None = session.execute(sa.select(sa.func.min(column)).where(*where)).scalar_one()
    return first


def _agreement(session: Session, partner: Partner) -> datetime | None:
    newest = sa.select(PartnerAgreement.accepted_at).where(PartnerAgreement.partner_id == partner.id)
    at: datetime | None = session.execute(newest.order_by(PartnerAgreement.version.desc()).limit(1)).scalar_one_or_none()
    return at


def _load(session: Session, partner: Partner) -> datetime | None:
    """Return the first minute in which at least `LOAD_ORDERS` sandbox orders were created. Return None if there is none."""
    minute = sa.func.date_trunc("minute", PartnerOrder.created_at)
    trials = (PartnerOrder.partner_id == partner.id, PartnerOrder.environment == Environment.SANDBOX)
    full = sa.select(minute).where(*trials).group_by(minute).having(sa.func.count() >= LOAD_ORDERS)
    at: datetime | None = session.execute(full.order_by(minute).limit(1)).scalar_one_or_none()
    return at


def _key(session: Session, partner: Partner, environment: Environment) -> datetime | None:
    works = (PartnerKey.partner_id == partner.id, PartnerKey.environment == environment, PartnerKey.revoked_at.is_(None))
    return _first(session, PartnerKey.created_at, *works)


def _order(session: Session, partner: Partner, environment: Environment) -> datetime | None:
    return _first(
        session, PartnerOrder.created_at, PartnerOrder.partner_id == partner.id, PartnerOrder.environment == environment
    )


def _status(session: Session, partner: Partner) -> datetime | None:
    rows = sa.select(PartnerOrder.id).where(
        PartnerOrder.partner_id == partner.id, PartnerOrder.environment == Environment.SANDBOX
    )
    return _first(session, PartnerReport.created_at, PartnerReport.partner_order_row_id.in_(rows))
