"""The blueprint of the pages, and their words."""

from __future__ import annotations

from flask import Blueprint

from app.core.text import mark as N_
from app.core.translation import gettext as _
from app.domain.integrations.models import Provider

bp = Blueprint("integrations", __name__)
NAMES = {Provider.FILLOUT: "Fillout", Provider.MAKE: "Make"}
ABOUT = {
    Provider.FILLOUT: N_("Forms: each one that is filled in becomes a contact, a preliminary order and a conversation."),
    Provider.MAKE: N_("Scenarios: they tell us of orders, visits, payments and feedback, and are told what happens here."),
}


def provider_words(value: str) -> str:
    return NAMES[Provider(value)]


def provider_about(value: str) -> str:
    return _(ABOUT[Provider(value)])


@bp.record_once
def _register_filters(state: object) -> None:
    filters = {"provider_words": provider_words, "provider_about": provider_about}
    state.app.jinja_env.filters.update(filters)  # type: ignore[attr-defined]
