"""Find signs of automatic mail in the mail program, the text and the subject. Headers made for it are read elsewhere."""

from __future__ import annotations

import re
from typing import Final

from app.mail.headers import strip_reply_marks
from app.mail.quoting import split_quoted
from app.mail.source import HeaderBlock

_LOOKED_AT: Final = 3000
_INTRODUCED: Final = re.compile(r":[ \t]*\n\s*$")
_GREETING: Final = re.compile(r"\s*(?:[^\n:?!.]{0,40}[,!]\s+)?")
# Headers that only programs put there in which a person types.
_OF_PROGRAMS: Final = (
    "thread-index",
    "x-gm-message-state",
    "x-universally-unique-identifier",
    "x-mozilla-draft-info",
    "x-originating-client",
    "x-provags-id",
    "x-pm-message-id",
)
_OF_TRACKERS: Final = ("x-github-", "x-gitlab-", "x-jira-", "x-discourse-")
_PROGRAM: Final = re.compile(
    r"iphone mail|ipad mail|apple mail|\boutlook\b|thunderbird|samsung|open-xchange|roundcube|squirrelmail|ymailnovation|"
    r"zimbraweb|em client|evolution|airmail|canary|k-9|fairemail|spark|mailspring|kmail|mutt|the bat|messagingengine|"
    r"cyrus-jmap|claws",
    re.I,
)
_SENTENCES: Final = (
    r"\b(?:dit|deze?) (?:is een |e-?mail is |mail is |bericht is )automatische?(?: \w+)? ?"
    r"(?:e-?mail|mail|bericht|antwoord|reactie|bevestiging|melding|[.,])",
    r"\b(?:dit|deze) (?:e-?mail|mail|bericht) (?:is|wordt|werd) automatisch "
    r"(?:gegenereerd|aangemaakt|verzonden|verstuurd|opgesteld)",
    r"\b(?:je|u) kun(?:t|nen) (?:hierop )?niet (?:reageren|antwoorden)(?: op deze e-?mail| op dit bericht)?\s*\.",
    r"\bthis (?:is|was) an? (?:auto(?:mated|matic)?|automatically[- ]generated|auto[- ]generated)[ -]"
    r"(?:e-?mail|mail|message|reply|response|notification|acknowledge?ment|confirmation)",
    r"\bthis (?:e-?mail|message|mail|notification) (?:is|was|has been) "
    r"(?:(?:automatically|auto)[- ]?(?:generated|sent|created)|sent automatically)",
    r"\breplies (?:to this \w+ )?are not (?:read|monitored)",
    r"\b(?:this|the) (?:mailbox|inbox|address|e-?mail address) is (?:not |un)-?monitored",
    r"\b(?:ceci est|il s'agit d'|ce message est) ?une? "
    r"(?:message|réponse|courriel|e-?mail|mail|confirmation) (?:envoyée? )?automatique",
    r"\bce (?:message|courriel|mail|e-?mail) (?:est|a été) (?:généré|envoyé|créé) automatiquement",
    r"\b(?:dies|das) ist eine automatische?(?: \w+)? ?(?:antwort|nachricht|e-?mail|mail|benachrichtigung)",
    r"\b(?:dies|das) ist eine automatisch \w+ (?:antwort|nachricht|e-?mail|mail|benachrichtigung)",
    r"\bdiese (?:e-?mail|mail|nachricht) (?:wurde|ist) automatisch (?:generiert|erstellt|versendet|erzeugt|verschickt)",
    r"\b(?:automatisch bericht|automated message|message automatique|automatische nachricht)[^\S\n]*+(?:[.!][^\S\n]*+)?$",
)
_THIS_IS_AUTOMATIC: Final = re.compile("|".join(_SENTENCES), re.I | re.M)


def is_made_by_hand(headers: HeaderBlock) -> bool:
    """Return whether the headers name a program in which people write."""
    if any(headers.raw(name) for name in _OF_PROGRAMS):
        return True
    return any(_PROGRAM.search(headers.raw(name)) for name in ("x-mailer", "user-agent"))


def asks_something(text: str) -> bool:
    """Return whether the sender's own text has a question, which machines seldom ask."""
    return "?" in re.sub(r"https?://\S+", "", _unquoted(text))


def begins_as_automatic(text: str) -> bool:
    """Return whether the first sentence, after a greeting, says that the message is automatic."""
    found = _THIS_IS_AUTOMATIC.search(text[:_LOOKED_AT])
    return found is not None and _GREETING.fullmatch(text[: found.start()]) is not None


def says_it_is_automatic(text: str) -> bool:
    """Return whether the sender's own text, without quotes, says that the message is automatic.

    A sentence after a colon does not count, as it is probably somebody else's.
    """
    own = _unquoted(text)
    found = _THIS_IS_AUTOMATIC.search(own)
    return found is not None and _INTRODUCED.search(own[: found.start()]) is None


def is_post_of_a_person(headers: HeaderBlock) -> bool:
    """Return whether the mail came from a person through a discussion list or group address, and is no newsletter.

    Such a list accepts posts by mail, has no Precedence other than "list", and sets no tracking headers. The mail also names
    the person's mail program or the mail it answers.
    """
    if "mailto:" not in headers.raw("list-post").lower() or headers.raw("precedence").strip().lower() not in ("", "list"):
        return False
    if any(name.startswith(_OF_TRACKERS) for name, _ in headers.lines):
        return False
    return is_made_by_hand(headers) or "in-reply-to" in headers or "references" in headers


def begins_a_subject(subject: str) -> str:
    """Return the subject without reply marks and without the number that some help desks put before it, such as "[##12##] We
    have …"."""
    return re.sub(r"^\s*+(?:\[[^\]\w]*+(?:ticket)?\W*+\d++\W*\]|#\d+)\s*+[:-]?\s*+", "", strip_reply_marks(subject), flags=re.I)


def _unquoted(text: str) -> str:
    return "".join(section.text for section in split_quoted(text[:_LOOKED_AT]) if section.kind != "quote").strip()
