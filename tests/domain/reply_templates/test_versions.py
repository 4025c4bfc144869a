"""Every edit is kept, nothing is deleted, and a template is seen by those it is for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, Role
from app.domain.events.models import AuditEntry, Event
from app.domain.reply_templates.actions import (
    BadTemplate,
    TemplateContent,
    TemplateMovedOn,
    archive_template,
    create_template,
    edit_template,
    restore_template,
)
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.reply_templates.queries import TemplateMissing, get_template, list_templates, list_versions, may_change
from tests.factories import NOW, make_brand, make_viewer

CONTENT = TemplateContent(
    name="Afspraak bevestigen",
    category=TemplateCategory.INSTALLATION_SCHEDULING,
    language="nl",
    text="Beste {{contact.first_name|klant}}, de afspraak staat.",
)
pytestmark = pytest.mark.usefixtures("app_context")


@pytest.fixture
def brands(app: Flask, db_session: Session) -> tuple[Brand, Brand]:
    return make_brand(db_session), make_brand(db_session, "laderthuis")


@pytest.fixture
def lead(db_session: Session, brands: tuple[Brand, Brand]) -> Viewer:
    return make_viewer(db_session, "Leila", role=Role.LEAD, brands=(brands[0],))


def make(session: Session, lead: Viewer, **changes: object) -> ReplyTemplate:
    return create_template(session, replace(CONTENT, **changes), now=NOW, actor=lead.actor)  # type: ignore[arg-type]


def test_an_edit_is_a_new_version_and_the_old_one_stays(db_session: Session, lead: Viewer) -> None:
    template = make(db_session, lead)
    newer = replace(CONTENT, text="Beste {{contact.name|klant}}, tot dan.")
    edit_template(db_session, template.id, newer, now=NOW, actor=lead.actor, if_version=1)
    edit_template(db_session, template.id, newer, now=NOW, actor=lead.actor)  # the same again: no version
    texts = [(row.version.version, row.version.content["text"], row.saved_by) for row in list_versions(db_session, template.id)]
    assert texts == [(2, newer.text, "Leila"), (1, CONTENT.text, "Leila")]
    assert get_template(db_session, viewer=lead, template_id=template.id).template.version == 2


def test_an_edit_of_an_older_version_is_refused(db_session: Session, lead: Viewer) -> None:
    template = make(db_session, lead)
    edit_template(db_session, template.id, replace(CONTENT, name="Anders"), now=NOW)
    with pytest.raises(TemplateMovedOn):
        edit_template(db_session, template.id, replace(CONTENT, name="Nog anders"), now=NOW, if_version=1)


def test_a_variable_that_does_not_exist_is_refused_with_its_field(db_session: Session, lead: Viewer) -> None:
    with pytest.raises(BadTemplate) as refused:
        make(db_session, lead, subject="{{order.colour}}", text="Beste {{name}}")
    assert [(name, problem.name) for name, problem in refused.value.problems] == [("subject", "order.colour"), ("text", "name")]


def test_archiving_takes_it_out_of_the_list_and_restoring_brings_it_back(db_session: Session, lead: Viewer) -> None:
    template = make(db_session, lead)
    archive_template(db_session, template.id, now=NOW, actor=lead.actor)
    assert list_templates(db_session, viewer=lead) == []
    assert [row.template.id for row in list_templates(db_session, viewer=lead, archived=True)] == [template.id]
    restore_template(db_session, template.id, now=NOW, actor=lead.actor)
    assert [row.template.id for row in list_templates(db_session, viewer=lead)] == [template.id]


def test_a_template_of_another_brand_does_not_exist(db_session: Session, brands: tuple[Brand, Brand], lead: Viewer) -> None:
    theirs = make(db_session, lead, brand_ids=(brands[1].id,))
    both = make(db_session, lead, name="Beide", brand_ids=(brands[0].id, brands[1].id))
    everybody = make(db_session, lead, name="Iedereen")
    rows = list_templates(db_session, viewer=lead)
    assert [row.template.id for row in rows] == [both.id, everybody.id]
    assert [may_change(lead, row) for row in rows] == [False, True]
    with pytest.raises(TemplateMissing):
        get_template(db_session, viewer=lead, template_id=theirs.id)


def test_the_list_is_narrowed_by_category_and_words(db_session: Session, lead: Viewer) -> None:
    make(db_session, lead)
    make(db_session, lead, name="Storing 100%", category=TemplateCategory.TECHNICAL_SUPPORT, text="Reset de aardlek")
    names = [row.template.name for row in list_templates(db_session, viewer=lead, words="aardlek 100%")]
    assert names == ["Storing 100%"]
    by_category = list_templates(db_session, viewer=lead, category=TemplateCategory.INSTALLATION_SCHEDULING)
    assert [row.template.name for row in by_category] == [CONTENT.name]


def test_what_a_user_changed_is_an_event_and_audited(db_session: Session, lead: Viewer) -> None:
    template = make(db_session, lead)
    archive_template(db_session, template.id, now=NOW, actor=lead.actor)
    db_session.flush()
    types = db_session.execute(sa.select(Event.type).order_by(Event.id)).scalars().all()
    assert types == ["ReplyTemplateCreated", "ReplyTemplateArchived"]
    audited = db_session.execute(sa.select(AuditEntry.object_type, AuditEntry.object_id).order_by(AuditEntry.id)).all()
    assert [tuple(row) for row in audited] == [("reply_template", str(template.id))] * 2
