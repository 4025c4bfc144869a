"""The texts of automatic answers: defaults, variables, and filling them in.

An answer is in the language of the customer, not of the user who reads the page. So the words are stored here in all three
languages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from babel.dates import format_datetime, format_time

from app.core.text import mark as N_
from app.domain.auto_replies.models import AutoReplyKind
from app.domain.reply_templates.language import guess_language
from app.domain.reply_templates.variables import PLACE, STRAY

LANGUAGES: Final = ("nl", "en", "fr")
LONGEST: Final = 1500
VARIABLES: Final[Mapping[str, str]] = {
    "contact.first_name": N_("First name of the contact"),
    "brand.name": N_("Name of the brand"),
    "opening.at": N_("When you are open again, for example: Monday 23 November at 09:00"),
    "order.number": N_("The number of the order, as the customer wrote it"),
    "order.status": N_(
        "A sentence about the order, if exactly one order of the contact matches. For example: Your order "
        "CC-2026-00123 is scheduled."
    ),
    "answer.by": N_("Deadline for the promised answer, for example: by Monday 23 November at 10:30"),
}
ALWAYS_KNOWN: Final[Mapping[AutoReplyKind, frozenset[str]]] = {
    AutoReplyKind.CLOSED: frozenset({"brand.name", "opening.at"}),
    AutoReplyKind.ORDER_STATUS: frozenset({"brand.name"}),
}
"""Variables that need nothing to stand in for them."""
# Before the subject of what is answered, as mail programs put it: so others know it for what it is by the subject alone.
SUBJECT_MARKS: Final = {"nl": "Automatisch antwoord: ", "en": "Automatic reply: ", "fr": "Réponse automatique : "}
_CLOSED: Final = {
    "nl": """Beste {{contact.first_name|klant}},

Bedankt voor uw bericht. Op dit moment is er niemand aanwezig. Op {{opening.at}} zijn we er weer, en dan lezen we uw bericht.

Dit is een automatisch antwoord.

{{brand.name}}""",
    "en": """Dear {{contact.first_name|customer}},

Thank you for your message. Nobody is here at the moment. We are back on {{opening.at}} and will read your message then.

This is an automatic reply.

{{brand.name}}""",
    "fr": """Bonjour {{contact.first_name|}},

Merci pour votre message. Il n’y a personne pour le moment. Nous serons de retour le {{opening.at}} et lirons alors votre message.

Ceci est une réponse automatique.

{{brand.name}}""",
}
_ORDER_STATUS: Final = {
    "nl": """Beste {{contact.first_name|klant}},

We hebben uw vraag over bestelling {{order.number|}} gezien. {{order.status|}} Een collega zoekt uit hoe het \
ermee staat en antwoordt {{answer.by|zo snel mogelijk}}.

Dit is een automatisch antwoord.

{{brand.name}}""",
    "en": """Dear {{contact.first_name|customer}},

We have seen your question about order {{order.number|}}. {{order.status|}} A colleague is looking into it and will answer \
{{answer.by|as soon as possible}}.

This is an automatic reply.

{{brand.name}}""",
    "fr": """Bonjour {{contact.first_name|}},

Nous avons bien vu votre question sur la commande {{order.number|}}. {{order.status|}} Un collègue \
vérifie où elle en est et vous répondra {{answer.by|dès que possible}}.

Ceci est une réponse automatique.

{{brand.name}}""",
}
DEFAULTS: Final[Mapping[AutoReplyKind, Mapping[str, str]]] = {
    AutoReplyKind.CLOSED: _CLOSED,
    AutoReplyKind.ORDER_STATUS: _ORDER_STATUS,
}
_AT: Final = {"nl": "EEEE d MMMM 'om' HH:mm", "en": "EEEE d MMMM 'at' HH:mm", "fr": "EEEE d MMMM 'à' HH:mm"}
_BY: Final = {"nl": "uiterlijk {}", "en": "by {}", "fr": "au plus tard le {}"}
_BY_TODAY: Final = {"nl": "vandaag uiterlijk om {}", "en": "today by {}", "fr": "aujourd’hui avant {}"}
_BEFORE_POINT: Final = re.compile(r"(?<![ \t])[ \t]++([.,](?:\s|$))")
_TWO_BLANKS: Final = re.compile(r"(?<=\S)[ \t]{2,}(?=\S)")


def choose_language(text: str, known: str | None, usual: str = "nl") -> str:
    """Return the language for an answer: the language of the message, else the contact's language (`known`), else the brand's
    (`usual`)."""
    guessed = guess_language(text)
    return guessed or (known if known in LANGUAGES else None) or usual


def moment_words(at: datetime, language: str) -> str:
    """Return a time in words, such as "Monday 23 November at 09:00"; `at` is in the calendar's time zone."""
    return str(format_datetime(at, _AT[language], tzinfo=at.tzinfo, locale=language))


def deadline_words(at: datetime, language: str, *, now: datetime) -> str:
    """Return a deadline in words, such as "by Monday 23 November at 10:30" or "today by 16:30"; `at` and `now` are in the
    calendar's time zone."""
    if at.date() == now.date():
        return _BY_TODAY[language].format(format_time(at, "HH:mm", tzinfo=at.tzinfo, locale=language))
    return _BY[language].format(moment_words(at, language))


def fill_in(text: str, values: Mapping[str, str]) -> str:
    """Replace the variables of a text by their values. A variable without a value becomes its fallback (the text after the
    bar), or nothing. Variables inside values are not replaced."""
    filled = PLACE.sub(lambda found: values.get(found.group(1)) or (found.group(2) or "").strip(), text)
    return _TWO_BLANKS.sub(" ", _BEFORE_POINT.sub(r"\1", filled)).strip()


def list_faults(kind: AutoReplyKind, text: str) -> list[tuple[str, str]]:
    """List the faults of a text as pairs: ("unknown", variable name), ("no_fallback", variable name) for a variable that needs
    a fallback, or ("stray", the stray braces)."""
    faults = [("unknown", name) for name, _ in PLACE.findall(text) if name not in VARIABLES]
    for found in PLACE.finditer(text):
        if found.group(1) in VARIABLES and found.group(2) is None and found.group(1) not in ALWAYS_KNOWN[kind]:
            faults.append(("no_fallback", found.group(1)))
    faults += [("stray", found.group()) for found in STRAY.finditer(PLACE.sub("", text))]
    return list(dict.fromkeys(faults))
