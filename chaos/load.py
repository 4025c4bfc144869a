"""Customers who write and agents who answer, from threads of the harness; both keep what they were promised.

A customer's text is `C<customer>-<random>`, an agent's `R-<random>`: the ledgers are joined by these marks alone.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import random
import secrets
import threading
import time
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa

from chaos.company import AT_SENDGRID, AT_SERVER, MAILBOX, TEXTS, Company, order

CHAT_CUSTOMERS = 24
MAIL_CUSTOMERS = 8
TEXT_CUSTOMERS = 8
FIRST_STRANGER = 1000  # who writes through a server or SendGrid does so once
IN_A_MAILBOX = frozenset({"email", "server"})  # where a message waits until it is fetched
ASK_AGAIN_SECONDS = 0.5
ANSWER_SECONDS = 20
NO_LONGER = frozenset({400, 401, 403, 404, 415, 422})
# A thread whose customer wrote, in no particular order: agents answer whom they like.
PICK = sa.text("SELECT id, medium FROM threads WHERE last_inbound_at IS NOT NULL ORDER BY random() LIMIT 1")


@dataclass
class Diary:
    """What was said to whom; appended to by several threads, read when they have ended."""

    written: dict[str, str] = field(default_factory=dict)  # customer's mark → way: whatsapp, email, sms, server, sendgrid
    taken: set[str] = field(default_factory=set)  # marks of mails whose post we answered with 200
    files: dict[str, str] = field(default_factory=dict)  # mark → sha256 of its file
    told: dict[str, str] = field(default_factory=dict)  # agent's mark → message id of the answer
    refused: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)  # every agent's mark, told or not


class Customers(threading.Thread):
    """Writes `rate` messages a second until told to stop; some twice, some shuffled, some with a picture, over every channel."""

    def __init__(self, company: Company, diary: Diary, *, rate: float, seed: int) -> None:
        super().__init__(name="customers", daemon=True)
        self._company, self._diary, self._rate = company, diary, rate
        self._dice = random.Random(seed)
        self._first_mail: dict[int, str] = {}
        self._strangers = itertools.count(FIRST_STRANGER)
        self.stopping = threading.Event()

    def slow_down(self, rate: float) -> None:
        self._rate = rate

    def run(self) -> None:
        while not self.stopping.wait(1 / self._rate):
            ways = (self._write_chat, self._write_mail, self._write_text, self._write_to_server, self._write_to_sendgrid)
            self._dice.choices(ways, weights=(50, 20, 14, 8, 8))[0]()

    def _write_chat(self) -> None:
        customer = self._dice.randrange(CHAT_CUSTOMERS)
        orders = [self._chat_message(customer) for _ in range(self._dice.choice((1, 1, 1, 3)))]
        options = {"duplicate": self._dice.choice((0, 0, 1, 2)), "reorder": True}
        order(self._company.chat_url, "emit", {"kind": "messages", "messages": orders, **options})

    def _chat_message(self, customer: int) -> dict[str, object]:
        mark = self._mark(customer, "whatsapp")
        message: dict[str, object] = {"from": f"316100{customer:05}", "name": f"Customer {customer}", "text": mark}
        if self._dice.random() < 0.15:
            content = self._dice.randbytes(2000)
            self._diary.files[mark] = hashlib.sha256(content).hexdigest()
            media = {"content_base64": base64.b64encode(content).decode(), "mime_type": "image/jpeg"}
            message |= {"type": "image", "media": media}
        return message

    def _write_mail(self) -> None:
        customer = CHAT_CUSTOMERS + self._dice.randrange(MAIL_CUSTOMERS)
        mark = self._mark(customer, "email")
        mail: dict[str, object] = {"mailbox": MAILBOX, "to": MAILBOX, "from": f"customer{customer}@customers.example"}
        mail |= {"name": f"Customer {customer}", "subject": f"Question of customer {customer}", "text": mark}
        first = self._first_mail.get(customer)
        if first:
            mail |= {"in_reply_to": f"<{first}>", "references": f"<{first}>"}
        answer = order(self._company.mail_url, "deliver", mail)
        self._first_mail.setdefault(customer, answer["delivered"][0]["internet_message_id"].strip("<>"))

    def _write_text(self) -> None:
        customer = CHAT_CUSTOMERS + MAIL_CUSTOMERS + self._dice.randrange(TEXT_CUSTOMERS)
        text = {"kind": "sms", "from": f"+316200{customer:05}", "to": TEXTS, "body": self._mark(customer, "sms")}
        order(self._company.text_url, "emit", {**text, "duplicate": self._dice.choice((0, 0, 1))})

    def _write_to_server(self) -> None:
        order(self._company.server_url, "deliver", self._strange_mail("server", AT_SERVER))

    def _write_to_sendgrid(self) -> None:
        mail = self._strange_mail("sendgrid", AT_SENDGRID)
        (posted,) = order(self._company.sendgrid_url, "deliver", mail)["delivered"]
        if posted["status"] == 200:
            self._diary.taken.add(str(mail["text"]))

    def _strange_mail(self, way: str, mailbox: str) -> dict[str, object]:
        customer = next(self._strangers)
        mail = {
            "mailbox": mailbox,
            "to": mailbox,
            "from": f"customer{customer}@customers.example",
            "name": f"Customer {customer}",
        }
        return {**mail, "subject": f"Question of customer {customer}", "text": self._mark(customer, way)}

    def _mark(self, customer: int, way: str) -> str:
        mark = f"C{customer}-{secrets.token_hex(6)}"
        self._diary.written[mark] = way
        return mark


class Agent(threading.Thread):
    """Answers `rate` threads a second over the API; asks again with the same key until there is an answer."""

    def __init__(self, company: Company, token: str, diary: Diary, *, rate: float, database: sa.Engine) -> None:
        super().__init__(name="agent", daemon=True)
        self._company, self._token, self._diary, self._rate, self._database = company, token, diary, rate, database
        self.stopping = threading.Event()

    def run(self) -> None:
        while not self.stopping.wait(1 / self._rate):
            thread_id = self._pick()
            if thread_id is not None:
                self._reply(thread_id)

    def _pick(self) -> uuid.UUID | None:
        try:
            with self._database.connect() as connection:
                row = connection.execute(PICK).first()
        except sa.exc.DBAPIError:
            return None
        return row.id if row else None

    def _reply(self, thread_id: uuid.UUID) -> None:
        mark, key = f"R-{secrets.token_hex(6)}", secrets.token_hex(16)
        self._diary.asked.add(mark)
        body = {"thread_id": str(thread_id), "message_type": "outgoing", "message_content": mark}
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            status, answer = self._post(body, key)
            if status == 202:
                self._diary.told[mark] = answer["id"]
                return
            if status in NO_LONGER:
                self._diary.refused.append(f"{mark}: {status} {answer.get('detail', '')}")
                return
            time.sleep(ASK_AGAIN_SECONDS)

    def _post(self, body: dict[str, str], key: str) -> tuple[int, dict[str, str]]:
        url = f"{self._company.url}/api/v1/communication/messages"
        request = urllib.request.Request(url, data=json.dumps(body).encode(), method="POST")
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Idempotency-Key", key)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, _read_json(error.read())
        except (OSError, ValueError, http.client.HTTPException):
            return 0, {}


def _read_json(content: bytes) -> dict[str, str]:
    try:
        read = json.loads(content)
        return read if isinstance(read, dict) else {}
    except ValueError:
        return {}
