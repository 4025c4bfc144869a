"""List the wording of bounces, in the languages and from the mail programs that we have seen."""

from __future__ import annotations

import re
from typing import Final


def _any_of(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


# These write nothing but reports.
MAILER: Final = re.compile(
    _any_of(
        r"mailer[-_.]?daemon",
        r"post[-_.]?master",
        r"mail[-_.]?delivery",
        r"microsoftexchange[0-9a-f]{32}",
        r"mdaemon",
        r"bounce[sd]?",
    ),
    re.I,
)
MAILER_NAME: Final = re.compile(
    _any_of(r"mail delivery (?:sub)?system", r"mailer[- ]daemon", r"mail administrator", r"postmaster"), re.I
)
# People write from these as well: the rest must be beyond doubt.
OFFICE: Final = re.compile(
    _any_of(
        r"mailer",
        r"mail[-_.]?system",
        r"mta[-_.]?\w*",
        r"delivery",
        r"undelivered",
        r"administrator",
        r"admin",
        r"root",
        r"smtp",
        r"e?mail",
    ),
    re.I,
)
SUBJECT: Final = re.compile(
    _any_of(
        r"undeliver(?:able|ed)",
        r"returned mail",
        r"mail delivery (?:failed|failure|problem|error|subsystem|system|status)",
        r"delivery (?:status|failure|failed|report|problem|notification|has failed|unsuccessful|error|delayed)",
        r"failure notice",
        r"(?:message|mail|e-mail).{0,20}(?:returned|not delivered|could not be delivered|bounced|rejected|delayed|failed)",
        r"returned to sender",
        r"non[- ]?deliver",
        r"not delivered",
        r"warning: (?:message|could not)",
        r"delayed mail",
        r"failed mail",
        r"(?:mail|message) delayed",
        r"mail (?:failure|system error)",
        r"user unknown",
        r"unknown user",
        r"onbestelbaar",
        r"niet bezorgd",
        r"bezorg(?:fout|ing mislukt)",
        r"(?:un|nicht )zustellbar",
        r"nicht zugestellt",
        r"non remis",
        r"non distribu",
        r"échec de la remise",
        r"no se puede entregar",
        r"mancata consegna",
    ),
    re.I,
)
TEXT: Final = re.compile(
    _any_of(
        r"could ?(?:n.t|not) be delivered",
        r"was(?:n.t| not) delivered",
        r"not be delivered",
        r"unable to (?:deliver|find user)",
        r"undeliverable",
        r"delivery (?:to|of|has|failed|failure|attempts?|error)",
        r"did(?:n.t| not) reach",
        r"has not (?:yet )?been delivered",
        r"failed to deliver",
        r"permanent(?:ly)? (?:fatal |delivery )?(?:errors?|failed|failure)",
        r"(?:user|recipient) unknown",
        r"unknown (?:user|recipient)",
        r"returned (?:to sender|message|mail)",
        r"rejected your message",
        r"message (?:was |is )?(?:rejected|returned|undelivered|delayed|blocked)",
        r"mailbox (?:is )?full",
        r"over ?quota",
        r"no such (?:user|mailbox|recipient|address)",
        r"invalid (?:user|recipient|address)",
        r"niet (?:worden )?(?:bezorgd|afgeleverd)",
        r"onbestelbaar",
        r"nicht zugestellt",
        r"unzustellbar",
        r"n.a pas pu être (?:remis|distribué)",
        r"non remis",
        r"problems? delivering",
        r"will (?:be )?retr(?:y|ied)",
        r"still being retried",
        r"\b5\d\d[ -]5\.\d\.\d",
        r"\b5\.\d\.\d{1,2}\b",
        r"\b55[0-4][ -]",
    ),
    re.I,
)
DELAY: Final = re.compile(
    _any_of(
        r"delayed",
        r"will (?:be )?retr(?:y|ied)",
        r"still (?:being )?(?:retried|trying)",
        r"has not yet been delivered",
        r"not yet been delivered",
        r"warning message only",
        r"do not need to resend",
        r"temporary (?:problem|failure)",
        r"vertraagd",
        r"verzögert",
        r"will keep trying",
        r"will continue to try",
        r"no action is required",
    ),
    re.I,
)
GIVEN_UP: Final = re.compile(
    _any_of(r"giv(?:en|ing) up", r"permanent", r"has failed", r"will not (?:be )?retr", r"no longer", r"could not be delivered"),
    re.I,
)
# Where a report stops talking and starts to quote what was sent.
COPY_STARTS: Final = re.compile(
    r"^.{0,40}"
    + _any_of(
        r"below this line is a copy",
        r"this is a copy of (?:the|your) message",
        r"original message (?:headers|follows|below|header)",
        r"-+ ?original message ?-+",
        r"-+ ?(?:returned )?message headers?",
        r"included (?:is|below)",
        r"the (?:original|following) message (?:was|is|follows)",
        r"-+ ?unsent message",
        r"oorspronkelijke bericht(?:koppen)?",
        r"ursprüngliche nachricht",
        r"en-têtes de message",
        r"your (?:original )?message (?:is|follows)",
        r"message header follows",
        r"headers of (?:the )?(?:original|your)",
    ),
    re.I | re.M,
)
