"""Map each domain error to the problem response (code, status) of the API, in one table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask.sansio.app import App
from flask_openapi3.blueprint import APIBlueprint
from pydantic import ValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.api.directory_queries import PersonMissing
from app.api.serialize import message_out
from app.core.db import db
from app.core.log import get_logger
from app.core.paging import BadCursor
from app.core.problems import MOST_ERRORS, FieldError, Problem, invalid, problem_of, problem_response
from app.core.storage import StorageFailed
from app.domain.accounts.access import Viewer
from app.domain.accounts.actions import BadAddress, LastAdmin, UserExists
from app.domain.accounts.passwords import WeakPassword
from app.domain.accounts.teams import WrongTeamName
from app.domain.appointments.queries import AppointmentMissing
from app.domain.brands.actions import BrandInUse, WrongBrand
from app.domain.brands.queries import BrandMissing
from app.domain.connections.queries import ChannelMissing
from app.domain.contacts.edit import IdentityTaken, NotAnOrganization
from app.domain.contacts.queries import ContactMissing
from app.domain.delivery.actions import UnableToReply
from app.domain.imports.actions import UnableToImport
from app.domain.imports.queries import ImportMissing
from app.domain.orders.queries import OrderMissing
from app.domain.partners.actions import WrongPartner
from app.domain.partners.queries import PartnerKeyMissing, PartnerMissing
from app.domain.reply_templates.queries import TemplateMissing
from app.domain.tasks.queries import TaskMissing
from app.domain.threads.actions import ThreadMovedOn
from app.domain.threads.api_queries import find_message_records
from app.domain.threads.edit import NotYours
from app.domain.threads.queries import ThreadMissing
from app.domain.transitions.actions import TransitionRefused
from app.domain.webhooks.queries import DeliveryMissing, EndpointMissing
from app.domain.webhooks.rules import BadEndpoint

log = get_logger(__name__)

_PROBLEM_OF: dict[type[Exception], Callable[[Any], Problem]] = {
    ThreadMissing: lambda _: Problem("not_found"),
    ContactMissing: lambda _: Problem("not_found"),
    ChannelMissing: lambda _: Problem("not_found"),
    PersonMissing: lambda _: Problem("not_found"),
    OrderMissing: lambda _: Problem("not_found"),
    ImportMissing: lambda _: Problem("not_found"),
    UnableToImport: lambda error: Problem("state_conflict", str(error)),
    TransitionRefused: lambda error: Problem(
        "transition_not_allowed" if error.code != "status_moved_on" else "status_moved_on",
        str(error),
        more={"reasons": list(error.reasons), "refused": error.code, "allowed": list(error.allowed)},
    ),
    AppointmentMissing: lambda _: Problem("not_found"),
    TaskMissing: lambda _: Problem("not_found"),
    TemplateMissing: lambda _: Problem("not_found"),
    BadCursor: lambda error: invalid("cursor", str(error)),
    UnableToReply: lambda error: invalid(error.field, str(error)),
    BrandMissing: lambda _: Problem("not_found"),
    WrongBrand: lambda error: invalid(error.field, str(error)),
    BrandInUse: lambda error: Problem("state_conflict", f"These channels are in use, switch them off first: {error}"),
    PartnerMissing: lambda _: Problem("not_found"),
    PartnerKeyMissing: lambda _: Problem("not_found"),
    WrongPartner: lambda error: invalid(error.field, str(error)),
    WrongTeamName: lambda error: invalid("name", str(error)),
    WeakPassword: lambda error: invalid("password", str(error)),
    BadAddress: lambda error: invalid("email", str(error)),
    UserExists: lambda error: Problem("state_conflict", str(error)),
    LastAdmin: lambda _: Problem("state_conflict", "This is the only administrator"),
    IdentityTaken: lambda error: Problem("state_conflict", str(error)),
    NotAnOrganization: lambda error: invalid("parent_organization_id", str(error)),
    EndpointMissing: lambda _: Problem("not_found"),
    DeliveryMissing: lambda _: Problem("not_found"),
    BadEndpoint: lambda error: invalid(error.field, str(error)),
    NotYours: lambda _: Problem("state_conflict", "Only a note can be changed, by the one who wrote it"),
}


def answer_problems(blueprint: APIBlueprint) -> None:
    """Register handlers on the blueprint that turn every error into a problem response."""
    blueprint.register_error_handler(Problem, problem_response)
    blueprint.register_error_handler(HTTPException, problem_of)
    for kind in _PROBLEM_OF:
        blueprint.register_error_handler(kind, _answer)
    for outage in (OperationalError, InterfaceError, PoolTimeout, StorageFailed):
        blueprint.register_error_handler(outage, _unavailable)


def _answer(error: Exception) -> Response:
    known = next(kind for kind in type(error).__mro__ if kind in _PROBLEM_OF)
    return problem_response(_PROBLEM_OF[known](error))


def moved_on(error: ThreadMovedOn, viewer: Viewer) -> Problem:
    """Return the refusal of a reply because its thread has newer items. The body lists them as the API shows messages, in
    `newer_items`."""
    records = find_message_records(db.session(), viewer=viewer, message_ids=[m.id for m in error.newer])
    items = [message_out(record).model_dump(mode="json") for record in records]
    return Problem("thread_moved_on", f"{len(items)} newer items: read them first", more={"newer_items": items})


def _unavailable(error: Exception) -> Response:
    log.error("api_unavailable", error=type(error).__name__)
    return problem_response(Problem("temporary-reduced-capacity", headers={"Retry-After": "5"}))


def refuse_input(error: ValidationError) -> Response:
    """Return the response that refuses invalid parameters or an invalid body."""
    return problem_response(problem_of_input(error))


def problem_of_input(error: ValidationError) -> Problem:
    """Return a `Problem` with the faults of parameters and body, at most MOST_ERRORS, without the values that were sent."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    faults = [FieldError(".".join(str(part) for part in e["loc"]), _message(e)) for e in found[:MOST_ERRORS]]
    detail = f"{len(found)} fields are not right" if len(found) > 1 else f"{faults[0].field}: {faults[0].message}".lstrip(": ")
    return Problem("validation_failed", detail, faults)


def _message(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "is not a field that can be sent here"
    return str(error["msg"]).removeprefix("Value error, ")


def install_validation(app: App) -> None:
    """Make the framework refuse invalid input with our problem responses."""
    app.validation_error_callback = refuse_input  # type: ignore[attr-defined]
