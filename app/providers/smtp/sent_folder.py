"""Store a copy of a sent mail in the mailbox's Sent folder, as proof that it left and for colleagues to see.

First the folder is searched for the mail's Message-ID. So a repeated try adds no second copy, and no copy is added to one
that the server made.
"""

from __future__ import annotations

from datetime import datetime

from app.contract.base import ChannelAccount
from app.providers.smtp.account import imap_server
from app.providers.smtp.imap import ImapClient, ImapLine


def find_copy(imap: ImapClient, account: ChannelAccount, message_id: str) -> bool:
    """Tell whether the Sent folder contains the mail. Raises ProviderError."""
    server = imap_server(account)
    if server is None:
        return False
    with imap.open(server) as line:
        return _look(line, account, message_id) is True


def file_copy(imap: ImapClient, account: ChannelAccount, message_id: str, raw: bytes, *, now: datetime) -> bool:
    """Store the mail in the Sent folder, unless it is there already. Return False if the mailbox has no such folder.

    Raises ProviderError.
    """
    server = imap_server(account)
    if server is None:
        return False
    with imap.open(server) as line:
        there = _look(line, account, message_id)
        if there is False:
            line.append(_folder(line, account) or "", raw, now)
        return there is not None


def _look(line: ImapLine, account: ChannelAccount, message_id: str) -> bool | None:
    """Return True if the Sent folder contains the mail, False if not, None if there is no such folder."""
    folder = _folder(line, account)
    if folder is None or line.examine(folder) is None:
        return None
    return line.has(message_id)


def _folder(line: ImapLine, account: ChannelAccount) -> str | None:
    return str(account.settings.get("sent_folder") or "") or line.sent_folder()
