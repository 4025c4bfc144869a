"""Send a system mail through the installation's mail server (SMTP_URL). No database.

`smtps://` uses TLS from the start. `smtp://` requires STARTTLS, except if the server runs on this machine. If the connection
breaks after sending the text began, it is unknown whether the mail was sent; it is not sent again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.contract.health import Health
from app.contract.notice_outcome import Answer, Outcome
from app.core.addresses import AddressGuard
from app.core.http import FAILURES
from app.core.metering import Meter
from app.core.smtp import Refusal, SmtpClient, SmtpServer, SmtpTrouble
from app.core.text import known
from app.core.text import mark as N_

ACCEPTED = N_("The mail server accepted the email.")
NO_SERVER = N_("No mail server: an administrator must set SMTP_URL.")
UNSAFE = N_("The mail server does not offer a secure connection (STARTTLS).")
REFUSED = known("The mail server rejected the email (%(code)s).")
BUSY = known("The mail server asks us to try again later (%(code)s).")
SILENT = known("The mail server does not answer (%(why)s).")
_WHY = {**FAILURES, "broken": FAILURES["reset"], "no_login": N_("the server offers no login")}
UNKNOWN = N_("The connection to the mail server was lost. The server may have accepted the email, so we will not send it again.")
# Whoever runs this installation chose the server; it may well stand in a network of theirs.
_ANYWHERE = AddressGuard(("0.0.0.0/0", "::/0"))


@dataclass(frozen=True)
class MailSender:
    """Sender of system mails through the server at `url`; "" means that the installation has no mail server."""

    url: str = field(repr=False)
    sender: str
    meter: Meter | None = field(default=None, repr=False)

    @property
    def is_set_up(self) -> bool:
        return bool(self.url)

    def send(self, message: EmailMessage, *, to: str) -> Answer:
        """Send the mail to the mail server and return the server's answer. This never raises an error: a failure is also
        returned as an answer."""
        if not self.is_set_up:
            return Answer(Outcome.REFUSED, NO_SERVER)
        try:
            handed = self._client().hand_over(self._server(), message.as_bytes(), sender=self.sender, recipients=(to,))
        except SmtpTrouble as trouble:
            return _answer(trouble)
        return _said(handed.refused[to]) if to in handed.refused else Answer(Outcome.ACCEPTED, ACCEPTED)

    def check(self) -> Health:
        """Connect to the mail server and sign in, without sending anything, and return the health."""
        try:
            self._client().check(self._server())
        except SmtpTrouble as trouble:
            return _health(trouble)
        return Health(True, "")

    def _client(self) -> SmtpClient:
        name = self.sender.rpartition("@")[2] or "switchyard.localhost"
        return SmtpClient(_ANYWHERE, ehlo_name=name, meter=self.meter)

    def _server(self) -> SmtpServer:
        parts = urlsplit(self.url)
        tls = parts.scheme == "smtps"
        return SmtpServer(
            parts.hostname or "",
            parts.port or (465 if tls else 587),
            "tls" if tls else "none",
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )


def _answer(trouble: SmtpTrouble) -> Answer:
    """Convert an SMTP error into an answer. If an error came before the text was begun, it is certain that nothing was sent.

    Refused credentials can be corrected, so sending is tried again after them.
    """
    if trouble.outcome_unknown:
        return Answer(Outcome.UNKNOWN, UNKNOWN)
    if trouble.kind in ("unsafe", "no_starttls"):
        return Answer(Outcome.REFUSED, UNSAFE)
    if trouble.refusal is None:
        return Answer(None, SILENT % {"why": _WHY[trouble.kind]})
    if trouble.stage in ("connect", "tls", "login"):
        return Answer(None, BUSY % {"code": trouble.refusal.code})
    return _said(trouble.refusal)


def _health(trouble: SmtpTrouble) -> Health:
    """Convert an SMTP error into health. A server that is silent or busy may recover by itself. A permanent refusal does not
    pass."""
    if trouble.refusal is not None and trouble.refusal.is_permanent:
        return Health(False, REFUSED % {"code": trouble.refusal.code})
    return Health(False, _answer(trouble).words, passes=trouble.kind not in ("unsafe", "no_starttls", "no_login"))


def _said(refusal: Refusal) -> Answer:
    said = {"code": refusal.code}
    return Answer(Outcome.REFUSED, REFUSED % said) if refusal.is_permanent else Answer(None, BUSY % said)
