"""One mail to the mail server of the installation (SMTP_URL). No database.

`smtps://` is TLS from the start; `smtp://` demands STARTTLS, but on this machine itself. Once the text is on its way a broken
line leaves the outcome unknown, and nothing is sent twice.
"""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.core.text import known
from app.core.text import mark as N_
from app.notifications.answers import Answer
from app.notifications.models import Outcome

ACCEPTED = N_("The mail server accepted it.")
NO_SERVER = N_("There is no mail server: an administrator has to set SMTP_URL.")
UNSAFE = N_("The mail server does not offer a safe line (STARTTLS).")
REFUSED = known("The mail server refuses it (%(code)s).")
BUSY = known("The mail server asks to try later (%(code)s).")
SILENT = known("The mail server does not answer (%(why)s).")
UNKNOWN = N_("The line to the mail server broke; it may have taken the mail or not, and it is not sent again.")
TIMEOUT_SECONDS = 15


class _Failed(Exception):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.words)
        self.answer = answer


@dataclass(frozen=True)
class MailSender:
    """`url` "" is no mail server at all."""

    url: str = field(repr=False)
    sender: str

    @property
    def is_set_up(self) -> bool:
        return bool(self.url)

    def send(self, message: EmailMessage, *, to: str) -> Answer:
        """Hand the mail over; every failure is an answer."""
        if not self.is_set_up:
            return Answer(Outcome.REFUSED, NO_SERVER)
        try:
            server = self._connect()
        except _Failed as failed:
            return failed.answer
        except (smtplib.SMTPException, OSError) as error:
            return _trouble(error)
        try:
            return self._hand_over(server, message, to)
        finally:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host, context = parts.hostname or "", ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif not _is_here(host):
                server.close()
                raise _Failed(Answer(Outcome.REFUSED, UNSAFE))
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server

    def _hand_over(self, server: smtplib.SMTP, message: EmailMessage, to: str) -> Answer:
        try:
            server.ehlo_or_helo_if_needed()
            for code, _words in (server.mail(self.sender), server.rcpt(to)):
                if code >= 400:
                    return _said(code)
        except (smtplib.SMTPException, OSError) as error:
            return _trouble(error)
        try:
            code, _words = server.data(message.as_bytes())
        except smtplib.SMTPDataError as error:
            return _said(error.smtp_code)
        except (smtplib.SMTPException, OSError):
            return Answer(Outcome.UNKNOWN, UNKNOWN)
        return _said(code)


def _said(code: int) -> Answer:
    if code < 400:
        return Answer(Outcome.ACCEPTED, ACCEPTED)
    return Answer(None, BUSY % {"code": code}) if code < 500 else Answer(Outcome.REFUSED, REFUSED % {"code": code})


def _trouble(error: Exception) -> Answer:
    """Before the text was on its way: nothing can have been sent. Credentials may be mended, so those are tried again, too."""
    if isinstance(error, smtplib.SMTPResponseException):
        return Answer(None, BUSY % {"code": error.smtp_code})
    return Answer(None, SILENT % {"why": "timeout" if isinstance(error, TimeoutError) else type(error).__name__})


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
