"""Post one card to a Teams workflow. No database.

Teams has no idempotency key and cannot be asked about a card. So a call of unknown outcome stays unknown and is not
repeated. If a card is missing, its content is still in the app. Cards that come twice would make people distrust all cards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from app.contract.notice_outcome import Answer, Outcome
from app.core.allowed_hosts import is_allowed
from app.core.http import FAILURES, HttpClient, HttpFailure, HttpResponse
from app.core.metering import Endpoint
from app.core.retry_after import read_retry_after
from app.core.text import known
from app.core.text import mark as N_

ACCEPTED = N_("Teams accepted the card; whether it appears is up to the workflow.")
FORBIDDEN = N_("This installation does not allow that address (TEAMS_HOSTS).")
NOT_ALLOWED = known("Teams rejected the address (%(status)s): invalid signature, or the workflow is not open to everyone.")
NO_WORKFLOW = N_("There is no workflow at this address any more (404).")
REFUSED = known("Teams refused the card (%(status)s).")
BUSY = known("Teams asks us to wait (%(status)s).")
BROKEN = known("Teams has a problem (%(status)s).")
UNKNOWN = known("We do not know if Teams has the card (%(why)s); we will not resend it.")
SILENT = known("Teams does not answer (%(why)s).")
LASTING = (FORBIDDEN, NO_WORKFLOW, NOT_ALLOWED.partition("%")[0])  # how problems begin that somebody has to correct
CALLED = Endpoint("teams", "POST workflow")


@dataclass(frozen=True)
class TeamsSender:
    """The sender of cards, to workflows on the hosts that are allowed."""

    http: HttpClient
    hosts: tuple[str, ...]

    def send(self, url: str, body: bytes, *, now: datetime) -> Answer:
        """Post a card and return the outcome; a failure is returned too, never raised. `url` is signed, so it must not be
        changed."""
        if not is_allowed(url, self.hosts):
            return Answer(Outcome.REFUSED, FORBIDDEN)
        headers = {"Content-Type": "application/json"}
        try:
            answer = self.http.request(
                "POST", url, called=CALLED, data=body, headers=headers, deadline=20, read_timeout=15, max_bytes=16_384
            )
        except HttpFailure as failure:
            if failure.kind in ("bad_url", "refused_address"):
                return Answer(Outcome.REFUSED, FORBIDDEN)
            if failure.request_sent:
                return Answer(Outcome.UNKNOWN, UNKNOWN % {"why": FAILURES[failure.kind]})
            return Answer(None, SILENT % {"why": FAILURES[failure.kind]})
        return _read(answer, now)


def _read(answer: HttpResponse, now: datetime) -> Answer:
    status = answer.status
    if 200 <= status < 300:
        # The old connectors said 200 and put the failure into the text; something in between may still.
        error = re.search(r"error\D{0,40}(\d{3})", answer.text, re.IGNORECASE)
        return _refusal(int(error[1]), answer, now) if error else Answer(Outcome.ACCEPTED, ACCEPTED)
    return _refusal(status, answer, now)


def _refusal(status: int, answer: HttpResponse, now: datetime) -> Answer:
    wait = read_retry_after(answer.headers.get("retry-after"), now=now)
    if status == 429:
        return Answer(None, BUSY % {"status": status}, wait)
    if status in (502, 504):
        return Answer(Outcome.UNKNOWN, UNKNOWN % {"why": status})
    if status >= 500:
        return Answer(None, BROKEN % {"status": status}, wait)
    if status in (401, 403):
        return Answer(None, NOT_ALLOWED % {"status": status})  # the card is fine: it waits until somebody corrects the address
    if status == 404:
        return Answer(None, NO_WORKFLOW)
    return Answer(Outcome.REFUSED, REFUSED % {"status": status})
