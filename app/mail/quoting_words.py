"""List how mail programs mark quotes, forwards and signatures, in the languages of our users and their neighbours."""

from __future__ import annotations

import re
from typing import Final


def _any_of(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


# "On Sat, Nov 21, 2026 at 10:30 AM Jan <jan@example.nl> wrote:", one to three lines joined by blanks.
ATTRIBUTION: Final = re.compile(
    r"\s*"
    + _any_of(
        r"On\b.{5,400}\bwrote\s?:",
        r"Op\b.{5,400}\b(?:schreef\b.{0,200}|heeft\b.{0,200}\bgeschreven)\s?:",
        r"Am\b.{5,400}\b(?:schrieb\b.{0,200}|geschrieben)\s?:",
        r"Le\b.{5,400}\ba écrit\s?:",
        r"El\b.{5,400}\bescribió\s?:",
        r"Il\b.{5,400}\bha scritto\s?:",
        r"Em\b.{5,400}\bescreveu\s?:",
        r"Den\b.{5,400}\bskrev\b.{0,200}:",
    )
    + r"\s*",
    re.I,
)
# The same with the name in front. On one line only: joined with the lines above it would swallow what was written there.
ATTRIBUTION_LINE: Final = re.compile(
    r"\s*"
    + _any_of(
        r".{1,200}\b(?:wrote|schreef|schrieb|a écrit)\s(?:on|op|am|le)\b.{5,80}:",
        r".{0,200}<[^<>\s]{1,200}@[^<>\s]{1,200}>\s?(?:wrote|schreef|schrieb|writes|a écrit|het volgende geschreven)\s?:",
    )
    + r"\s*",
    re.I,
)
# Cheap questions first: only a line for which one of these holds can introduce a quote.
MAY_INTRODUCE: Final = re.compile(
    r"\s*+(?:(?:\*\s*+)?(?:on|op|am|le|el|il|em|den|from|van|von|de|da|från|fra)\b|[-_=*]{2})", re.I
)
WROTE: Final = ("wrote", "schreef", "schrieb", "écrit", "writes", "geschreven")
_DASHES: Final = r"\s*+(?:-{2,}+|_{2,}+|={2,}+|\*{2,}+)\s*+"
ORIGINAL: Final = re.compile(
    _DASHES
    + _any_of(
        r"original (?:message|e-?mail|appointment)",
        r"oorspronkelijk(?:e)? (?:bericht|e-?mail|afspraak)",
        r"origineel bericht",
        r"(?:ursprüngliche|original)[- ]?(?:nachricht|mail)",
        r"message (?:d'origine|d’origine|original|initial)",
        r"mensaje original",
        r"messaggio originale",
        r"mensagem original",
        r"(?:oprindelig besked|opprinnelig melding|ursprungligt meddelande|alkuperäinen viesti)",
        r"reply message",
    )
    + _DASHES,
    re.I,
)
FORWARD: Final = re.compile(
    r"\s*+(?:[-_=]{2,}+\s*+)?"
    + _any_of(
        r"(?:begin )?forwarded message",
        r"(?:begin )?doorgestuurd bericht",
        r"(?:anfang der )?weitergeleiteten? (?:nachricht|mail)",
        r"(?:début du )?message (?:transféré|réexpédié)",
        r"mensaje reenviado",
        r"messaggio inoltrato",
    )
    + r"\s*+(?::\s*+)?(?:[-_=]{2,}+\s*+)?",
    re.I,
)
RULE: Final = re.compile(r"\s*(?:_{10,}|-{10,}|={10,})\s*")
_LABEL: Final = r"\s*+(?:\*\s*+)?(?:{})\s*+:\s*+(?:\*\s*+)?\S"
FROM_LINE: Final = re.compile(_LABEL.format("from|van|von|de|da|från|fra"), re.I)
SENT_LINE: Final = re.compile(
    _LABEL.format("sent|date|verzonden|verstuurd|datum|gesendet|envoyé|inviato|enviado|skickat|sendt"), re.I
)
TO_LINE: Final = re.compile(_LABEL.format("to|aan|an|à|a|cc|kopie|till|til|para"), re.I)
SUBJECT_LINE: Final = re.compile(
    r"\s*+(?:\*\s*+)?(?:subject|onderwerp|betreff|objet|oggetto|asunto|assunto|ämne|emne)\s*+:", re.I
)
# The sender says himself that the answer, or the point, is further down.
POINTS_BELOW: Final = re.compile(
    r"\b"
    + _any_of(
        r"zie (?:mijn \w+ )?(?:hier)?onder",
        r"hieronder",
        r"onderstaand",
        r"tussen (?:de regels|haakjes)",
        r"in (?:het )?(?:rood|blauw|groen|geel|red|blue|green|rot|blau|grün|rouge|bleu)",
        r"below",
        r"in-?line",
        r"siehe unten",
        r"weiter unten",
        r"untenstehend",
        r"ci-dessous",
        r"fyi",
        r"ter info(?:rmatie)?",
        r"ter kennisname",
        r"t\.?k\.?n",
        r"zur info(?:rmation|s)?",
        r"pour info(?:rmation)?",
        r"doorgestuurd",
        r"forwarded",
    )
    + r"\b",
    re.I,
)
SIGNATURE_MARK: Final = re.compile(r"--[ \u00a0]?\s*")
DEVICE_LINE: Final = re.compile(
    r"\s*"
    + _any_of(
        # With a word for "from" behind it and no comma before the device: "Sent my phone back" and "Sent it, mail me" are words.
        r"(?:sent|verzonden|verstuurd|gesendet|envoyé|enviado|inviato)\s(?:from|with|via|using|through|vanaf|vanuit|van|met|uit"
        r"|von|vom|mit|über|aus|depuis|de|du|à|avec|desde|do|da|dal|con|tramite|a)\b[^,]{0,25}\b(?:iphone|ipad|android"
        r"|samsung|galaxy|blackberry|huawei|xiaomi|smartphone|telefoon|handy|mobiltelefon|mobile|mobiel\w*|outlook|mail"
        r"|gmail|yahoo|proton\w*|windows|phone|portable|toestel|tablet)\b.{0,60}",
        r"(?:get|download) outlook (?:for|voor|für|pour) (?:ios|android|mac)\b.{0,80}",
        r"(?:outlook (?:voor|for|für|pour) (?:ios|android|mac)).{0,60}(?:downloaden|herunterladen|télécharger|get).{0,20}",
        r"von meinem .{0,40} gesendet\.?",
        r"diese nachricht wurde von meinem .{0,40} gesendet\.?",
        r"verzonden met .{0,30}(?:proton|gmx|mail).{0,40}",
    )
    + r"\s*",
    re.I,
)
DISCLAIMER: Final = re.compile(
    _any_of(
        r"(?:this|the information (?:contained )?in this) (?:e-?mail|message"
        r"|communication)\b.{0,200}\b(?:confidential|privileged|intended (?:only|solely|recipient)"
        r"|intended for)",
        r"if you (?:are not the intended recipient|have received this (?:e-?mail|message|communication) in error)",
        r"(?:dit|de informatie (?:verzonden|in|in dit|opgenomen in).{0,20}"
        r"|de inhoud van dit) ?(?:e-?mail)?(?:bericht|e-?mail)?.{0,200}(?:vertrouwelijk"
        r"|uitsluitend (?:bestemd|bedoeld)|alleen bestemd)",
        r"(?:indien|als) u dit (?:bericht|e-?mailbericht|e-?mail|mailtje) (?:ten onrechte|per abuis|abusievelijk|onbedoeld)",
        r"aan (?:dit bericht|deze e-?mail|de inhoud van dit bericht) kunnen geen rechten",
        r"diese (?:e-?mail|nachricht) (?:enthält|ist|kann).{0,120}vertraulich",
        r"wenn sie nicht der (?:richtige|beabsichtigte) (?:adressat|empfänger)",
        r"ce (?:message|courriel|mail|courrier électronique)\b.{0,200}(?:confidentiel|destinataires?)",
        r"si vous (?:avez reçu ce (?:message|courriel)|n['’]êtes pas le destinataire)",
        r"(?:please )?(?:consider|think of) the environment before printing",
        r"denk (?:aan|a\.u\.b\. aan) het milieu",
        r"bitte (?:denken sie an die|prüfen sie|schonen sie) .{0,40}(?:umwelt|ausdruck)",
        r"pensez à l['’]environnement",
    ),
    re.I | re.S,
)
BANNER: Final = re.compile(
    r"\s*+[\[*]*+\s*+"
    + _any_of(
        r"(?:caution|warning|let op|opgelet|achtung|attention)\s?[:!].{0,80}(?:external|outside|extern|buiten|außerhalb|externe)",
        r"external (?:e-?mail|sender|message)\s?[:!]",
        r"(?:this|dit|deze|diese) (?:e-?mail|bericht|mail|message).{0,30}(?:originated|is afkomstig|komt"
        r"|kommt|stammt).{0,20}(?:outside|buiten|außerhalb|extern)",
        r"u (?:ontvangt|krijgt) niet vaak e-?mail van",
        r"(?:you|some people who received this message) don.t often get e?-?mail from",
        r"sie erhalten nicht (?:oft|häufig) eine? e-?mail von",
    ),
    re.I | re.S,
)
