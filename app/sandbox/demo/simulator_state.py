"""Control the simulated providers of chats and mails for the Simulator page, and read their state."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.core.http import HttpClient, HttpFailure, HttpResponse
from app.core.text import known

Json = dict[str, Any]

UNREADABLE = known("%(url)s sent an unreadable response")
SILENT = known("The simulator does not answer (%(why)s)")
REFUSES = known("The simulator refuses: %(words)s")

CALM = {"duplicate": 0, "reorder": False, "delay_s": 0.0, "slow_s": 0.0, "status_before_answer": False}


class SimulatorAway(Exception):
    """Raised when a simulated provider does not answer, or refuses. The text says which provider."""


# A client of its own, which may call during a transaction: the simulators are on this machine.
SIMULATORS = HttpClient(allowed_networks=("127.0.0.0/8", "::1/128"))


@dataclass(frozen=True)
class Photo:
    filename: str
    content_type: str
    content: bytes


class World:
    """The simulated providers of chats and mails. Every method raises SimulatorAway if its provider does not answer.

    `mail_url` is the simulator of the mailboxes in Microsoft 365. `elsewhere` has the mailboxes at other providers:
    {address: URL}. All mail simulators have the same controls for the mails that customers write and receive.
    """

    def __init__(self, http: HttpClient, *, chat_url: str, mail_url: str, elsewhere: Mapping[str, str] | None = None) -> None:
        self._http = http
        self._chat_url = chat_url
        self._mail_url = mail_url
        self._elsewhere = dict(elsewhere or {})

    def phone(self, number: str) -> Json:
        """Return the chat on the customer's phone: {"name", "items": [{"direction", "text", "at", "ticks", "media", …}]}."""
        answer: Json = self._call("GET", f"{self._chat_url}/__sim/chats/{number}")
        return answer

    def play_chat(self, order: Json) -> None:
        """Play something else in a chat, as a customer, a colleague with a phone, or the provider.

        `order` is the body of the simulator's POST /__sim/emit.
        """
        self._call("POST", f"{self._chat_url}/__sim/emit", order)

    def write_chat(self, *, number: str, name: str, to: str, text: str, photo: Photo | None = None) -> None:
        """Send a chat message as the customer to our number `to` (its phone number id), with a photo if given."""
        order: Json = {"kind": "message", "from": number, "name": name, "phone_number_id": to, "text": text}
        if photo is not None:
            media = {
                "content_base64": base64.b64encode(photo.content).decode(),
                "mime_type": photo.content_type,
                "filename": photo.filename,
            }
            order |= {"type": "image", "media": media}
        self._call("POST", f"{self._chat_url}/__sim/emit", order)

    def open_windows(self, windows: list[Json]) -> None:
        """Open the customer service windows of people who wrote lately: [{"wa_id", "at", "phone_number_id"}]."""
        self._call("POST", f"{self._chat_url}/__sim/windows", {"windows": windows})

    def media(self, file_id: str) -> HttpResponse:
        return self._request("GET", f"{self._chat_url}/__sim/media/{file_id}", None)

    def configure_chat(self, settings: Json) -> Json:
        answer: Json = self._call("POST", f"{self._chat_url}/__sim/config", settings)
        return answer

    def chat_settings(self) -> Json:
        answer: Json = self._call("GET", f"{self._chat_url}/__sim/config")
        return answer

    def fail_next_chat(self, code: int) -> None:
        """Let WhatsApp accept our next message to anybody, and then report that it failed with this code."""
        self._call("POST", f"{self._chat_url}/__sim/fail_next", {"code": code})

    def lose_next_answer(self) -> None:
        """Let WhatsApp accept our next message, but break the connection before it answers."""
        match = {"method": "POST", "path": "/messages$"}
        self._call(
            "POST", f"{self._chat_url}/__sim/fault", {"match": match, "times": 1, "when": "after", "drop_connection": True}
        )

    def calm(self) -> None:
        """End all failures of the chat, and the faults of the mail simulators."""
        self.configure_chat(CALM)
        self._call("DELETE", f"{self._chat_url}/__sim/fault")
        for url in self._mail_urls():
            self._call("DELETE", f"{url}/__sim/fault")

    def configure_mail(self, settings: Json) -> None:
        self._call("POST", f"{self._mail_url}/__sim/config", settings)

    def received_mail(self, address: str) -> list[Json]:
        """Return the mails that this address received from us, newest first.

        `number` identifies a mail over all providers and never changes. `provider_url` is the simulator that has it.
        """
        mails: list[Json] = []
        for url in self._mail_urls():
            there = self._call("GET", f"{url}/__sim/outbox?to={address}")["mails"]
            mails += [mail | {"number": f"{urlsplit(url).port}-{mail['number']}", "provider_url": url} for mail in there]
        return sorted(mails, key=lambda mail: str(mail["at"]), reverse=True)

    def write_mail(self, *, mailbox: str, address: str, name: str, subject: str, text: str, in_reply_to: str = "") -> None:
        """Send a mail to `mailbox` as the customer. If it answers a mail of ours, it has that mail's References and goes to its
        Reply-To."""
        order = {"mailbox": mailbox, "from": address, "name": name, "subject": subject, "text": text}
        url = self._elsewhere.get(mailbox, self._mail_url)
        self._call("POST", f"{url}/__sim/deliver", order | ({"in_reply_to": in_reply_to} if in_reply_to else {}))

    def answer_by_machine(self, *, address: str, kind: str) -> None:
        """Answer our newest mail to this address automatically: by a bounce, an out-of-office or a read receipt (`kind`)."""
        received = self.received_mail(address)
        url = received[0]["provider_url"] if received else self._mail_url
        self._call("POST", f"{url}/__sim/answer", {"kind": kind, "to": address})

    def configure_elsewhere(self, address: str, settings: Json) -> None:
        """Change settings of the provider of a mailbox in `elsewhere`; does nothing for any other mailbox."""
        if address in self._elsewhere:
            self._call("POST", f"{self._elsewhere[address]}/__sim/config", settings)

    def renumber(self, address: str) -> None:
        """Let the mail server of a mailbox in `elsewhere` renumber its mails (a new UIDVALIDITY). Does nothing for any other
        mailbox."""
        if address in self._elsewhere:
            self._call("POST", f"{self._elsewhere[address]}/__sim/renumber", {"address": address})

    def _mail_urls(self) -> list[str]:
        return list(dict.fromkeys((self._mail_url, *self._elsewhere.values())))

    def _call(self, method: str, url: str, body: Json | None = None) -> Any:
        answer = self._request(method, url, body)
        try:
            return answer.json()
        except ValueError as error:
            raise SimulatorAway(UNREADABLE % {"url": url}) from error

    def _request(self, method: str, url: str, body: Json | None) -> HttpResponse:
        try:
            answer = self._http.request(method, url, json=body, max_bytes=40_000_000)
        except HttpFailure as error:
            raise SimulatorAway(SILENT % {"why": error.kind}) from error
        if answer.status >= 400:
            raise SimulatorAway(REFUSES % {"words": answer.text[:200]})
        return answer
