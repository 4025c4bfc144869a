"""List the templates that technicians send from a visit with one tap (visit texts).

Default visit texts are created with the first brand, or when a team lead asks for them. Leads may then edit them.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.reply_templates.queries import for_brands

MOST = 12
USUAL: Mapping[str, Mapping[str, str]] = {
    "Visit: late": {
        "nl": "{{user.first_name}} hier, uw monteur. Ik ben ongeveer 15 minuten later.",
        "en": "This is {{user.first_name}}, your technician. I am about 15 minutes late.",
        "fr": "Ici {{user.first_name}}, votre technicien. J’ai environ 15 minutes de retard.",
    },
    "Visit: at the door": {
        "nl": "{{user.first_name}} hier, uw monteur. Ik sta voor de deur.",
        "en": "This is {{user.first_name}}, your technician. I am at the door.",
        "fr": "Ici {{user.first_name}}, votre technicien. Je suis devant la porte.",
    },
    "Visit: photo of the fuse box": {
        "nl": "Kunt u voor {{visit.time}} een foto van uw meterkast sturen, met het deurtje open?",
        "en": "Could you send a photo of your fuse box before {{visit.time}}, with its door open?",
        "fr": "Pourriez-vous envoyer avant {{visit.time}} une photo de votre tableau électrique, porte ouverte ?",
    },
    "Visit: work done": {
        "nl": "Het werk is klaar. Bedankt voor uw vertrouwen, {{user.first_name}} van {{brand.name}}",
        "en": "The work is done. Thank you for your trust, {{user.first_name}} of {{brand.name}}",
        "fr": "Le travail est terminé. Merci de votre confiance, {{user.first_name}} de {{brand.name}}",
    },
}


def list_visit_templates(session: Session, *, brand_id: uuid.UUID, medium: str, language: str) -> list[ReplyTemplate]:
    """List the brand's visit texts for the medium, by name, at most `MOST`.

    If there are several with the same name, the one in the given language is listed.
    """
    fits = sa.or_(ReplyTemplate.media == [], ReplyTemplate.media.contains([medium]))
    query = sa.select(ReplyTemplate).where(_offered(), fits, for_brands((brand_id,)))
    name = sa.func.lower(ReplyTemplate.name)
    rows = session.execute(query.order_by(name, ReplyTemplate.language != language, ReplyTemplate.created_at, ReplyTemplate.id))
    found: dict[str, ReplyTemplate] = {}
    for template in rows.scalars():
        found.setdefault(template.name.lower(), template)
    return list(found.values())[:MOST]


def has_visit_templates(session: Session) -> bool:
    """Return whether there are any visit texts."""
    return session.execute(sa.select(ReplyTemplate.id).where(_offered()).limit(1)).first() is not None


def install_visit_texts(session: Session, *, now: datetime) -> None:
    """Create the default visit texts in three languages, if there are no visit texts yet."""
    if has_visit_templates(session):
        return
    for name, texts in USUAL.items():
        for language, text in texts.items():
            content = TemplateContent(name, TemplateCategory.INSTALLATION_SCHEDULING, language, text, for_visits=True)
            create_template(session, content, now=now)


def _offered() -> sa.ColumnElement[bool]:
    return sa.and_(ReplyTemplate.for_visits, ReplyTemplate.archived_at.is_(None))
