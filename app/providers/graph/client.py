"""Call Microsoft Graph with a token and immutable ids, three calls at a time per mailbox. Refusals become `ProviderError`."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

from app.contract.base import ChannelAccount, Json, ProviderError, Reason
from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint, shape_of
from app.core.semaphore import LocalSlots, NoSlot, Slots
from app.core.text import mark as N_
from app.providers.graph.errors import refusal, unreachable, unreadable
from app.providers.graph.signed_in import KeepTokens, is_shared, is_signed_in
from app.providers.graph.tokens import TokenSource

CALLS_AT_ONCE = 3  # Graph refuses a fifth; one is left for other programs
_SLOT_WAIT_SECONDS = 30.0
_ANSWER_BYTES = 16 * 1024 * 1024
_UPLOAD_HOSTS = (".office.com", ".office365.com", ".office365.us", ".outlook.cn")
_WORDS = (
    *("users", "me", "messages", "mailFolders", "inbox", "sentitems", "delta", "attachments", "createUploadSession", "send"),
    *("move", "$value", "calendarView", "subscriptions", "reauthorize", "events", "sendMail"),
)


class GraphClient:
    """Client of Microsoft Graph v1.0. `graph_base_url` is the root without a version, e.g. https://graph.microsoft.com."""

    def __init__(
        self,
        http: HttpClient,
        *,
        graph_base_url: str,
        login_authority: str,
        keep_tokens: KeepTokens | None = None,
        slots: Slots | None = None,
    ) -> None:
        host = graph_base_url.rstrip("/").removesuffix("/v1.0")
        self._http = http
        self._root = f"{host}/v1.0"
        self._tokens = TokenSource(http, login_authority=login_authority, scope=f"{host}/.default", keep_tokens=keep_tokens)
        self.signed_in = self._tokens.signed_in
        self._slots = slots or LocalSlots()

    @property
    def root(self) -> str:
        """The URL of the API with its version, for resources that belong to no mailbox."""
        return self._root

    def call(
        self,
        account: ChannelAccount,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Json | None = None,
        mime: bytes | None = None,
        prefer: str = "",
        accept: Collection[int] = (),
        expect: int | None = None,
        acts: bool = False,
        max_bytes: int = _ANSWER_BYTES,
        deadline: float = 60,
    ) -> HttpResponse:
        """Call `path` below the account's mailbox, or a whole URL that Graph gave us, and return the answer.

        A status outside 2xx raises ProviderError unless it is in `accept`. An expired token is renewed once. `expect` is the
        only success status of this call: another one comes from a proxy and raises ProviderError. `acts` marks a call with
        an effect outside the mailbox: without a clear answer the error has `outcome_unknown`. `mime` is a whole mail, sent
        base64-encoded as Graph requires. `deadline` is in seconds.
        """
        url = self._url(account, path)
        preferences = ", ".join(filter(None, ('IdType="ImmutableId"', prefer)))
        options: dict[str, Any] = {"params": params, "json": json, "max_bytes": max_bytes, "deadline": deadline}
        if mime is not None:
            options["data"] = base64.b64encode(mime)
        try:
            with self._slots.one_of(f"graph:{account.address.lower()}", at_once=CALLS_AT_ONCE, wait_seconds=_SLOT_WAIT_SECONDS):
                response = self._request(account, method, url, preferences, options)
                if response.status == 401:
                    response = self._request(account, method, url, preferences, options, fresh=True)
        except NoSlot as error:
            busy = Reason("mailbox_busy", N_("Too many requests to this mailbox"))
            raise ProviderError(busy, permanent=False, retry_after_seconds=10) from error
        except HttpFailure as failure:
            if acts and failure.status is not None and 200 <= failure.status < 300:
                return HttpResponse(failure.status, {}, b"")  # accepted; only the rest of the answer was lost
            raise unreachable(failure, outcome_unknown=acts and failure.request_sent) from failure
        if response.ok and expect not in (None, response.status):
            raise unreadable(f"status {response.status} instead of {expect}", outcome_unknown=acts)
        if response.ok or response.status in accept:
            return response
        raise refusal(response, outcome_unknown=acts and response.status >= 500)

    def call_json(self, account: ChannelAccount, method: str, path: str, *, needs: str = "", **options: Any) -> Json:
        """Call as `call` does and return the answer's JSON object, which must have the field `needs`. Raises ProviderError."""
        response = self.call(account, method, path, **options)
        return read_object(response, path, needs=needs)

    def put_upload(self, url: str, chunk: bytes, *, content_range: str, account_id: str = "") -> HttpResponse:
        """Put one chunk of a file to an upload URL. The URL alone gives permission, so our token is not sent. Raises
        ProviderError."""
        self._check_upload_host(url)
        headers = {"Content-Range": content_range, "Content-Type": "application/octet-stream"}
        called = Endpoint("graph", "PUT upload", account_id)
        try:
            response = self._http.request("PUT", url, called=called, headers=headers, data=chunk, read_timeout=60, deadline=120)
        except HttpFailure as failure:
            raise unreachable(failure) from failure
        if not response.ok:
            # Whatever the reason, a new session is the way on; so no refusal here is final.
            raise refusal(response, permanent=False)
        return response

    def _request(
        self, account: ChannelAccount, method: str, url: str, prefer: str, options: Mapping[str, Any], *, fresh: bool = False
    ) -> HttpResponse:
        headers = {
            "Authorization": f"Bearer {self._tokens.token(account, fresh=fresh)}",
            "Prefer": prefer,
            "client-request-id": str(uuid4()),
        } | ({"Content-Type": "text/plain"} if "data" in options else {})
        called = Endpoint("graph", f"{method} {_shape(url, self._root)}", account.id)
        return self._http.request(method, url, called=called, headers=headers, read_timeout=30, **options)

    def _url(self, account: ChannelAccount, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self._root}/{mailbox_path(account)}/{path}"
        if urlsplit(path)[:2] != urlsplit(self._root)[:2]:
            raise _foreign_link(path)
        return path

    def _check_upload_host(self, url: str) -> None:
        parts = urlsplit(url)
        microsoft = parts.scheme == "https" and (parts.hostname or "").endswith(_UPLOAD_HOSTS)
        if not microsoft and parts[:2] != urlsplit(self._root)[:2]:
            raise _foreign_link(url)


def _shape(url: str, root: str) -> str:
    shape = shape_of(url.removeprefix(root), _WORDS)
    return shape.removeprefix("users/{id}/").removeprefix("me/")


def mailbox_path(account: ChannelAccount) -> str:
    """Return the path of the mailbox: "me" if its owner signed in to it, otherwise "users/ADDRESS".

    Graph has no other path than "me" for a personal account.
    """
    if is_signed_in(account) and not is_shared(account):
        return "me"
    return f"users/{quote(account.address, safe='@')}"


def _foreign_link(url: str) -> ProviderError:
    """Return the error for a link to another host: following it would hand over our token, or a customer's file."""
    title = N_(
        "We did not follow a link from the provider, because it leads to another server",
        "The provider sent a link to another server",
    )
    return ProviderError(Reason("foreign_link", title, detail=f"host {urlsplit(url).hostname}"), permanent=False)


def read_object(response: HttpResponse, what: str, *, needs: str = "") -> Json:
    """Return the answer as a JSON object that has the field `needs`. Raises ProviderError."""
    try:
        answer = response.json()
    except ValueError as error:
        raise unreadable(what) from error
    if not isinstance(answer, dict) or (needs and needs not in answer):
        raise unreadable(what)
    return answer


def item_path(message_id: str, rest: str = "") -> str:
    """Return the path of one message with the id escaped, followed by `rest`. Ids may contain "/", "+" and "="."""
    return f"messages/{quote(message_id, safe='')}{rest}"
