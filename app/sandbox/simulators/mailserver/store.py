"""Store the state of the simulated mail server: accounts, folders, mails, the mails that left, and its faults.

Values of `Post.smtp_mode` and `Post.imap_mode`:

"fine": no fault
"busy", "refuses": every recipient is answered 451, or 550
"full": the text of a mail is answered 552
"unavailable": every client is answered 421 (SMTP) or BYE (IMAP) at once
"drops": the mail is taken, but the connection breaks before the answer
"deaf": the connection breaks and nothing is taken
"slow": there is a pause before each answer to a text or fetch
"locked": every password is wrong
"no_append": nothing can be put into a folder

In every mode a recipient that begins with "nobody" does not exist (550), and one that begins with "later" is deferred (451).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes

from app.sandbox.simulators.common import BadOrder
from app.sandbox.simulators.graph.world import Sent

SMTP_MODES = ("fine", "busy", "refuses", "full", "unavailable", "drops", "deaf", "slow", "locked")
IMAP_MODES = ("fine", "unavailable", "drops", "slow", "locked", "no_append")
INBOX, SENT = "INBOX", "Sent"


@dataclass
class Mail:
    """One mail in a folder. STORE sets `seen`, and so does FETCH of BODY[] without PEEK in a selected folder."""

    uid: int
    raw: bytes
    at: datetime
    seen: bool = False


@dataclass
class Folder:
    name: str
    uid_validity: int
    next_uid: int = 1
    mails: list[Mail] = field(default_factory=list)

    def add(self, raw: bytes, at: datetime) -> Mail:
        mail = Mail(self.next_uid, raw, at)
        self.next_uid += 1
        self.mails.append(mail)
        return mail

    def renumber(self) -> None:
        """Give every mail in the folder a new uid and the folder a new UIDVALIDITY, as a restored server does."""
        self.uid_validity += 1
        self.next_uid = 1
        for mail in self.mails:
            mail.uid = self.next_uid
            self.next_uid += 1


@dataclass
class Account:
    address: str
    password: str
    folders: dict[str, Folder]


@dataclass
class Post:
    """The state of the simulated mail server: its accounts, its faults and the mails that left."""

    now: Callable[[], datetime]
    accounts: dict[str, Account] = field(default_factory=dict)
    outbox: list[Sent] = field(default_factory=list)
    smtp_mode: str = "fine"
    imap_mode: str = "fine"
    files_copies: bool = False  # whether the server itself keeps a copy of what is sent, as some do
    sent_name: str = SENT
    slow_seconds: float = 1.0
    appends: int = 0
    logins: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    def forget(self) -> None:
        with self.lock:
            self.accounts.clear()
            self.outbox.clear()
            self.smtp_mode = self.imap_mode = "fine"
            self.files_copies, self.appends, self.logins = False, 0, 0

    def open_account(self, address: str, password: str) -> Account:
        """Return the account with this address and set its password. Create the account if it does not exist."""
        with self.lock:
            validity = int(self.now().timestamp())  # a new server has new uids, so a new UIDVALIDITY
            folders = {name: Folder(name, uid_validity=validity) for name in (INBOX, self.sent_name)}
            account = self.accounts.setdefault(address.lower(), Account(address, password, folders))
            account.password = password
            return account

    def account(self, address: str) -> Account:
        """Return the account with this address. Raises `BadOrder` if there is none."""
        found = self.accounts.get(address.lower())
        if found is None:
            raise BadOrder("no such mailbox")
        return found

    def deliver(self, address: str, raw: bytes, *, folder: str = INBOX) -> Mail:
        with self.lock:
            return self.account(address).folders[folder].add(raw, self.now())

    def knows(self, user: str, password: str) -> bool:
        with self.lock:
            self.logins += 1
            account = self.accounts.get(user.lower())
            return account is not None and account.password == password

    # The server's half of SMTP.

    def greeting(self) -> str | None:
        return "421 4.3.2 Service not available" if self.smtp_mode == "unavailable" else None

    def login(self, user: str, password: str) -> bool | None:
        if not user:
            return False
        return self.smtp_mode != "locked" and self.knows(user, password)

    def sender(self, user: str, address: str) -> str | None:
        return None if address.lower() in ("", user.lower()) else "553 5.7.1 Sender address rejected: not owned by user"

    def recipient(self, address: str) -> str | None:
        if self.smtp_mode == "busy" or address.lower().startswith("later"):
            return "451 4.3.0 Try again later"
        if self.smtp_mode == "refuses" or address.lower().startswith("nobody"):
            return "550 5.1.1 No such user here"
        return None

    def take(self, user: str, sender: str, recipients: tuple[str, ...], raw: bytes) -> str | None:
        if self.smtp_mode == "slow":
            time.sleep(self.slow_seconds)
        if self.smtp_mode == "deaf":
            return None
        if self.smtp_mode == "full":
            return "552 5.3.4 Message size exceeds fixed limit"
        with self.lock:
            self._send_off(user, recipients, raw)
        return None if self.smtp_mode == "drops" else f"250 2.0.0 queued as {len(self.outbox)}"

    def _send_off(self, user: str, recipients: tuple[str, ...], raw: bytes) -> None:
        named = str(message_from_bytes(raw)["To"] or "") + str(message_from_bytes(raw)["Cc"] or "")
        lowered = tuple(one.lower() for one in recipients)
        bcc = tuple(one for one in lowered if one not in named.lower())
        self.outbox.append(Sent(self.now(), user, str(len(self.outbox)), lowered, raw, bcc))
        if self.files_copies:
            self.deliver(user, raw, folder=self.sent_name)
        for address in lowered:
            if address in self.accounts:
                self.deliver(address, raw)
