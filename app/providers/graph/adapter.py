"""`GraphMail`, the adapter of a Microsoft 365 mailbox: `Sender`, `Poller`, and what reconciling needs.

An account's settings are `tenant_id`, `client_id`, and optionally `sync_from` (ISO 8601: mail received earlier is ignored)
and `folders` (folders.py). Its secret is `client_secret`, its address is the mailbox. If somebody signed in to the mailbox,
the settings name the transport and the secrets contain `token_cache` (signed_in.py). Only tokens and open connections stay
in memory between calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from app.contract.base import (
    ChannelAccount,
    Json,
    Lookup,
    OutgoingMessage,
    PollPage,
    ProviderError,
    SaveProgress,
    SendResult,
)
from app.contract.calendars import CalendarPage, WantedEvent, WrittenEvent
from app.contract.health import Health, refused
from app.contract.oauth import SignedIn
from app.contract.reconcile import Fetch, ItemPlace, Listing, MailFolder
from app.core.clock import utc_now
from app.core.http import HttpClient
from app.core.semaphore import Slots
from app.core.text import known
from app.providers.graph import counting
from app.providers.graph.calendar import permitted, poll_calendar, remove_event, write_event
from app.providers.graph.client import GraphClient
from app.providers.graph.folders import followed, list_choosable
from app.providers.graph.polling import poll_once
from app.providers.graph.sending import Outbound, look_up, send_message
from app.providers.graph.signed_in import KeepTokens
from app.providers.graph.subscriptions import keep_subscribed

_MAILS = known("Messages in the inbox: %(count)s", "%(count)s mails in the inbox")


class GraphMail:
    """The adapter of a Microsoft 365 mailbox.

    `settle_seconds`: how long after a send request the mailbox may still show the draft, or nothing at all.
    """

    def __init__(
        self,
        http: HttpClient,
        graph_base_url: str,
        login_authority: str,
        *,
        clock: Callable[[], datetime] = utc_now,
        settle_seconds: float = 30,
        keep_tokens: KeepTokens | None = None,
        slots: Slots | None = None,
    ) -> None:
        places = {"graph_base_url": graph_base_url, "login_authority": login_authority}
        self._client = GraphClient(http, **places, keep_tokens=keep_tokens, slots=slots)
        self._clock = clock
        self._settle = timedelta(seconds=settle_seconds)

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        """Send a mail at most once per delivery, even if an answer is lost or the process dies (sending.py). Raises
        ProviderError."""
        return send_message(self._outbound(message, account), progress, save_progress)

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        return look_up(self._outbound(message, account), progress)

    def poll(self, *, account: ChannelAccount, state: Json) -> PollPage:
        """Return one page of new mails (polling.py). `state` comes from the page before; {} starts from the beginning.

        Raises ProviderError; the old state is then still valid.
        """
        return poll_once(self._client, account, state, now=self._clock())

    def keep_subscribed(
        self, *, account: ChannelAccount, notification_url: str, client_state: str, current: Json, renew: bool = False
    ) -> Json:
        """Create or renew the subscriptions and return them (subscriptions.py). Raises ProviderError."""
        return keep_subscribed(
            self._client,
            account,
            notification_url=notification_url,
            client_state=client_state,
            current=current,
            now=self._clock(),
            renew=renew,
        )

    def followed_folders(self, *, account: ChannelAccount) -> tuple[str, ...]:
        return followed(account)

    def list_choosable(self, *, account: ChannelAccount) -> tuple[MailFolder, ...]:
        """Return the folders that could be followed besides Inbox and Sent Items. Raises ProviderError."""
        return list_choosable(self._client, account)

    def list_folder(self, *, account: ChannelAccount, folder: str, link: str | None) -> Listing:
        """Return one page of a folder's mails, for counting (counting.py). Raises ProviderError, ListingLost."""
        return counting.list_folder(self._client, account, folder, link)

    def fetch_items(self, *, account: ChannelAccount, wanted: Sequence[tuple[str, str]]) -> Fetch:
        """Fetch single mails by (id, folder), for counting (counting.py). Raises ProviderError."""
        return counting.fetch_items(self._client, account, wanted, now=self._clock())

    def locate_items(self, *, account: ChannelAccount, keys: Sequence[str]) -> dict[str, ItemPlace]:
        """Return the present place of each mail by its id, for counting (counting.py). Raises ProviderError."""
        return counting.locate_items(self._client, account, keys)

    def begin_sign_in(self, *, account: ChannelAccount, redirect_uri: str) -> Json:
        """Begin a sign-in at Microsoft and return what to store until it is finished (signed_in.py). Raises ProviderError."""
        return self._client.signed_in.begin(account, redirect_uri=redirect_uri)

    def finish_sign_in(self, *, account: ChannelAccount, flow: Json, answer: Mapping[str, str]) -> SignedIn:
        """Finish a sign-in at Microsoft and return its tokens (signed_in.py). Raises ProviderError."""
        return self._client.signed_in.finish(account, flow=flow, answer=answer)

    def consent_url(self, *, tenant_id: str, client_id: str, redirect_uri: str, state: str) -> str:
        return self._client.signed_in.consent_url(
            tenant_id=tenant_id, client_id=client_id, redirect_uri=redirect_uri, state=state
        )

    def poll_calendar(self, *, account: ChannelAccount, state: Json) -> CalendarPage:
        """Return one page of the mailbox's calendar (calendar.py). Raises ProviderError; the old state is then still valid."""
        with permitted(account):
            return poll_calendar(self._client, account, state, now=self._clock())

    def write_event(
        self, *, account: ChannelAccount, event: WantedEvent, key: str | None, may_be_there: bool = False
    ) -> WrittenEvent:
        """Create or change an event in the mailbox's calendar (calendar.py). Raises EventGone, ProviderError."""
        with permitted(account, writes=True):
            return write_event(self._client, account, event, key, may_be_there=may_be_there)

    def remove_event(self, *, account: ChannelAccount, reference: str, key: str | None) -> None:
        """Delete an event from the mailbox's calendar; one that is gone is fine (calendar.py). Raises ProviderError."""
        with permitted(account, writes=True):
            remove_event(self._client, account, reference, key)

    def check(self, *, account: ChannelAccount) -> Health:
        """Check that we can sign in and read the mailbox. If the provider refuses, the result says why and what to do.

        For a new channel the calendar is checked too. Later, polling the calendar reports its refusals, because mail works
        all the same.
        """
        try:
            inbox = self._client.call_json(account, "GET", "mailFolders/inbox", params={"$select": "id,totalItemCount"})
            if account.settings.get("calendar") == "on" and not account.id:
                self.poll_calendar(account=account, state={})
        except ProviderError as error:
            return refused(error)
        return Health(ok=True, detail=_MAILS % {"count": inbox.get("totalItemCount", 0)}, checked=("sign-in", "mailbox"))

    def _outbound(self, message: OutgoingMessage, account: ChannelAccount) -> Outbound:
        return Outbound(self._client, account, message, now=self._clock(), settle=self._settle)
