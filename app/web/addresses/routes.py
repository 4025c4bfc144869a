"""Addresses of the register while somebody types one. What the register says of an address is shown by `addresses/check.html`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from app.contract.address_parts import read_line
from app.core.db import let_go
from app.core.text import storable
from app.domain.addresses.suggest import suggest_addresses
from app.web.addresses import words
from app.web.pages import page

bp = Blueprint("addresses", __name__)
blueprints = (bp,)


@bp.before_request
def _signed_in_only() -> Any:
    return None if current_user.is_authenticated else current_app.login_manager.unauthorized()  # type: ignore[attr-defined]


@bp.record_once
def _register_filters(state: Any) -> None:
    state.app.jinja_env.filters.update(words.FILTERS)


@bp.get("/addresses/suggestions")
def suggestions() -> ResponseReturnValue:
    """Return the `<option>` elements of the addresses that match `address`, as a fragment for `addresses/list.html`."""
    typed = storable(request.args.get("address", ""))
    let_go()
    return page("addresses/options.html", addresses=[read_line(line) for line in suggest_addresses(typed)])
