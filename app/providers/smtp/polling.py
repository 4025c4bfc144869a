"""Poll one step of a mailbox over IMAP: new mails of its folders, as many as one page holds.

No mail is lost: each mail is among the page's items, or pending in the state, or has a uid that is still to be asked for. If
the server renumbers a folder (a changed UIDVALIDITY), the folder is read again, from a month before it was last read
completely. The key of a mail is made from its bytes, so a mail that comes again is recognised. Nothing is marked, moved or
deleted. CONDSTORE is not needed, because changes of flags are not followed.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from app.contract.base import ChannelAccount, Json, PolledItem, PollPage, ProviderError, Reason
from app.core.text import mark as N_
from app.providers.smtp.account import INBOX
from app.providers.smtp.imap import FolderFacts, ImapLine, MailFacts, telling_provider_errors
from app.providers.smtp.pollstate import FolderState, Pending, PollState

PAGE_MAILS = 50
PAGE_BYTES = 32 * 1024 * 1024
MAIL_BYTES = 64 * 1024 * 1024  # of a larger mail only the beginning is read
PAGE_SECONDS = 30
_REPEAT_MARGIN = timedelta(days=30)
_FIRST_WAIT_SECONDS = 30
_LONGEST_WAIT_SECONDS = 3600


@dataclass
class _Page:
    """A page of polled mails while it is being filled."""

    line: ImapLine
    account: ChannelAccount
    now: datetime
    state: PollState
    items: list[PolledItem] = field(default_factory=list)
    size: int = 0
    mail_bytes: int = MAIL_BYTES
    started: float = field(default_factory=time.monotonic)

    @property
    def is_full(self) -> bool:
        late = time.monotonic() - self.started > PAGE_SECONDS
        return len(self.items) >= PAGE_MAILS or self.size >= PAGE_BYTES or late


def poll_once(
    line: ImapLine, account: ChannelAccount, state: PollState, *, now: datetime, mail_bytes: int = MAIL_BYTES
) -> PollPage:
    """Return the new mails, folder after folder, until the page is full. Of a mail larger than `mail_bytes`, read only its
    beginning.

    Raises ProviderError; the old state is then still valid.
    """
    page = _Page(line, account, now, state, mail_bytes=mail_bytes)
    more = False
    for folder in _folders(page):
        facts = line.examine(folder)
        if facts is None:
            if folder == _inbox(account):
                raise _no_folder(folder)
            page.state = replace(page.state, sent="")  # renamed, perhaps: the server is asked again next time
            continue
        _take_pending(page, facts)
        more = _take_new(page, facts) or more
    return PollPage(tuple(page.items), page.state.to_json(), more=more)


def count_mails(line: ImapLine, account: ChannelAccount) -> int:
    """Return the number of mails in the inbox. Raises ProviderError."""
    facts = line.examine(_inbox(account))
    if facts is None:
        raise _no_folder(_inbox(account))
    return facts.count


def _folders(page: _Page) -> list[str]:
    wanted = str(page.account.settings.get("sent_folder") or "") or page.state.sent
    if not wanted:
        wanted = page.line.sent_folder() or ""
        page.state = replace(page.state, sent=wanted)
    return [_inbox(page.account), *([wanted] if wanted else [])]


def _inbox(account: ChannelAccount) -> str:
    return str(account.settings.get("imap_folder") or "") or INBOX


def _no_folder(name: str) -> ProviderError:
    reason = Reason(
        "imap_folder",
        N_("The mailbox has no folder of that name"),
        detail=name[:100],
        advice=N_("Correct the folder in the channel's settings"),
    )
    return ProviderError(reason, permanent=False, channel_down=True)


def _take_new(page: _Page, facts: FolderFacts) -> bool:
    """Read the folder's new mails into the page. Return True if the page is full and the folder has more."""
    folder = _begin(page, facts)
    first = folder.last_uid + 1
    if facts.count == 0 or (facts.next_uid is not None and facts.next_uid <= first):
        page.state = page.state.with_folder(facts.name, replace(folder, synced_at=page.now, floor=None))
        return False
    uids = page.line.uids_from(first, since=folder.floor or _start(page.account))
    for place in range(0, len(uids), PAGE_MAILS):
        batch = uids[place : place + PAGE_MAILS]
        told = page.line.facts(batch)
        for uid in batch:
            if page.is_full:
                page.state = page.state.with_folder(facts.name, folder)
                return True
            _take(page, facts, uid, told.get(uid))
            folder = replace(folder, last_uid=uid)
    highest = max(folder.last_uid, (facts.next_uid or 1) - 1)
    page.state = page.state.with_folder(facts.name, replace(folder, last_uid=highest, synced_at=page.now, floor=None))
    return False


def _begin(page: _Page, facts: FolderFacts) -> FolderState:
    """Return the state from which to read on in this folder: a fresh one if the folder is new or its uids were renumbered."""
    known = page.state.folders.get(facts.name)
    if known is None:
        return FolderState(facts.uid_validity)
    if known.uid_validity == facts.uid_validity:
        return known
    kept = tuple(one for one in page.state.pending if one.folder != facts.name)
    page.state = replace(page.state, pending=kept)
    floor = (known.synced_at - _REPEAT_MARGIN).date() if known.synced_at else None
    return FolderState(facts.uid_validity, synced_at=known.synced_at, floor=floor)


def _start(account: ChannelAccount) -> date | None:
    began = _sync_from(account)
    return (began - timedelta(days=1)).date() if began else None  # servers count days in a zone of their own


def _sync_from(account: ChannelAccount) -> datetime | None:
    try:
        began = datetime.fromisoformat(str(account.settings.get("sync_from")))
    except ValueError:
        return None
    return began if began.tzinfo else began.replace(tzinfo=UTC)


def _take(page: _Page, folder: FolderFacts, uid: int, told: MailFacts | None, *, tries: int = 0) -> None:
    """Read one mail into the page. A mail that the server refuses now is kept for later, without holding up the others."""
    if told is None or _is_too_old(page.account, told):
        return
    try:
        with telling_provider_errors():
            raw = page.line.read(uid, at_most=page.mail_bytes)
    except ProviderError as error:
        if error.reason.code not in ("imap_refused", "imap_unreadable"):
            raise
        wait = min(_FIRST_WAIT_SECONDS * 2**tries, _LONGEST_WAIT_SECONDS)
        later = Pending(folder.name, folder.uid_validity, uid, tries + 1, page.now + timedelta(seconds=wait))
        page.state = replace(page.state, pending=(*page.state.pending, later))
        return
    if raw is not None:
        page.items.append(PolledItem(key=_key(folder.name, raw), raw=raw, meta=_meta(folder, uid, told, raw, page.mail_bytes)))
        page.size += len(raw)


def _take_pending(page: _Page, facts: FolderFacts) -> None:
    mine = [one for one in page.state.pending if one.folder == facts.name and one.due_at <= page.now]
    due = [one for one in mine if one.uid_validity == facts.uid_validity][:PAGE_MAILS]
    if not due:
        return
    page.state = replace(page.state, pending=tuple(one for one in page.state.pending if one not in due))
    told = page.line.facts([one.uid for one in due])
    for one in due:
        _take(page, facts, one.uid, told.get(one.uid), tries=one.tries)


def _is_too_old(account: ChannelAccount, told: MailFacts) -> bool:
    began, arrived = _sync_from(account), _arrival(told)
    return began is not None and arrived is not None and arrived < began


def _arrival(told: MailFacts) -> datetime | None:
    at = told.arrived_at
    return at if at is None or at.tzinfo else at.astimezone()


def _key(folder: str, raw: bytes) -> str:
    """Return the mail's key: the folder and a hash of the mail's bytes.

    A uid may change, so it is no part of the key. A mail in two folders has two keys.
    """
    return f"{folder}:{hashlib.sha256(raw).hexdigest()}"


def _meta(folder: FolderFacts, uid: int, told: MailFacts, raw: bytes, limit: int) -> Json:
    meta: Json = {"folder": folder.name, "uid": uid, "uid_validity": folder.uid_validity, "is_read": told.was_read}
    if arrived := _arrival(told):
        meta["received_at"] = arrived.isoformat()
    return meta | ({"cut_at_bytes": len(raw), "size_bytes": told.size} if told.size > len(raw) >= limit else {})
