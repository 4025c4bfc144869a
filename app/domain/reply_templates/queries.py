"""Read reply templates with their uses and versions, and the values of a thread for template variables.

A viewer sees the templates for every brand, and the templates for the viewer's brands.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session, aliased

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.accounts.permissions import Permission
from app.domain.appointments.template_facts import visit_facts
from app.domain.contacts.models import Contact, ContactIdentity, ContactType
from app.domain.orders.models import Order
from app.domain.orders.template_facts import language_of, order_facts
from app.domain.reply_templates.models import (
    ReplyTemplate,
    ReplyTemplateBrand,
    ReplyTemplateUse,
    ReplyTemplateVersion,
    TemplateCategory,
)
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import find_order_of_thread

LIST_LIMIT = 500


class TemplateMissing(Exception):
    """Raised when the template does not exist, or the viewer may not see it."""


@dataclass(frozen=True)
class TemplateRow:
    """A template with its brands, and how often it was sent. No brands means every brand."""

    template: ReplyTemplate
    brand_ids: tuple[uuid.UUID, ...]
    brand_names: tuple[str, ...]
    uses: int


@dataclass(frozen=True)
class VersionRow:
    version: ReplyTemplateVersion
    saved_by: str | None


def list_templates(
    session: Session, *, viewer: Viewer, category: TemplateCategory | None = None, words: str = "", archived: bool = False
) -> list[TemplateRow]:
    """List templates by category and name, at most `LIST_LIMIT`. With `archived`, only archived ones, else only the others.

    Every word of `words` must occur in the name, subject or text.
    """
    query = template_rows(viewer).where(
        ReplyTemplate.archived_at.is_not(None) if archived else ReplyTemplate.archived_at.is_(None)
    )
    if category is not None:
        query = query.where(ReplyTemplate.category == category)
    for word in words.split()[:10]:
        query = query.where(_holds(word))
    query = query.order_by(ReplyTemplate.category, sa.func.lower(ReplyTemplate.name), ReplyTemplate.id)
    return [template_row(record) for record in session.execute(query.limit(LIST_LIMIT))]


def _holds(word: str) -> sa.ColumnElement[bool]:
    fields = (ReplyTemplate.name, ReplyTemplate.subject, ReplyTemplate.text)
    return sa.or_(*(field.icontains(word, autoescape=True) for field in fields))


def get_template(session: Session, *, viewer: Viewer, template_id: uuid.UUID) -> TemplateRow:
    """Return a template, archived or not. Raises TemplateMissing."""
    record = session.execute(template_rows(viewer).where(ReplyTemplate.id == template_id)).one_or_none()
    if record is None:
        raise TemplateMissing(str(template_id))
    return template_row(record)


def find_template_named(session: Session, name: str, *, viewer: Viewer, brand_id: uuid.UUID) -> ReplyTemplate:
    """Return the brand's mail template with this name. A name such as "order_confirmation" also finds “Order confirmation”.

    Raises `TemplateMissing`.
    """
    wanted = (name.strip().lower(), name.strip().lower().replace("_", " "))
    query = template_rows(viewer).where(sa.func.lower(ReplyTemplate.name).in_(wanted), ReplyTemplate.archived_at.is_(None))
    rows = [template_row(record) for record in session.execute(query.order_by(ReplyTemplate.created_at))]
    fits = [row for row in rows if not row.brand_ids or brand_id in row.brand_ids]
    fits = [row for row in fits if not row.template.media or "email" in row.template.media]
    if not fits:
        raise TemplateMissing(name)
    return fits[0].template


def find_template_in(session: Session, template: ReplyTemplate, *, language: str, brand_id: uuid.UUID) -> ReplyTemplate:
    """Return the template with the same name in the given language. Return `template` itself if the brand has none."""
    if template.language == language:
        return template
    same = (sa.func.lower(ReplyTemplate.name) == template.name.lower(), ReplyTemplate.language == language)
    query = sa.select(ReplyTemplate).where(*same, ReplyTemplate.archived_at.is_(None), for_brands((brand_id,)))
    return session.execute(query.order_by(ReplyTemplate.created_at, ReplyTemplate.id).limit(1)).scalar_one_or_none() or template


def may_change(viewer: Viewer, row: TemplateRow) -> bool:
    """Return True if the viewer may change the template: this needs the permission, and access to every brand of the template."""
    return viewer.may(Permission.TEMPLATES_MANAGE) and set(row.brand_ids) <= set(viewer.brand_ids)


def list_versions(session: Session, template_id: uuid.UUID) -> list[VersionRow]:
    """List the versions of a template, newest first, at most 50."""
    query = (
        sa.select(ReplyTemplateVersion, User.name)
        .outerjoin(User, User.id == ReplyTemplateVersion.saved_by_user_id)
        .where(ReplyTemplateVersion.template_id == template_id)
        .order_by(ReplyTemplateVersion.version.desc())
    )
    return [VersionRow(version, name) for version, name in session.execute(query.limit(50))]


def template_rows(viewer: Viewer) -> sa.Select[Any]:
    """Return the query of all templates that the viewer may see, with brands and uses. Convert its rows with `template_row`."""
    brands = sa.select(
        sa.func.array_agg(aggregate_order_by(Brand.id, Brand.name)).label("ids"),
        sa.func.array_agg(aggregate_order_by(Brand.name, Brand.name)).label("names"),
    ).join(ReplyTemplateBrand, ReplyTemplateBrand.brand_id == Brand.id)
    of_row = brands.where(ReplyTemplateBrand.template_id == ReplyTemplate.id).correlate(ReplyTemplate).lateral()
    columns = (ReplyTemplate, of_row.c.ids, of_row.c.names, use_count(viewer))
    return sa.select(*columns).join(of_row, sa.true()).where(visible(viewer))


def use_count(viewer: Viewer) -> sa.ScalarSelect[int]:
    """Return the SQL expression for the number of times a template was sent in the viewer's brands."""
    counted = sa.select(sa.func.count()).where(
        ReplyTemplateUse.template_id == ReplyTemplate.id,
        ReplyTemplateUse.sent_at.is_not(None),
        ReplyTemplateUse.brand_id.in_(viewer.brand_ids),
    )
    return counted.correlate(ReplyTemplate).scalar_subquery()


def visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the SQL condition for the templates that the viewer sees: for every brand, or for a brand of the viewer."""
    return for_brands(viewer.brand_ids)


def for_brands(brand_ids: tuple[uuid.UUID, ...]) -> sa.ColumnElement[bool]:
    of_row = sa.select(ReplyTemplateBrand.brand_id).where(ReplyTemplateBrand.template_id == ReplyTemplate.id)
    one_of_them = of_row.where(ReplyTemplateBrand.brand_id.in_(brand_ids))
    return sa.or_(~sa.exists(of_row.correlate(ReplyTemplate)), sa.exists(one_of_them.correlate(ReplyTemplate)))


def template_row(record: Any) -> TemplateRow:
    template, ids, names, uses = record
    return TemplateRow(template, tuple(ids or ()), tuple(names or ()), uses)


def get_facts(session: Session, *, thread: Thread, viewer: Viewer, now: datetime, order: Order | None = None) -> dict[str, str]:
    """Return variable name -> value for the thread. Variables without a value are left out, and so is today's date.

    `order` None means the order linked last. Values about order and visit are in the contact's language. The caller must
    have checked that the viewer may see the thread.
    """
    organization = aliased(Contact)
    query = (
        sa.select(Brand.name, Contact, organization.name)
        .select_from(Brand)
        .outerjoin(Contact, Contact.id == thread.contact_id)
        .outerjoin(organization, organization.id == Contact.parent_organization_id)
        .where(Brand.id == thread.brand_id)
    )
    brand_name, contact, organization_name = session.execute(query).one()
    order = order or find_order_of_thread(session, thread.id)
    language = language_of(getattr(contact, "language", None))  # there may be nobody
    facts = {
        "thread.subject": thread.subject,
        "thread.number": str(thread.number),
        "brand.name": brand_name,
        "user.name": viewer.name,
        "user.first_name": first_name(viewer.name),
        "user.email": viewer.email,
        **(order_facts(session, order, language=language) if order else {}),
        **visit_facts(session, order_id=order.id if order else None, thread_id=thread.id, language=language, now=now),
        **_contact_facts(session, contact, organization_name),
    }
    return {name: value for name, value in facts.items() if value}


def _contact_facts(session: Session, contact: Contact | None, organization_name: str | None) -> dict[str, str]:
    if contact is None:
        return {}
    query = sa.select(ContactIdentity).where(ContactIdentity.contact_id == contact.id, ContactIdentity.former_since.is_(None))
    ways = list(session.execute(query.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at)).scalars())
    organization = contact.contact_type == ContactType.ORGANIZATION
    return {
        "contact.name": contact.name if _is_name(contact.name) else "",
        "contact.first_name": "" if organization else first_name(contact.name),
        "contact.organization": contact.name if organization else organization_name or "",
        "contact.email": next((way.display or way.value for way in ways if way.kind == "email"), ""),
        "contact.phone": next((_as_number(way) for way in ways if way.kind in ("phone", "wa_id")), ""),
    }


def _as_number(way: ContactIdentity) -> str:
    shown = way.display or way.value
    return f"+{shown}" if shown.isdigit() and not shown.startswith("0") else shown


def first_name(name: str) -> str:
    """Return the first word of a name. Return "" if the name is only a mail address or a number."""
    return name.split()[0] if _is_name(name) else ""


def _is_name(name: str) -> bool:
    return bool(name.strip()) and "@" not in name and any(sign.isalpha() for sign in name)


def find_thread_by_number(session: Session, *, viewer: Viewer, number: int) -> Thread | None:
    """Return the thread with this number. Return None if there is none, or if the viewer may not see it."""
    query = sa.select(Thread).where(Thread.number == number, Thread.brand_id.in_(viewer.brand_ids))
    return session.execute(query).scalar_one_or_none()
