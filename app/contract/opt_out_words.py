"""The words that stop and start texts (STOP, START), which count where they are the whole message.

English as networks and providers understand it, with Dutch and French. Case, accents, quotes and a full stop are ignored.
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
    """Return the consent a message asks for if that is the whole message, else None."""
    if len(text) > _LONGEST:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return _MEANING.get(" ".join(plain.strip(" \t\r\n.!,\"'“”‘’*").replace("-", " ").split()))
