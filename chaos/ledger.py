"""Both sides' books, and what does not agree.

The providers' side is what the simulators say: which customer's message they saw acknowledged, which of ours they accepted, which
statuses they had acknowledged. Our side is the database. The harness's diary says what agents were told.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from chaos.company import MAILBOX, Company, order
from chaos.load import IN_A_MAILBOX, Diary
from chaos.points import KEPT

MARK = re.compile(r"\b(?:C\d+|R)-[0-9a-f]{12}\b")
REPLY = re.compile(r"\bR-[0-9a-f]{12}\b")
LADDER = ("pending", "unknown", "accepted", "sent", "delivered", "read")
UNCONFIRMED = frozenset({"failed", "unknown", "expired", "bounced"})

# A mail through SendGrid whose answer was lost can be told of by its report alone; without one a person decides in the end.
PERSON_DECIDES = (
    "status = 'unknown' AND channel_id IN (SELECT id FROM channels WHERE settings ->> 'transport' IN ('sendgrid', 'smtp'))"
)
MESSAGES = sa.text("SELECT id, thread_id, message_type, medium, text, delivery_status FROM messages")
DELIVERIES = sa.text(
    "SELECT d.id, d.state, d.status, d.reason, m.id AS message_id, m.text, m.medium FROM deliveries d JOIN messages m"
    " ON m.id = d.message_id"
)
QUESTIONS = sa.text(
    "SELECT meta ->> 'survey_invitation_id' AS id, count(*) AS times FROM messages WHERE meta ? 'survey_invitation_id' GROUP BY 1"
)
FILES = sa.text("SELECT m.text, a.state, a.sha256 FROM attachments a JOIN messages m ON m.id = a.message_id")
RECEIVED = sa.text(
    "SELECT message_id, count(*) AS times FROM events WHERE type = 'MessageReceived' GROUP BY 1 HAVING count(*) > 1"
)
UNFINISHED = sa.text(
    "SELECT 'outbox entry' AS kind, id::text, state, last_error AS reason FROM outbox_entries WHERE state <> 'done'"
    " UNION ALL SELECT 'inbound event', id::text, state, reason FROM inbound_events WHERE state <> 'done'"
    " UNION ALL SELECT 'delivery', id::text, state, reason::text FROM deliveries WHERE state IN ('ready', 'running')"
    f" AND NOT ({PERSON_DECIDES})"
    + "".join(
        f" UNION ALL SELECT '{table}', id::text, state, NULL FROM {table} WHERE state IN ('ready', 'running', 'failed')"
        for table in KEPT
    )
)
PROMISED_MARK = re.compile(r"\bP-[0-9a-f]{12}\b", re.IGNORECASE)
STORED = sa.text("SELECT convert_from(body, 'UTF8') AS body FROM inbound_events WHERE source <> 'mailbox'")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `lacking`: the protection whose absence or failure shows itself so."""

    kind: str  # lost | doubled
    what: str
    lacking: str
    table: str = ""  # of `KEPT`


@dataclass
class Verdict:
    """The books compared."""

    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unconfirmed: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Finding]:
        return [finding for finding in self.findings if finding.kind == kind]


STORE_FIRST = "store, then acknowledge"
KEEP_PROMISES = "a promise is a row, hinted again until it is kept"
KNOW_REPEATS = "what was seen before is recognised"
LOOK_FIRST = "look what became of a send before sending again"
ONE_ANSWER = "the same request again has the same answer"


class Books:
    """Everything that is compared, read once when all is quiet."""

    def __init__(self, company: Company, diary: Diary, promised: Mapping[str, list[str]], database: sa.Engine) -> None:
        self.diary, self.promised = diary, promised
        self.chat = order(company.chat_url, "ledger")
        self.mail = order(company.mail_url, "ledger")["entries"]
        self.texts = order(company.text_url, "ledger")
        self.other_mails = [m for url in (company.server_url, company.sendgrid_url) for m in order(url, "outbox")["mails"]]
        self.scenarios = order(company.scenario_url, "taken")["taken"]
        self.events = order(company.mail_url, f"calendar?mailbox={MAILBOX}")["events"]
        self.notices = order(company.notices_url, "mails")["mails"]
        with database.connect() as connection:
            self.messages = connection.execute(MESSAGES).all()
            self.deliveries = connection.execute(DELIVERIES).all()
            self.files = connection.execute(FILES).all()
            self.questions = connection.execute(QUESTIONS).all()
            self.received = connection.execute(RECEIVED).all()
            self.unfinished = connection.execute(UNFINISHED).all()
            self.stored = {mark for row in connection.execute(STORED) for mark in MARK.findall(row.body)}

    def compare(self) -> Verdict:
        """Join the books."""
        verdict = Verdict()
        self._check_customers(verdict)
        self._check_agents(verdict)
        self._check_statuses(verdict)
        self._check_files(verdict)
        self._check_promised(verdict)
        self._check_unfinished(verdict)
        return verdict

    def _check_customers(self, verdict: Verdict) -> None:
        """Each message a customer sent is there once, in the one thread of that customer."""
        found, threads = Counter[str](), defaultdict(set)
        for row in self.messages:
            if row.message_type == "incoming":
                for mark in MARK.findall(row.text):
                    found[mark] += 1
                    threads[mark.split("-")[0]].add(row.thread_id)
        wanted = self._acknowledged()
        for mark in wanted:
            if found[mark] == 0:
                # A mail waits in its mailbox: if it is not here, nobody fetched it or nobody went on with it.
                never_stored = self.diary.written[mark] not in IN_A_MAILBOX and mark not in self.stored
                verdict.findings.append(
                    Finding("lost", f"{mark} from a customer", STORE_FIRST if never_stored else KEEP_PROMISES)
                )
            elif found[mark] > 1:
                verdict.findings.append(Finding("doubled", f"{mark} from a customer, {found[mark]} times", KNOW_REPEATS))
        for customer, its_threads in threads.items():
            if len(its_threads) > 1:
                verdict.findings.append(Finding("doubled", f"the thread of {customer}, {len(its_threads)} of them", KNOW_REPEATS))
        for row in self.received:
            verdict.findings.append(Finding("doubled", f"the event for message {row.message_id}", KNOW_REPEATS))
        verdict.counts["customers' messages acknowledged"] = len(wanted)
        verdict.counts["threads"] = sum(len(its_threads) for its_threads in threads.values())

    def _acknowledged(self) -> list[str]:
        seen = {e["text"] for e in self.chat["emitted"] if e["kind"] == "message" and e["acknowledged_at"] and e["is_genuine"]}
        taken = {post["id"] for post in self.texts["posted"] if post["kind"] == "sms" and post["acknowledged"]}
        seen |= {text["body"] for text in self.texts["texts"] if text["sid"] in taken} | self.diary.taken
        return [mark for mark, way in self.diary.written.items() if way in IN_A_MAILBOX or mark in seen]

    def _check_agents(self, verdict: Verdict) -> None:
        """Each message an agent was told of left exactly once, or says why not; each other one at most once."""
        left = self._times_left()
        by_mark: dict[str, list[Any]] = defaultdict(list)
        for row in self.deliveries:
            by_mark[row.text.strip()].append(row)
        for mark in self.diary.asked:
            self._check_reply(verdict, mark, by_mark.get(mark, []), left)
        verdict.counts["agents' messages told as queued"] = len(self.diary.told)
        verdict.counts["agents' messages refused"] = len(self.diary.refused)
        verdict.counts["messages that left"] = sum(left.values())

    def _check_reply(self, verdict: Verdict, mark: str, rows: list[Any], left: Counter[str]) -> None:
        times = sum(left[str(row.id)] for row in rows) + left[mark]
        if len(rows) > 1:
            verdict.findings.append(Finding("doubled", f"{mark} of an agent, {len(rows)} messages", ONE_ANSWER))
        elif times > 1:
            verdict.findings.append(Finding("doubled", f"{mark} of an agent left {times} times", LOOK_FIRST))
        if mark not in self.diary.told:
            return
        if not rows:
            verdict.findings.append(Finding("lost", f"{mark} of an agent, never stored", STORE_FIRST))
        elif rows[0].status in UNCONFIRMED:
            verdict.unconfirmed.append(f"{mark}: {rows[0].status}, left {times} times, {rows[0].reason}")
            if rows[0].status != "unknown" and not rows[0].reason:
                verdict.findings.append(Finding("lost", f"{mark} of an agent, {rows[0].status} without a reason", KEEP_PROMISES))
        elif times == 0:
            verdict.findings.append(Finding("lost", f"{mark} of an agent never left, state {rows[0].state}", KEEP_PROMISES))

    def _times_left(self) -> Counter[str]:
        chat = (entry["biz_opaque_callback_data"] for entry in self.chat["accepted"])
        by_delivery = Counter(chat) + Counter(entry["reference"] for entry in self.mail)
        texts = [text["body"] for text in self.texts["texts"] if text["direction"] != "inbound"]
        by_mark = Counter(
            mark for words in (*texts, *(mail["text"] for mail in self.other_mails)) for mark in REPLY.findall(words)
        )
        return by_delivery + by_mark

    def _check_statuses(self, verdict: Verdict) -> None:
        """A message shows the highest status the provider had acknowledged for it."""
        reference = {entry["wamid"]: entry["biz_opaque_callback_data"] for entry in self.chat["accepted"]}
        highest: dict[str, int] = defaultdict(int)
        for entry in self.chat["emitted"]:
            if entry["kind"] == "status" and entry["acknowledged_at"] and entry["status"] in LADDER:
                to = reference.get(entry["id"], "")
                highest[to] = max(highest[to], LADDER.index(entry["status"]))
        for row in self.deliveries:
            wanted = LADDER[highest[str(row.id)]]
            if wanted != "pending" and row.status != wanted:
                verdict.findings.append(
                    Finding("lost", f"{row.text.strip()} is {row.status} and should be {wanted}", KEEP_PROMISES)
                )
        verdict.counts["statuses acknowledged"] = sum(bool(value) for value in highest.values())

    def _check_files(self, verdict: Verdict) -> None:
        kept = {mark: row for row in self.files for mark in MARK.findall(row.text)}
        acknowledged = set(self._acknowledged())
        for mark, digest in self.diary.files.items():
            row = kept.get(mark)
            if mark in acknowledged and (row is None or row.state != "stored" or row.sha256 != digest):
                verdict.findings.append(Finding("lost", f"the file of {mark} ({row.state if row else 'no row'})", KEEP_PROMISES))
        verdict.counts["files"] = len(self.diary.files)

    def _check_promised(self, verdict: Verdict) -> None:
        """What the desk promised came out once; a scenario or an endpoint may hear of it twice, by the same id."""
        heard = _counted(str(one["body"]) for one in self.scenarios)
        mails = _counted(str(mail["text"]) + str(mail.get("subject", "")) for mail in self.other_mails)
        for kind, table, times, most in (
            ("scenario call", "webhook_deliveries", heard, 99),
            ("callback", "webhook_deliveries", heard, 99),
            ("appointment", "calendar_entries", _counted(event["subject"] for event in self.events), 1),
            ("mailing", "mailing_recipients", mails, 1),
            ("appointment", "appointment_reminders", mails, 1),
        ):
            for mark in self.promised.get(kind, ()):
                if not 1 <= times[mark.lower()] <= most:
                    wrong = "doubled" if times[mark.lower()] else "lost"
                    verdict.findings.append(
                        Finding(wrong, f"{table}: {mark} left {times[mark.lower()]} times", KEEP_PROMISES, table)
                    )
        by_id = Counter(str(dict(mail["headers"]).get("Message-ID")) for mail in self.notices)
        for name in (name for name, times in by_id.items() if times > 1):
            verdict.findings.append(Finding("doubled", f"notification mail {name}", KEEP_PROMISES))
        for row in self.questions:
            if row.times > 1:
                what = f"survey_invitations: {row.id} was asked {row.times} times"
                verdict.findings.append(Finding("doubled", what, KEEP_PROMISES, "survey_invitations"))
        verdict.counts |= {"questions afterwards": len(self.questions)}
        verdict.counts |= {f"promised: {kind}": len(marks) for kind, marks in sorted(self.promised.items())}
        verdict.counts["notification mails"] = len(self.notices)

    def _check_unfinished(self, verdict: Verdict) -> None:
        for row in self.unfinished:
            table = row.kind if row.kind in KEPT else ""
            verdict.findings.append(Finding("lost", f"{row.kind} {row.id} is {row.state}: {row.reason}", KEEP_PROMISES, table))


def _counted(texts: Iterable[str]) -> Counter[str]:
    """How many texts have each mark of the desk."""
    return Counter(mark for text in texts for mark in {found.lower() for found in PROMISED_MARK.findall(text)})


def by_table(findings: Iterable[Finding]) -> Counter[str]:
    """Findings counted per table that `app/core/promises.py` keeps."""
    return Counter(finding.table for finding in findings if finding.table)


def by_protection(findings: Iterable[Finding]) -> dict[str, Counter[str]]:
    """Findings counted per protection and kind."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for finding in findings:
        counted[finding.lacking][finding.kind] += 1
    return counted
