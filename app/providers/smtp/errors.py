"""Translate refusals of mail servers into `ProviderError`: what they mean, whether to retry, what a person can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.contract.base import ProviderError, Reason
from app.core.smtp import Refusal, SmtpTrouble
from app.core.text import mark as N_

_AGAIN = N_("Nothing to do: we will retry")
_SIGN_IN = N_("The mail server refused the user name or the password")
_PASSWORD = N_("Check the user name and the password; two-step sign-in requires an app password")
_SIGN_IN_AGAIN_SECONDS = 300.0  # servers lock accounts after many wrong passwords


@dataclass(frozen=True)
class _Meaning:
    title: str
    advice: str = _AGAIN
    is_ours: bool = False  # the channel's settings are to blame, so all of it is refused


LINE_TROUBLE: Mapping[str, _Meaning] = {
    "refused_address": _Meaning(
        N_("The server's name leads to an address in a private network"),
        N_("Correct the server's name, or allow that network in OUTBOUND_ALLOW_MAIL"),
        True,
    ),
    "dns": _Meaning(N_("Cannot find a server of that name"), N_("Correct the server's name"), True),
    "connect": _Meaning(N_("The server's port does not respond"), N_("Check the server's name and port"), True),
    "timeout": _Meaning(N_("The mail server timed out")),
    "tls": _Meaning(
        N_("The mail server's certificate is not trusted, or its port has no TLS"),
        N_("Check the server's name, port and encryption"),
        True,
    ),
    "no_starttls": _Meaning(
        N_("The mail server offers no encryption (STARTTLS)"),
        N_(
            "Choose tls (port 465 for outgoing email, 993 for incoming), or ask the email provider",
            "Choose tls and its port, or ask the provider",
        ),
        True,
    ),
    "unsafe": _Meaning(
        N_("We never send a password over an unencrypted connection"), N_("Choose “starttls” or “tls” as encryption"), True
    ),
    "no_login": _Meaning(
        N_("The server accepts no password on this port"),
        N_("Check the port: for outgoing email it is usually 587 or 465", "Check the port: submission is usually 587 or 465"),
        True,
    ),
    "broken": _Meaning(N_("Lost connection to the mail server")),
}
# What enhanced status codes (RFC 3463) say of the mail itself; the rest is told in the server's own words.
_BY_CLASS: Mapping[str, tuple[str, str]] = {
    "1": (N_("The recipient's address does not exist"), N_("Correct the address and send again")),
    "2": (N_("The recipient's mailbox cannot receive email"), N_("Use another channel")),
    "3": (N_("The email exceeds the server's size limit"), N_("Send smaller attachments, or a link")),
    "7": (
        N_("The mail server's policy rejected the email"),
        N_("Read the mail server's message, or ask the administrator of the mail server"),
    ),
}


def line_trouble(kind: str, *, outcome_unknown: bool = False, retry_after_seconds: float | None = None) -> ProviderError:
    """Return the error for a failed connection, by SMTP or IMAP. `kind` is a key of LINE_TROUBLE."""
    meaning = LINE_TROUBLE.get(kind) or LINE_TROUBLE["broken"]
    return ProviderError(
        Reason(f"mail_{kind}", meaning.title, advice=meaning.advice),
        permanent=False,
        outcome_unknown=outcome_unknown,
        channel_down=meaning.is_ours,
        retry_after_seconds=retry_after_seconds,
    )


def sign_in_refused(words: str) -> ProviderError:
    reason = Reason("mail_sign_in", _SIGN_IN, detail=words[:300], advice=_PASSWORD)
    return ProviderError(reason, permanent=False, channel_down=True, retry_after_seconds=_SIGN_IN_AGAIN_SECONDS)


def smtp_trouble(trouble: SmtpTrouble) -> ProviderError:
    """Return the error for a mail that the server did not accept for any recipient."""
    if trouble.outcome_unknown:
        reason = Reason("mail_unconfirmed", N_("Connection lost before the mail server confirmed the email"))
        return ProviderError(reason, permanent=False, outcome_unknown=True)
    refusal = trouble.refusal
    if refusal is None or trouble.kind != "refused":
        return line_trouble(trouble.kind)
    if trouble.stage == "login" and refusal.is_permanent:
        return sign_in_refused(refusal.words)
    if trouble.stage in ("connect", "tls", "login"):
        return ProviderError(_busy(refusal), permanent=False, status_code=refusal.code)
    if trouble.stage == "sender" and refusal.is_permanent:
        reason = Reason(
            f"smtp_{refusal.code}",
            N_("The mail server does not let this account send from this address"),
            detail=refusal.words,
            advice=N_(
                "Send from the mailbox's own address, or ask the mail server's administrator to let the account send "
                "from the other address"
            ),
        )
        return ProviderError(reason, permanent=True, status_code=refusal.code)
    return ProviderError(refusal_reason(refusal), permanent=refusal.is_permanent, status_code=refusal.code)


def refusal_reason(refusal: Refusal) -> Reason:
    """Return the reason for a server's refusal of a recipient or of the mail's text."""
    if not refusal.is_permanent:
        return _busy(refusal)
    title, advice = _BY_CLASS.get(_subject_of(refusal.words)) or _by_code(refusal.code)
    return Reason(f"smtp_{refusal.code}", title, detail=refusal.words, advice=advice)


def _busy(refusal: Refusal) -> Reason:
    return Reason(f"smtp_{refusal.code}", N_("The mail server asks us to try later"), detail=refusal.words, advice=_AGAIN)


def _subject_of(words: str) -> str:
    """Return the middle digit of the enhanced status code at the start of `words`, such as "5.1.1 …". Return "" if there is
    none."""
    first = words.partition(" ")[0].split(".")
    return first[1] if len(first) == 3 and all(part.isdigit() for part in first) else ""


def _by_code(code: int) -> tuple[str, str]:
    if code == 552:
        return _BY_CLASS["3"]
    advice = N_(
        "Read the mail server's message, or ask the administrator of the mail server", "Read its message or ask its administrator"
    )
    return N_("The mail server refused the email"), advice
