"""Recognise the question "where is my order" in Dutch, English or French, and the order number in it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from app.mail.quoting import own_text

MOST_READ: Final = 4000
_ORDER: Final = (
    r"(?:bestelling(?:en)?|order|levering|pakket|zending|laadpaal|laadpunt|wallbox|package|parcel|delivery|charger|shipment|"
    r"commande|livraison|colis|borne)"
)
_QUESTIONS: Final = (
    # Dutch
    rf"\bwaar (?:blijft|is|zijn|blijven) (?:\w+ ){{0,3}}{_ORDER}",
    rf"\bwanneer (?:\w+ ){{0,4}}{_ORDER}\b.{{0,60}}(?:geleverd|bezorgd|verzonden|verwacht|binnen|komt|aankom)",
    rf"\bwanneer (?:wordt|komt|kan|krijg|ontvang|levert|leveren|bezorg)\w*\b.{{0,60}}{_ORDER}",
    rf"\b(?:status|stand van zaken|voortgang) (?:van|over|met|rond|m\.b\.t\.)\b.{{0,30}}{_ORDER}",
    r"\b(?:orderstatus|bestelstatus|track ?(?:&|and|en) ?trace)\b",
    rf"\b(?:mijn|onze|de) {_ORDER}\b.{{0,60}}\b(?:nog (?:steeds )?niet|nog altijd niet|nog geen) .{{0,30}}"
    r"(?:ontvangen|binnen|gehad|geleverd|bezorgd|verzonden)",
    rf"\bhoe (?:staat|zit) het (?:met|rond) .{{0,20}}{_ORDER}",
    # English
    rf"\bwhere(?: is|'s|’s| are| does) (?:\w+ ){{0,3}}{_ORDER}",
    rf"\bwhen (?:will|can|is|does|do|should) .{{0,40}}{_ORDER}\b.{{0,60}}(?:arrive|deliver|ship|come|sent|here)",
    rf"\bwhen (?:will|can|do) (?:i|we|you) .{{0,30}}(?:receive|expect|get|deliver|ship) .{{0,30}}{_ORDER}",
    rf"\b(?:status|update|progress|eta) (?:of|on|for|about) .{{0,30}}{_ORDER}",
    r"\border status\b",
    rf"\b(?:my|our|the) {_ORDER}\b.{{0,60}}\b(?:not|n't|n’t|never|yet to) .{{0,20}}(?:arrive|deliver|ship|receive|come)",
    # French
    rf"\b(?:où en est|où est|où se trouve) .{{0,20}}{_ORDER}",
    rf"\bquand (?:\w+[ -]){{0,6}}.{{0,20}}{_ORDER}",
    rf"\b(?:état|statut|suivi|avancement|nouvelles) (?:de|d['’]) ?.{{0,20}}{_ORDER}",
    rf"\b(?:ma|notre|la|mon|le) {_ORDER}\b.{{0,60}}\b(?:pas encore|toujours pas|jamais) .{{0,20}}(?:reçu|arriv|livr|expédi)",
    rf"\bpas (?:encore |toujours )?reçu .{{0,20}}{_ORDER}",
)
_ASKED: Final = re.compile("|".join(_QUESTIONS), re.I | re.S)
_NUMBER: Final = re.compile(
    r"(?:bestel(?:ling|nummer|nr)|order(?:nummer|number|nr)?|commande|opdracht(?:nummer)?|aanvraag)"
    r"\s*+(?:(?:nummer|number|nr|no|n°|numéro)\s*+)?(?:\.\s*+)?(?:(?:is|:|=|van)\s*+)?(?:#\s*+)?"
    r"((?:[A-Z]{1,5}-?)?\d[\d-]{2,17}\d)\b"
    r"|#\s?((?:[A-Z]{1,5}-?)?\d[\d-]{2,17})\b"
    r"|\b([A-Z]{2,5}-\d{2,4}-?\d{2,10})\b",
    re.I,
)


@dataclass(frozen=True)
class OrderQuestion:
    """A question about an order. `number` is the order number as it was written, "" for none."""

    number: str = ""


def find_order_question(subject: str, text: str) -> OrderQuestion | None:
    """Return the question about an order in a message, or None. Quoted text is ignored."""
    said = " ".join(own_text(text[:MOST_READ]).split())
    if _ASKED.search(said) is None and _ASKED.search(subject) is None:
        return None
    found = _NUMBER.search(said) or _NUMBER.search(subject)
    return OrderQuestion(next((part for part in found.groups() if part), "") if found else "")
