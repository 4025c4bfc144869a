"""Check every simulated Graph call before it is carried out: token, role, mailbox, number of calls at once, lock."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.sandbox.simulators.graph.entra import Token
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request, not_found
from app.sandbox.simulators.graph.store import Json, Mailbox, Message
from app.sandbox.simulators.graph.tenant import Tenant

READ = ("Mail.Read", "Mail.ReadWrite")
WRITE = ("Mail.ReadWrite",)
SEND = ("Mail.Send",)
_MAX_PAGE = 1000


@dataclass(frozen=True)
class Call:
    """One request to one mailbox, as the views get it."""

    tenant: Tenant
    mailbox: Mailbox

    @property
    def wants_immutable_ids(self) -> bool:
        return 'idtype="immutableid"' in request.headers.get("Prefer", "").lower()

    def page_size(self, default: int = 10) -> int:
        asked = re.search(r"odata\.maxpagesize=(\d+)", request.headers.get("Prefer", ""))
        size = int(asked[1]) if asked else int(request.args.get("$top", default))
        return max(1, min(size, _MAX_PAGE, self.tenant.settings.max_page_size))

    def message(self, message_id: str) -> Message:
        """Return the message. Raises GraphProblem 404 if it does not exist or is not visible yet."""
        found = self.mailbox.find(message_id)
        if found is None or (found.visible_at and found.visible_at > self.tenant.now()):
            raise not_found()
        return found

    def draft(self, message_id: str) -> Message:
        found = self.message(message_id)
        if not found.is_draft:
            raise bad_request("The message is not a draft.")
        return found

    def folder(self, reference: str) -> str:
        folder = self.mailbox.folder_of(reference)
        if folder is None:
            raise not_found()
        return folder

    def id_of(self, message: Message) -> str:
        return message.immutable_id if self.wants_immutable_ids else message.moving_id


class Routes:
    """A registry of views `view(call, **path)`. Each view is reachable below /v1.0/users/<user> and below /v1.0/me."""

    def __init__(self, tenant: Tenant, name: str) -> None:
        self.blueprint = Blueprint(f"graph_{name}", __name__, url_prefix="/v1.0")
        self._tenant = tenant

    def on(self, method: str, rule: str, roles: tuple[str, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        def register(view: Callable[..., Any]) -> Callable[..., Any]:
            def guarded(user: str = "", **path: str) -> Any:
                token = check_token(self._tenant, roles)
                mailbox = _mailbox(self._tenant, user or token.user, token.user)
                with _under_way(self._tenant, mailbox), self._tenant.store.lock:
                    self._tenant.catch_up()
                    return view(Call(self._tenant, mailbox), **path)

            self.blueprint.add_url_rule(f"/users/<user>{rule}", view.__name__, guarded, methods=[method])
            self.blueprint.add_url_rule(f"/me{rule}", f"{view.__name__}_of_mine", guarded, methods=[method])
            return view

        return register


def check_token(tenant: Tenant, roles: tuple[str, ...]) -> Token:
    """Return the request's token. Raises GraphProblem 401 if it is missing, unknown or expired, 403 if it lacks the role."""
    kind, _, given = request.headers.get("Authorization", "").partition(" ")
    token = tenant.tokens.get(given) if kind == "Bearer" else None
    if token is None or token.expires_at <= tenant.now():
        text = "Access token is empty." if not given else "Lifetime validation failed, the token is expired."
        raise GraphProblem(401, "InvalidAuthenticationToken", text)
    if not set(roles) & set(token.roles):
        raise GraphProblem(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    return token


def body_json() -> Json:
    """Return the request's JSON object. Raises GraphProblem 400."""
    try:
        read = json.loads(request.get_data() or b"{}")
    except ValueError as error:
        raise bad_request("Unable to read JSON request payload.", "BadRequest") from error
    if not isinstance(read, dict):
        raise bad_request("The payload must be an object.", "BadRequest")
    if request.get_data() and not request.content_type.startswith("application/json"):
        raise GraphProblem(415, "BadRequest", "The content type is not supported.")
    return read


def created(value: Json) -> Response:
    response = jsonify(value)
    response.status_code = 201
    return response


def _mailbox(tenant: Tenant, user: str, signed_in: str) -> Mailbox:
    """Return the mailbox of `user`. Raises GraphProblem 404 if there is none, 403 if the caller may not read it.

    `signed_in` is the person who calls, "" for an application. A person may read only their own mailbox and shared ones.
    """
    mailbox = tenant.mailbox(user)
    if mailbox is None:
        raise GraphProblem(404, "ErrorInvalidUser", f"The requested user '{user}' is invalid.")
    if signed_in and user.lower() not in (signed_in.lower(), *tenant.settings.shared_mailboxes):
        raise GraphProblem(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
    if not tenant.is_allowed(user):
        raise GraphProblem(
            403,
            "ErrorAccessDenied",
            "Access to OData is disabled: [RAOP] : Blocked by tenant configured AppOnly AccessPolicy settings.",
        )
    return mailbox


@contextmanager
def _under_way(tenant: Tenant, mailbox: Mailbox) -> Iterator[None]:
    """Count the call while it runs, as a context manager. Raises GraphProblem 429 if `calls_at_once` calls are running already.

    Exchange refuses such a call at once too.
    """
    with tenant.store.lock:
        if tenant.under_way[mailbox.address] >= tenant.settings.calls_at_once:
            text = "Application is over its MailboxConcurrency limit."
            raise GraphProblem(429, "ApplicationThrottled", text, {"Retry-After": "1"})
        tenant.under_way[mailbox.address] += 1
    try:
        time.sleep(tenant.settings.latency_s)
        yield
    finally:
        with tenant.store.lock:
            tenant.under_way[mailbox.address] -= 1


def seconds(amount: float) -> timedelta:
    return timedelta(seconds=amount)
