"""List the choices of each filter of a report, and the chips that remove an active filter."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.core.translation import gettext as _
from app.domain.accounts.access import Viewer
from app.domain.analytics import words
from app.domain.analytics.filters import MEDIA
from app.domain.analytics.names import Names, read_names
from app.domain.analytics.slices import NONE
from app.domain.partners.queries import list_partner_names
from app.domain.threads.models import Priority, ThreadType
from app.domain.threads.words import thread_type_words
from app.web.analytics.asked import Asked
from app.web.inbox.words import medium_words, priority_words


@dataclass(frozen=True)
class Chip:
    """An active filter of a report. `href` is the report's URL without this filter."""

    name: str
    value: str
    href: str


@dataclass(frozen=True)
class Choices:
    """The choices of each filter of a report.

    `options` is {filter: [(value in the URL, words)]}. `people` has the users whose figures the viewer may see, by id.
    """

    options: dict[str, list[tuple[str, str]]]
    names: Names
    people: dict[uuid.UUID, str]

    def medium(self, asked: Asked) -> str:
        """Return the medium that the report is limited to, from its filter for medium or for a channel.

        Return "" if the report covers all media.
        """
        channels = {str(channel_id): medium.value for channel_id, medium in self.names.media.items()}
        return asked.filters.get("medium", "") or channels.get(asked.filters.get("channel", ""), "")

    def chips(self, asked: Asked) -> list[Chip]:
        known = {name: dict(options) for name, options in self.options.items()}
        return [
            Chip(_(words.FILTER_NAMES[name]), known[name].get(text, _("unknown")), asked.url(**{name: None}))
            for name, text in asked.filters.items()
            if name in known
        ]


def read_choices(session: Session, viewer: Viewer, *, is_own: bool) -> Choices:
    """Return the filter choices for this viewer, with two queries.

    A viewer without the permission to see the figures of others cannot choose a team or person.
    """
    names = read_names(session, viewer)
    partners = list_partner_names(session, brand_ids=viewer.brand_ids)
    options: dict[str, list[tuple[str, str]]] = {
        "brand": _named(names.brands) if len(names.brands) > 1 else [],
        "medium": [(medium, medium_words(medium)) for medium in MEDIA],
        "channel": _named(names.channels),
        "type": [(kind.value, thread_type_words(kind)) for kind in ThreadType if kind != ThreadType.INTERNAL_TICKET],
        "priority": [(one.value, priority_words(one)) for one in Priority],
        "partner": [(str(contact_id), name) for contact_id, name in partners],
    }
    if not is_own:
        options["team"] = [*_named(names.teams), (NONE, _(words.NO_TEAM))]
        options["person"] = [*_named(names.people), (NONE, _(words.NO_PERSON))]
    return Choices(options, names, {} if is_own else names.people)


def _named(found: Mapping[uuid.UUID, str]) -> list[tuple[str, str]]:
    return [(str(one_id), name) for one_id, name in found.items()]
