"""Read the settings of a mail-server channel: its two servers, ports and sign-in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from app.contract.base import ChannelAccount, ProviderError, Reason
from app.contract.setup_field import VISIT_REMINDERS, SetupField
from app.core.smtp import Security, SmtpServer
from app.core.text import known
from app.core.text import mark as N_

SentCopy = Literal["append", "server", "none"]
SECURITIES: tuple[str, ...] = get_args(Security)
SENT_COPIES: tuple[str, ...] = get_args(SentCopy)
INBOX = "INBOX"
_LACKS = known("Missing channel setting: %(name)s")
_WRONG = known("Invalid channel setting: %(name)s")
_PORTS: dict[tuple[str, str], int] = {
    ("smtp", "tls"): 465,
    ("smtp", "starttls"): 587,
    ("smtp", "none"): 25,
    ("imap", "tls"): 993,
    ("imap", "starttls"): 143,
    ("imap", "none"): 143,
}
_HOW_SAFE = N_(
    "tls: encrypted from the start; starttls: encrypted before sign-in; none: unencrypted, only for a mail server on this machine"
)

CONNECT_FIELDS = (
    SetupField("user", N_("User name"), help=N_("Often the email address of the mailbox"), required=False),
    SetupField(
        "password",
        N_("Password"),
        help=N_("If the mailbox uses two-step sign-in, enter an app password", "With two-step sign-in: an app password"),
        secret=True,
    ),
    SetupField("smtp_host", N_("Server for outgoing email (SMTP)"), help=N_("For example smtp.example.org")),
    SetupField("smtp_security", N_("Encryption of outgoing email"), help=_HOW_SAFE, default="starttls", choices=SECURITIES),
    SetupField(
        "smtp_port", N_("Port for outgoing email"), help=N_("Usually 587, or 465 with tls"), required=False, within=(1, 65_535)
    ),
    SetupField("imap_host", N_("Server for incoming email (IMAP)"), help=N_("If empty, the channel only sends"), required=False),
    SetupField("imap_security", N_("Encryption of incoming email"), help=_HOW_SAFE, default="tls", choices=SECURITIES),
    SetupField(
        "imap_port",
        N_("Port for incoming email"),
        help=N_("Usually 993, or 143 with “starttls”"),
        required=False,
        within=(1, 65_535),
    ),
    SetupField("imap_folder", N_("Folder for incoming email"), required=False, default=INBOX),
    SetupField(
        "sent_folder",
        N_("Folder for sent email"),
        help=N_("If empty, we ask the mail server which folder it is"),
        required=False,
    ),
    SetupField(
        "sent_copy",
        N_("Copies of sent email"),
        help=N_(
            "“append”: we save a copy in the folder for sent email; “server”: the mail server saves a copy; “none”: no copy",
            "append: we save a copy in the folder; server: the mail server saves a copy; none: no copy",
        ),
        default="append",
        choices=SENT_COPIES,
    ),
    SetupField("from_name", N_("Sender name"), required=False),
    VISIT_REMINDERS,
)


@dataclass(frozen=True)
class ImapServer:
    """The IMAP server and account by which mail is read."""

    host: str
    port: int
    security: Security
    user: str
    password: str = field(repr=False)
    account: str = ""  # the channel's id, by which calls are counted


def smtp_server(account: ChannelAccount) -> SmtpServer:
    """Return the SMTP server. Raises ProviderError for missing or wrong settings."""
    host = _text(account, "smtp_host")
    if not host:
        raise _not_set_up(_LACKS, "smtp_host")
    user, password = _credentials(account)
    security = _security(account, "smtp", "starttls")
    return SmtpServer(host, _port(account, "smtp", security), security, user, password, account.id)


def imap_server(account: ChannelAccount) -> ImapServer | None:
    """Return the channel's IMAP server. Return None if the channel only sends. Raises ProviderError if a setting is wrong."""
    host = _text(account, "imap_host")
    if not host:
        return None
    user, password = _credentials(account)
    security = _security(account, "imap", "tls")
    return ImapServer(host, _port(account, "imap", security), security, user, password, account.id)


def sent_copy(account: ChannelAccount) -> SentCopy:
    """Return how sent mail is copied: "append" if we store the copy, "server" if the mail server does, "none" for no copy.

    Raises ProviderError if the setting is wrong.
    """
    value = _text(account, "sent_copy") or "append"
    if value not in SENT_COPIES:
        raise _not_set_up(_WRONG, "sent_copy")
    return cast(SentCopy, value) if _text(account, "imap_host") else "none"


def _credentials(account: ChannelAccount) -> tuple[str, str]:
    password = account.secrets.get("password", "")
    if not password:
        raise _not_set_up(_LACKS, "password")
    return _text(account, "user") or account.address, password


def _security(account: ChannelAccount, which: str, default: str) -> Security:
    value = _text(account, f"{which}_security") or default
    if value not in SECURITIES:
        raise _not_set_up(_WRONG, f"{which}_security")
    return cast(Security, value)


def _port(account: ChannelAccount, which: str, security: str) -> int:
    text = _text(account, f"{which}_port") or str(_PORTS[which, security])
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65_536):
        raise _not_set_up(_WRONG, f"{which}_port")
    return int(text)


def _text(account: ChannelAccount, name: str) -> str:
    return str(account.settings.get(name) or "").strip()


def _not_set_up(words: str, name: str) -> ProviderError:
    reason = Reason("not_configured", words % {"name": name}, advice=N_("Correct the channel's settings"))
    return ProviderError(reason, permanent=False, channel_down=True)
