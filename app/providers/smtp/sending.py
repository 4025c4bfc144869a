"""Send one mail by SMTP so that a crash or a lost answer never sends it twice to anybody.

save {"date"}                        every try of this delivery sends the very same mail
save {"on_the_way": true}            from here on the mail may be out: its text follows
hand over the mail
save {"taken", "refused", …false}    recipients accepted or refused for good; a later try is for the others alone
save {"handed_over": true}           no recipient is tried again; only the copy may be missing
file the copy

A server cannot be asked what became of a mail. If the server itself stores copies of sent mail, a copy proves that the mail
was sent, but a missing copy proves nothing. Nobody sends reports either. So an unknown outcome stays unknown until a person
decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.contract.base import (
    ChannelAccount,
    DeliveryStatus,
    Found,
    Json,
    Lookup,
    OutgoingMessage,
    ProviderError,
    Reason,
    SaveProgress,
    SendResult,
    StatusUpdate,
)
from app.core.smtp import Handed, Refusal, SmtpClient, SmtpTrouble
from app.core.text import known
from app.core.text import mark as N_
from app.mail.compose import UnableToCompose, compose_mail, envelope_address
from app.providers.smtp.account import sent_copy, smtp_server
from app.providers.smtp.errors import refusal_reason, smtp_trouble
from app.providers.smtp.imap import ImapClient
from app.providers.smtp.sent_folder import file_copy, find_copy

COPY_TRIES = 3
_LATER = known("Not delivered yet to: %(addresses)s")
_NOT_ALL = known("Not delivered to %(address)s")
_COPY_RETRY_SECONDS = 10.0


@dataclass(frozen=True)
class Outbound:
    """One delivery to be sent through one mailbox."""

    smtp: SmtpClient
    imap: ImapClient
    account: ChannelAccount
    message: OutgoingMessage
    now: datetime


class _Progress:
    """The progress of a delivery, saved with every change."""

    def __init__(self, saved: Json, save: SaveProgress) -> None:
        self.saved = dict(saved)
        self._save = save

    def note(self, **step: object) -> None:
        self.saved.update(step)
        self._save(dict(self.saved))

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(self.saved.get("taken") or ())

    @property
    def refused(self) -> dict[str, Refusal]:
        return {address: Refusal(*said) for address, said in (self.saved.get("refused") or {}).items()}


def send_message(out: Outbound, progress: Json, save_progress: SaveProgress) -> SendResult:
    """Hand the mail over to the recipients who do not have it yet, then file the copy. Raises ProviderError."""
    done = _Progress(progress, save_progress)
    if "date" not in done.saved:
        done.note(date=out.now.isoformat())
    raw, recipients = _written(out, datetime.fromisoformat(done.saved["date"]))
    if not done.saved.get("handed_over"):
        _hand_over(out, done, raw, recipients)
        done.note(handed_over=True)
    _file_copy(out, done, raw)
    message_id = out.message.message_id_header or ""
    reports = tuple(_report(address, refusal, out.now) for address, refusal in done.refused.items())
    return SendResult(message_id or out.message.reference, DeliveryStatus.SENT, reports=reports)


def look_up(out: Outbound, progress: Json) -> Lookup:
    """Return whether an attempt of unknown outcome sent the mail. Raises ProviderError if the mailbox cannot be asked."""
    if progress.get("handed_over") or not progress.get("on_the_way"):
        return Lookup(
            Found.NOT_SENT,
            detail=N_(
                "Nothing to do: we will resend the email, but only to the recipients the server has not accepted yet",
                "We saved which recipients the server accepted, and send the mail to the others",
            ),
        )
    message_id = out.message.message_id_header
    if message_id and sent_copy(out.account) != "none" and find_copy(out.imap, out.account, message_id):
        return Lookup(Found.SENT, provider_message_id=message_id)
    detail = N_("Mail servers do not tell us whether an email was sent")
    return Lookup(Found.UNKNOWN, detail=detail, silence_tells=False)


def _written(out: Outbound, date: datetime) -> tuple[bytes, tuple[str, ...]]:
    message, name = out.message, str(out.account.settings.get("from_name") or out.account.name)
    try:
        raw = compose_mail(message, from_address=out.account.address, from_name=name, date=date)
        people = (*message.to, *message.cc, *message.bcc)
        return raw, tuple(dict.fromkeys(envelope_address(party.address()) for party in people))
    except UnableToCompose as error:
        advice = N_("Correct the address and send again")
        reason = Reason("unable_to_compose", N_("We cannot create the email"), detail=str(error)[:300], advice=advice)
        raise ProviderError(reason, permanent=True) from error


def _hand_over(out: Outbound, done: _Progress, raw: bytes, recipients: tuple[str, ...]) -> None:
    open_ones = tuple(one for one in recipients if one not in done.taken and one not in done.refused)
    handed = _attempt(out, done, raw, open_ones) if open_ones else Handed((), {})
    for_good = {address: refusal for address, refusal in handed.refused.items() if refusal.is_permanent}
    refused = {**done.refused, **for_good}
    done.note(
        on_the_way=False,
        taken=[*done.taken, *handed.taken],
        refused={address: [refusal.code, refusal.words] for address, refusal in refused.items()},
    )
    later = {address: refusal for address, refusal in handed.refused.items() if not refusal.is_permanent}
    if later:
        raise _put_off(later, some_have_it=bool(done.taken))
    if not done.taken:
        raise ProviderError(refusal_reason(next(iter(refused.values()))), permanent=True)


def _attempt(out: Outbound, done: _Progress, raw: bytes, recipients: tuple[str, ...]) -> Handed:
    """Hand the mail over to the server once. Return which recipients it accepted and which it refused. Raises ProviderError.

    Automatic mail has an empty sender (RFC 3834) if the server allows that, so that nobody answers it.
    """
    senders = ("", out.account.address) if out.message.is_automatic else (out.account.address,)
    for place, sender in enumerate(senders, start=1):
        try:
            return out.smtp.hand_over(
                smtp_server(out.account),
                raw,
                sender=sender,
                recipients=recipients,
                before_text=lambda: done.note(on_the_way=True),
            )
        except SmtpTrouble as trouble:
            refused_for_good = trouble.stage == "sender" and trouble.refusal is not None and trouble.refusal.is_permanent
            if refused_for_good and place < len(senders):
                continue
            if done.saved.get("on_the_way") and not trouble.outcome_unknown:
                done.note(on_the_way=False)
            raise smtp_trouble(trouble) from trouble
    raise AssertionError("there is always a sender")


def _put_off(later: dict[str, Refusal], *, some_have_it: bool) -> ProviderError:
    reason = refusal_reason(next(iter(later.values())))
    if some_have_it:
        reason = Reason(reason.code, _LATER % {"addresses": ", ".join(later)[:200]}, reason.detail, reason.advice)
    return ProviderError(reason, permanent=False)


def _file_copy(out: Outbound, done: _Progress, raw: bytes) -> None:
    """Store the copy of the sent mail. If that fails, raise ProviderError so that it is tried again, at most COPY_TRIES times.

    The mail counts as sent even if the copy stays missing.
    """
    message_id, tries = out.message.message_id_header, int(done.saved.get("copy_tries") or 0)
    if sent_copy(out.account) != "append" or not message_id or tries >= COPY_TRIES:
        return
    done.note(copy_tries=tries + 1)
    try:
        file_copy(out.imap, out.account, message_id, raw, now=out.now)
    except ProviderError as error:
        if tries + 1 >= COPY_TRIES:
            return
        title = N_("The email was sent, but its copy is not in the Sent folder yet")
        reason = Reason("copy_missing", title, detail=error.reason.title)
        raise ProviderError(reason, permanent=False, retry_after_seconds=_COPY_RETRY_SECONDS) from error


def _report(address: str, refusal: Refusal, now: datetime) -> StatusUpdate:
    """Return the report that one of several recipients was refused. The others have the mail, so its writer must be told."""
    reason = refusal_reason(refusal)
    title = _NOT_ALL % {"address": address}
    detail = " · ".join(filter(None, (reason.title, reason.detail)))
    return StatusUpdate(DeliveryStatus.BOUNCED, now, recipient=address, reason=Reason(reason.code, title, detail, reason.advice))
