"""`MailServerMail`, the adapter of a mailbox at any mail server: `Sender` by SMTP, `Poller` by IMAP.

An account's settings and its secret are `account.CONNECT_FIELDS`, and optionally `sync_from` (ISO 8601: mail that came
earlier is ignored). Its address is the mailbox. Nothing stays in memory between calls.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from datetime import datetime

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
from app.contract.health import Health, refused
from app.core.addresses import AddressGuard
from app.core.clock import utc_now
from app.core.guarded_connect import Resolver, system_resolver, tls_context
from app.core.metering import Meter
from app.core.smtp import SmtpClient, SmtpTrouble
from app.core.text import known
from app.core.text import mark as N_
from app.providers.smtp.account import imap_server, smtp_server
from app.providers.smtp.errors import smtp_trouble
from app.providers.smtp.imap import ImapClient
from app.providers.smtp.polling import MAIL_BYTES, count_mails, poll_once
from app.providers.smtp.pollstate import read_state
from app.providers.smtp.sending import Outbound, look_up, send_message

_MAILS = known("Messages in the inbox: %(count)s", "%(count)s mails in the inbox")
_SENDING = known("Sending: %(why)s")
_READING = known("Reading: %(why)s")


class MailServerMail:
    """The adapter of a mailbox at any mail server.

    `allowed_networks` (CIDR) are networks that may be called although they are not public. `ehlo_name` is our name in SMTP's
    EHLO. `meter` counts the calls. `mail_bytes` is how much of a mail is read at most.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[str] = (),
        ehlo_name: str = "switchyard.localhost",
        clock: Callable[[], datetime] = utc_now,
        resolve: Resolver = system_resolver,
        tls: Callable[[], ssl.SSLContext] = tls_context,
        mail_bytes: int = MAIL_BYTES,
        meter: Meter | None = None,
    ) -> None:
        guard = AddressGuard(allowed_networks)
        self._smtp = SmtpClient(guard, ehlo_name=ehlo_name, resolve=resolve, tls=tls, meter=meter)
        self._imap = ImapClient(guard, resolve=resolve, tls=tls, meter=meter)
        self._clock = clock
        self._mail_bytes = mail_bytes

    def send(
        self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json, save_progress: SaveProgress
    ) -> SendResult:
        """Send a mail to each recipient at most once, even if an answer is lost or the process dies (sending.py).

        Raises ProviderError.
        """
        return send_message(self._outbound(message, account), progress, save_progress)

    def lookup(self, message: OutgoingMessage, *, account: ChannelAccount, progress: Json) -> Lookup:
        return look_up(self._outbound(message, account), progress)

    def poll(self, *, account: ChannelAccount, state: Json) -> PollPage:
        """Return one page of new mails (polling.py). `state` comes from the page before; {} starts from the beginning.

        Raises ProviderError; the old state is then still valid. A channel that only sends has no mails.
        """
        server = imap_server(account)
        if server is None:
            return PollPage((), state)
        with self._imap.open(server) as line:
            return poll_once(line, account, read_state(state), now=self._clock(), mail_bytes=self._mail_bytes)

    def check(self, *, account: ChannelAccount) -> Health:
        """Check that we can sign in at both servers and read the folder. If a server refuses, the result says why and what to
        do."""
        try:
            self._smtp.check(smtp_server(account))
        except SmtpTrouble as trouble:
            return refused(smtp_trouble(trouble), where=_SENDING)
        except ProviderError as error:
            return refused(error, where=_SENDING)
        try:
            server = imap_server(account)
            if server is None:
                return Health(ok=True, detail=N_("Only sends email, receives none", "Sends only"), checked=("sending",))
            with self._imap.open(server) as line:
                count = count_mails(line, account)
        except ProviderError as error:
            return refused(error, where=_READING)
        return Health(ok=True, detail=_MAILS % {"count": count}, checked=("sending", "reading"))

    def _outbound(self, message: OutgoingMessage, account: ChannelAccount) -> Outbound:
        return Outbound(self._smtp, self._imap, account, message, self._clock())
