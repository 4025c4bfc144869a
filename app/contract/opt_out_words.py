"""Recognise the words that stop and start SMS messages (STOP, START). They count only if they are the whole message.

The words are the English ones that networks and providers know, with Dutch and French ones. Case, accents, quotes and a full
stop are ignored.
"""

from __future__ import annotations

import unicodedata

from app.contract.receive import Consent

_STOP = (
    *("stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "opt out"),
    *("afmelden", "uitschrijven", "stoppen", "stop sms", "meld me af"),
    *("arret", "arreter", "desabonner", "desinscrire", "desinscription", "stop pub"),
)
_START = (
    *("start", "unstop", "subscribe", "opt in", "optin"),
    *("aanmelden", "inschrijven", "hervatten"),
    *("reprendre", "demarrer", "abonner", "inscrire"),
)
_HELP = ("help", "info", "hulp", "aide")
_MEANING = {
    **dict.fromkeys(_STOP, Consent.STOP),
    **dict.fromkeys(_START, Consent.START),
    **dict.fromkeys(_HELP, Consent.HELP),
}
_LONGEST = 40


def read_consent(text: str) -> Consent | None:
    """Return the consent that the message asks for, if its whole text is such a word. Return None for any other text."""
    if len(text) > _LONGEST:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return _MEANING.get(" ".join(plain.strip(" \t\r\n.!,\"'“”‘’*").replace("-", " ").split()))
