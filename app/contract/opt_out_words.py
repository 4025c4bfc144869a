"""The words that stop and start texts (STOP, START): they count where a message says just one of them.

English as networks and providers understand it, Dutch and French beside it. Capitals, accents, quotes and a full stop do not
matter.
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
    """Return what a message asks for if it says nothing else, else None."""
    if len(text) > _LONGEST:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return _MEANING.get(" ".join(plain.strip(" \t\r\n.!,\"'“”‘’*").replace("-", " ").split()))
