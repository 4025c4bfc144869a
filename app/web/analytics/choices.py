"""What a report can be narrowed to: the values of each filter by name, and chips to take one off."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.accounts.queries import list_brands, list_colleagues_of, list_teams
from app.domain.analytics import words
from app.domain.analytics.filters import MEDIA
from app.domain.analytics.slices import NONE
from app.domain.connections.queries import list_channels
from app.domain.partners.queries import list_partner_names
from app.domain.routing.words import thread_type_words
from app.domain.threads.models import Priority, ThreadType
from app.web.analytics.asked import Asked
from app.web.inbox.words import medium_words, priority_words


@dataclass(frozen=True)
class Chip:
    """A filter that is on, and the address without it."""

    name: str
    value: str
    href: str


@dataclass(frozen=True)
class Choices:
    """By filter: (value of the address, words)."""

    options: dict[str, list[tuple[str, str]]]
    people: dict[uuid.UUID, str]

    def chips(self, asked: Asked) -> list[Chip]:
        known = {name: dict(options) for name, options in self.options.items()}
        return [
            Chip(_(words.FILTER_NAMES[name]), known[name].get(text, _("unknown")), asked.url(**{name: None}))
            for name, text in asked.filters.items()
            if name in known
        ]


def read_choices(session: Session, viewer: Viewer, *, is_own: bool) -> Choices:
    """What this viewer can choose; who sees nobody else's figures chooses no team and no person. Five queries."""
    brands = [brand for brand in list_brands(session) if brand.id in viewer.brand_ids]
    channels = list_channels(session, brand_ids=viewer.brand_ids)
    options: dict[str, list[tuple[str, str]]] = {
        "brand": [(str(brand.id), brand.name) for brand in brands] if len(brands) > 1 else [],
        "medium": [(medium, medium_words(medium)) for medium in MEDIA],
        "channel": [(str(channel.id), channel.name) for channel in channels],
        "type": [(kind.value, thread_type_words(kind)) for kind in ThreadType if kind != ThreadType.INTERNAL_TICKET],
        "priority": [(one.value, priority_words(one)) for one in Priority],
        "partner": [(str(contact_id), name) for contact_id, name in list_partner_names(session, brand_ids=viewer.brand_ids)],
    }
    people: dict[uuid.UUID, str] = {}
    if not is_own:
        people = list_colleagues_of(session, viewer.brand_ids)
        options["team"] = [*((str(team.id), team.name) for team in list_teams(session)), (NONE, _(words.NO_TEAM))]
        named = [(str(user_id), name) for user_id, name in people.items()]
        options["person"] = [*sorted(named, key=lambda item: item[1].casefold()), (NONE, _(words.NO_PERSON))]
    return Choices(options, people)
