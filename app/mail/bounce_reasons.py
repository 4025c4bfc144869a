"""Translate status codes of mail servers (RFC 3463 and plain three-digit ones) into reasons an agent understands."""

from __future__ import annotations

import re
from typing import Final

from app.contract.base import Reason
from app.core.text import mark as N_

_CHECK_ADDRESS: Final = N_("Check the address with the customer, or use another channel.")
_LATER: Final = N_("Try again later, or use another channel.")
# Longest match first: code prefix → title, advice.
_BY_STATUS: Final = (
    ("5.1.1", N_("The address does not exist"), _CHECK_ADDRESS),
    ("5.1.10", N_("The address does not exist"), _CHECK_ADDRESS),
    ("5.1.2", N_("The domain of the address does not exist"), _CHECK_ADDRESS),
    ("5.1.3", N_("The address is not valid"), _CHECK_ADDRESS),
    ("5.1.6", N_("The mailbox has moved"), _CHECK_ADDRESS),
    ("5.1.8", N_("Our sender address was refused"), N_("Tell an administrator: the sending domain must be set up.")),
    ("5.1", N_("The address was refused"), _CHECK_ADDRESS),
    ("5.2.1", N_("The mailbox is disabled"), _CHECK_ADDRESS),
    ("5.2.2", N_("The mailbox is full"), _LATER),
    ("5.2.3", N_("The message is too big for the mailbox"), N_("Send it with smaller attachments.")),
    ("5.3.4", N_("The message is too big"), N_("Send it with smaller attachments.")),
    ("5.2", N_("The mailbox refused the message"), _LATER),
    ("5.4.1", N_("The receiving server refused the address"), _CHECK_ADDRESS),
    ("5.4.4", N_("The domain of the address has no mail server"), _CHECK_ADDRESS),
    ("5.4", N_("The receiving server could not be reached"), _LATER),
    ("5.7.1", N_("The recipient's policy rejected the message"), N_("Ask the recipient to allow our domain.")),
    ("5.7", N_("The recipient's policy rejected the message"), N_("Ask the recipient to allow our domain.")),
    ("5.6", N_("The message's content was refused"), N_("Send it without the attachment.")),
    ("4.2.2", N_("The mailbox is full"), _LATER),
    ("4.4", N_("The receiving server could not be reached in time"), _LATER),
    ("4", N_("The receiving server did not accept the message in time"), _LATER),
    ("5", N_("The receiving server refused the message"), _CHECK_ADDRESS),
)
_WORDS: Final = (
    (re.compile(r"quota|mailbox (?:is )?full|over ?quota|storage limit", re.I), "5.2.2"),
    (re.compile(r"too (?:large|big)|size limit|exceeds", re.I), "5.3.4"),
    (
        re.compile(
            r"host (?:or domain name )?(?:not found|unknown)|domain .{0,40}not (?:found|exist)|no such domain|unrouteable", re.I
        ),
        "5.1.2",
    ),
    (re.compile(r"spam|blocked|blacklist|policy|dmarc|spf|reputation", re.I), "5.7.1"),
    (
        re.compile(
            r"user unknown|unknown user|no such (?:user|mailbox|recipient)|does ?n.t exist|not exist|unknown recipient|not found|"
            r"no mailbox|invalid recipient|address rejected|bestaat niet|onbekende gebruiker",
            re.I,
        ),
        "5.1.1",
    ),
    (re.compile(r"timed? ?out|unreachable|connection refused|no route", re.I), "5.4"),
)


def make_reason(status: str, diagnostic: str) -> Reason:
    """Return the reason for a failed delivery. If `status` is "", it is guessed from the words of the server (`diagnostic`)."""
    code = status or _guess(diagnostic)
    if code in ("5.0.0", "5.7.0", "5.5.0", "5"):
        code = _guess(diagnostic) if _guess(diagnostic) != "5.0.0" else code
    matches = [row for row in _BY_STATUS if code == row[0] or code.startswith(row[0] + ".")]
    _, title, advice = max(
        matches, key=lambda row: len(row[0]), default=("", N_("The message could not be delivered"), _CHECK_ADDRESS)
    )
    return Reason(code=status or code, title=title, detail=diagnostic, advice=advice)


def _guess(diagnostic: str) -> str:
    return next((code for pattern, code in _WORDS if pattern.search(diagnostic)), "5.0.0")
