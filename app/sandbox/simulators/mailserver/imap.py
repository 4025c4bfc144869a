"""Simulate the server side of IMAP4rev1: examine, search, fetch in pieces, append.

As on a real server, FETCH of BODY[] without PEEK in a selected folder marks a mail as seen, and STORE marks it too. So tests
notice a client that changes flags by mistake.
"""

from __future__ import annotations

import email
import re
import socketserver
import ssl
import time
from collections.abc import Iterator

from app.sandbox.simulators.common import BadOrder
from app.sandbox.simulators.mailserver.imap_words import Word, in_set, internal_date, read_day, read_words
from app.sandbox.simulators.mailserver.store import INBOX, Account, Folder, Mail, Post

_BODY = re.compile(r"BODY(?:\.PEEK)?\[(?P<part>[^\]]*)\](?:<(?P<from>\d+)\.(?P<size>\d+)>)?", re.I)


def imap_conversation(post: Post, *, tls: ssl.SSLContext | None = None) -> type[socketserver.StreamRequestHandler]:
    """Return a handler class that speaks IMAP, for `LineServer`. With `tls` it offers STARTTLS."""

    class Conversation(_Conversation):
        house = post
        context = tls

    return Conversation


class _Refused(Exception):
    """Raised when a command must be answered NO; the exception's text follows the NO."""


class _Conversation(socketserver.StreamRequestHandler):
    house: Post
    context: ssl.SSLContext | None
    timeout = 60

    def setup(self) -> None:
        super().setup()
        self._account: Account | None = None
        self._folder: Folder | None = None
        self._read_only = True
        self._is_safe = False

    def finish(self) -> None:
        """Close the socket. After STARTTLS it is a different object from the socket that the server itself closes."""
        super().finish()
        self.request.close()

    def handle(self) -> None:
        """Serve one client until it logs out."""
        if self.house.imap_mode == "unavailable":
            return self._say("* BYE Server is going down")
        self._say(f"* OK [CAPABILITY {self._abilities()}] simulated server ready")
        while line := self.rfile.readline():
            if not self._carry_out(read_words(line, self._literal)):
                return None
        return None

    def _carry_out(self, words: list[Word]) -> bool:
        if len(words) < 2:
            return False
        tag, verb, rest = words[0], str(words[1]).lower(), words[2:]
        if verb == "uid" and rest:
            verb, rest = f"uid_{str(rest[0]).lower()}", rest[1:]
        try:
            with self.house.lock:
                said = getattr(self, f"_on_{verb}", self._unknown)(*rest)
        except (_Refused, BadOrder, KeyError) as error:
            self._say(f"{tag} NO {str(error) or 'refused'}")
            return True
        except (TypeError, ValueError):
            self._say(f"{tag} BAD cannot read that")
            return True
        if said is None:
            return False
        self._say(f"{tag} OK {said}")
        if verb == "starttls":
            self._go_secret()
        return verb != "logout"

    def _abilities(self) -> str:
        return "IMAP4rev1 SPECIAL-USE UNSELECT" + (" STARTTLS" if self.context and not self._is_safe else "")

    def _on_capability(self) -> str:
        self._say(f"* CAPABILITY {self._abilities()}")
        return "done"

    def _on_starttls(self) -> str:
        if self.context is None:
            raise _Refused("no TLS here")
        return "begin"

    def _go_secret(self) -> None:
        assert self.context is not None
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self._is_safe = True
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb", buffering=0)

    def _on_login(self, user: str, password: str) -> str:
        if self.house.imap_mode == "locked" or not self.house.knows(user, password):
            raise _Refused("[AUTHENTICATIONFAILED] Invalid credentials")
        self._account = self.house.account(user)
        return "signed in"

    def _on_noop(self) -> str:
        return "done"

    def _on_logout(self) -> str:
        self._say("* BYE see you")
        return "bye"

    def _on_list(self, _reference: str, pattern: str) -> str:
        for name in self._own().folders:
            flags = "\\HasNoChildren" + (" \\Sent" if name == self.house.sent_name else "")
            if pattern in ("*", "%", name):
                self._say(f'* LIST ({flags}) "/" "{name}"')
        return "done"

    def _on_examine(self, name: str) -> str:
        return self._look_into(name, read_only=True)

    def _on_select(self, name: str) -> str:
        return self._look_into(name, read_only=False)

    def _look_into(self, name: str, *, read_only: bool) -> str:
        folder = self._own().folders.get(INBOX if name.upper() == INBOX else name)
        if folder is None:
            raise _Refused("[NONEXISTENT] Unknown Mailbox")
        self._folder, self._read_only = folder, read_only
        self._say(f"* {len(folder.mails)} EXISTS")
        self._say("* 0 RECENT")
        self._say("* FLAGS (\\Seen)")
        self._say(f"* OK [UIDVALIDITY {folder.uid_validity}] valid")
        self._say(f"* OK [UIDNEXT {folder.next_uid}] next")
        return "[READ-ONLY] done" if read_only else "[READ-WRITE] done"

    def _on_unselect(self) -> str:
        self._folder = None
        return "done"

    def _on_uid_search(self, *criteria: Word) -> str:
        folder = self._looked_into()
        found = [mail.uid for mail in folder.mails if self._fits(mail, list(criteria), folder)]
        self._say("* SEARCH" + "".join(f" {uid}" for uid in found))
        return "done"

    def _fits(self, mail: Mail, criteria: list[Word], folder: Folder) -> bool:
        highest = max((one.uid for one in folder.mails), default=0)
        while criteria:
            key = str(criteria.pop(0)).upper()
            if key == "UID" and not in_set(str(criteria.pop(0)), mail.uid, highest):
                return False
            if key == "SINCE" and mail.at.date() < read_day(str(criteria.pop(0))):
                return False
            if key == "HEADER":
                name, value = str(criteria.pop(0)), str(criteria.pop(0))
                if value.lower() not in str(email.message_from_bytes(mail.raw)[name] or "").lower():
                    return False
        return True

    def _on_uid_fetch(self, uids: str, items: Word) -> str | None:
        if self.house.imap_mode == "slow":
            time.sleep(self.house.slow_seconds)
        if self.house.imap_mode == "drops":
            return None
        folder = self._looked_into()
        highest = max((one.uid for one in folder.mails), default=0)
        for number, mail in enumerate(folder.mails, start=1):
            if in_set(uids, mail.uid, highest):
                parts = b" ".join(self._parts(mail, items if isinstance(items, list) else [items]))
                self.wfile.write(b"* %d FETCH (UID %d %s)\r\n" % (number, mail.uid, parts))
        return "done"

    def _parts(self, mail: Mail, items: list[Word]) -> Iterator[bytes]:
        for item in map(str, items):
            asked = _BODY.fullmatch(item)
            if item.upper() == "RFC822.SIZE":
                yield b"RFC822.SIZE %d" % len(mail.raw)
            elif item.upper() == "INTERNALDATE":
                yield f'INTERNALDATE "{internal_date(mail.at)}"'.encode()
            elif item.upper() == "FLAGS":
                yield b"FLAGS (\\Seen)" if mail.seen else b"FLAGS ()"
            elif asked:
                yield self._body(mail, item, asked)

    def _body(self, mail: Mail, item: str, asked: re.Match[str]) -> bytes:
        if ".PEEK" not in item.upper() and not self._read_only:
            mail.seen = True
        head = asked["part"].upper().startswith("HEADER")
        content = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head else mail.raw
        start = int(asked["from"] or 0)
        content = content[start : start + int(asked["size"])] if asked["size"] else content
        name = f"BODY[{asked['part']}]" + (f"<{start}>" if asked["size"] else "")
        return name.encode() + b" {%d}\r\n" % len(content) + content

    def _on_uid_store(self, uids: str, *_what: Word) -> str:
        for mail in self._looked_into().mails:
            mail.seen = mail.seen or in_set(uids, mail.uid, 10**9)
        return "done"

    def _on_append(self, name: str, *rest: Word) -> str | None:
        folder = self._own().folders.get(name)
        if folder is None:
            raise _Refused("[TRYCREATE] Unknown Mailbox")
        if self.house.imap_mode == "no_append":
            raise _Refused("[OVERQUOTA] Over quota")
        self.house.appends += 1
        mail = folder.add(str(rest[-1]).encode("latin-1"), self.house.now())
        if self.house.imap_mode == "drops":
            return None
        return f"[APPENDUID {folder.uid_validity} {mail.uid}] done"

    def _unknown(self, *_rest: Word) -> str:
        raise _Refused("no such command")

    def _own(self) -> Account:
        if self._account is None:
            raise _Refused("sign in first")
        return self._account

    def _looked_into(self) -> Folder:
        if self._folder is None:
            raise _Refused("select a folder first")
        return self._folder

    def _literal(self, size: int) -> tuple[bytes, bytes]:
        self._say("+ go on")
        return self.rfile.read(size), self.rfile.readline()

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
