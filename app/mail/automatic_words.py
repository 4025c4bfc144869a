"""List the words that automatic mail begins with, in the languages of our users and their neighbours."""

from __future__ import annotations

import re
from typing import Final


def _any_of(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


# Put there by mail programs: the phrase and a colon (or a bracket) before the subject answered.
MARKED_SUBJECT: Final = re.compile(
    r"\s*+(?:\[\s*+)?"
    + _any_of(
        r"automatic(?:ally generated)? (?:reply|response|answer)",
        r"auto(?:mated|matische)?[- ]?(?:reply|response|responder|antwoord|antwort)",
        r"automatisch (?:antwoord|bericht)",
        r"automatische (?:antwort|afwezigheidsmelding|reactie|beantwoording|empfangsbestätigung|ontvangstbevestiging)",
        r"out[- ]of[- ](?:the[- ])?office(?: auto-?reply| notification| message| response)?",
        r"out[- ]of[- ]office",
        r"réponse automatique(?: d'absence)?",
        r"reponse automatique",
        r"message d'absence",
        r"abwesenheits(?:notiz|nachricht|benachrichtigung|meldung|assistent)",
        r"afwezigheids(?:melding|bericht|assistent)",
        r"respuesta autom[aá]tica",
        r"risposta automatica",
        r"resposta autom[aá]tica",
        r"autosvar",
        r"automatiskt? (?:svar|svarsmeddelande)",
        r"automaattinen vastaus",
        r"odpowiedź automatyczna",
        r"automatick[aá] odpov[eě]ď",
        r"otomatik yan[ıi]t",
        r"自动回复",
        r"自動回覆",
        r"自動返信",
        r"автоответ",
        r"vacation (?:reply|notice|message|auto-?reply)",
    )
    + r"\s*(?:[\]:：]|$)",
    re.I,
)
# People use these words too ("Afwezig dinsdag, graag andere dag"), so a second sign is asked for.
WEAK_SUBJECT: Final = re.compile(
    r"\s*+(?:\[\s*+)?"
    + _any_of(
        r"out of (?:the )?office",
        r"ooo\b",
        r".{2,60}\bis (?:currently )?(?:out of (?:the )?office|afwezig|niet op kantoor)",
        r".{2,60}\b(?:ist (?:derzeit )?(?:außer haus|abwesend|nicht im büro)|est (?:actuellement )?absent(?:e|\(e\))?\b)",
        r"(?:automatic|automated|auto|automatische?|réponse) ?-?(?:reply|response|antwoord|antwort|automatique)\s*[-–]",
        r"i am (?:currently )?(?:away|out|on (?:holiday|vacation|leave))",
        r"on (?:holiday|vacation|leave)",
        r"away (?:from|until)",
        r"vacation",
        r"(?:ik ben )?(?:momenteel |tijdelijk )?(?:afwezig|niet aanwezig|met vakantie|op vakantie)",
        r"afwezigheid",
        r"vakantie",
        r"niet op kantoor",
        r"(?:ich bin )?(?:derzeit |nicht im büro|abwesend|im urlaub|außer haus)",
        r"abwesenheit",
        r"(?:je suis |bureau )?(?:absente?|en congés?|en vacances|fermé)",
        r"absence",
        r"fermeture",
        r"(?:kantoor|wij zijn|we zijn) gesloten|(?:office|we are) closed|betriebsferien|elternzeit|parental leave|met verlof",
        r"ontvangstbevestiging",
        r"w(?:e|ij) hebben (?:uw|je) (?:bericht|e-mail|mail|aanvraag|vraag) (?:goed )?ontvangen",
        r"uw (?:melding|aanvraag|vraag|bericht|e-?mail|verzoek) .{0,20}is (?:ontvangen|geregistreerd|bij ons binnen)",
        r"bedankt voor (?:je|uw) (?:bericht|e-mail|mail)",
        r"thank you for (?:contacting|your (?:e-?mail|message))",
        r"we(?:'ve| have) received your",
        r"(?:case|ticket|request) (?:received|created)|.{0,8}your (?:case|ticket) \d+",
        r"eingangsbestätigung",
        r"accusé de réception",
        r"(?:confirmation de réception|votre demande a (?:bien )?été (?:reçue|enregistrée))",
        r"wir haben ihre (?:nachricht|anfrage|e-?mail) erhalten",
    ),
    re.I,
)
# Receipts and failures as Outlook and servers title them: "Read: …", "Gelezen: …", "Undeliverable: …".
SYSTEM_SUBJECT: Final = re.compile(
    r"\s*"
    + _any_of(
        r"read:",
        r"gelezen:",
        r"lu\s?:",
        r"gelesen:",
        r"not read:",
        r"niet gelezen:",
        r"ungelesen:",
        r"non lu\s?:",
        r"recall:",
        r"undeliverable",
        r"onbestelbaar",
        r"unzustellbar",
        r"non remis",
        r"delivery status notification",
        r"returned mail",
        r"failure notice",
        r"mail delivery (?:failed|failure|system)",
        r"delivered:",
        r"bezorgd:",
    ),
    re.I,
)
AWAY_TEXT: Final = re.compile(
    _any_of(
        r"(?:out of|away from|not in|back in) (?:the |my )?office",
        r"(?:currently|i am|i'm|i will be|i'll be) (?:\w+ )?(?:out of office|away|on (?:holiday|vacation)|travell?ing)",
        r"on (?:annual |parental |sick |maternity )leave",
        r"limited access to (?:my )?(?:e-?mail|mail)",
        r"(?:automatic|automated|auto)[- ](?:reply|response|message|generated)",
        r"this is an automat",
        r"ik ben (?:\w+ ){0,4}(?:afwezig|niet aanwezig|niet bereikbaar|met vakantie|op vakantie|met verlof|niet op kantoor)",
        r"(?:ben ik|is) (?:\w+ ){0,3}(?:afwezig|niet aanwezig|op vakantie|met vakantie|met verlof)",
        r"(?:dit is een )?automatisch (?:bericht|antwoord|gegenereerd)",
        r"wij hebben uw (?:bericht|e-mail|mail|aanvraag) (?:in goede orde )?ontvangen",
        r"ich bin (?:\w+ ){0,5}(?:nicht im büro|abwesend|im urlaub|nicht erreichbar|außer haus)",
        r"(?:automatische|automatisch generierte) (?:antwort|nachricht)",
        r"je suis (?:\w+ ){0,3}(?:absente?|en congés?|en vacances)",
        r"(?:message|réponse) automatique",
        r"(?:we have|we've) (?:received|logged) your (?:e-?mail|message|request|enquiry)",
        r"your (?:request|ticket|enquiry|message|case)\b.{0,20}(?:has been|was) (?:received|logged|created|registered)",
        r"(?:receipt of your|thank you for contacting)",
        r"uw (?:e-?mail|bericht|aanvraag|melding|verzoek|vraag) is .{0,30}(?:ontvangen|geregistreerd)",
        r"nous avons bien reçu votre (?:demande|message|e-?mail)|votre demande .{0,20}(?:reçue|enregistrée)",
        r"(?:ihre ticketnummer|ihre anfrage wurde|ihre (?:nachricht|anfrage|e-?mail) .{0,20}(?:erhalten|eingegangen|erfasst))",
        r"ich werde .{0,40}nicht im büro sein|ich befinde mich .{0,20}im urlaub",
        r"je serai absente?(?:\(e\))?|bureau est fermé|en formation",
        r"(?:ik ben|we zijn|wij zijn) .{0,20}(?:gesloten|dicht|op cursus)|office is closed|büro ist .{0,30}geschlossen",
    ),
    re.I,
)
# What an absence message says besides: who reads no mail says so, names a colleague or promises an answer.
PROMISE_TEXT: Final = re.compile(
    _any_of(
        r"(?:lees|beantwoord|bekijk)(?: ik)? (?:dan |nu )?(?:geen|niet|mijn) (?:e-?)?mail",
        r"toegang tot (?:mijn )?(?:e-?)?mail",
        r"(?:neemt?|kunt) (?:dan |u |je )?(?:voor .{3,40} )?contact op(?:nemen)? met",
        r"(?:bij|na) (?:mijn )?(?:terugkomst|terugkeer)",
        r"(?:mail|bericht) wordt (?:niet )?(?:doorgestuurd|gelezen)",
        r"(?:in|bij|voor) (?:dringende|spoed)",
        r"automati(?:sch|c|que)",
        r"access to (?:my )?e?-?mail",
        r"(?:please )?contact (?:my colleague|our|\S+@\S+)",
        r"(?:upon|on|after) my return|when i (?:return|am back|get back)",
        r"(?:for|in case of|if) .{0,20}urgent",
        r"will (?:reply|respond|get back|answer)",
        r"in dringenden fällen",
        r"(?:e-?mails? (?:wird|werden)) nicht (?:gelesen|weitergeleitet)",
        r"nach meiner rückkehr",
        r"en cas d['’]urgence",
        r"à mon retour",
        r"binnen (?:twee|drie|\d+) (?:werk)?(?:dagen|uur)",
        r"within \d+ (?:business |working )?(?:days|hours)",
        r"onder nummer|als melding|referentienummer|zo spoedig mogelijk|met vakantie .{0,60}(?:weer|terug)|kom terug",
        r"being reviewed|to add comments|will not return until|as soon as possible|reference number|reopen",
        r"je répondrai|de retour le|sous le numéro|dès la réouverture",
        r"ich kehre zurück|wieder (?:erreichbar|für sie da)|ticketnummer|unter \d+ erfasst|vertretung:",
    ),
    re.I,
)
# What a receipt says when it comes as words alone.
READ_TEXT: Final = re.compile(
    _any_of(
        r"(?:is|was) gelezen op",
        r"was (?:read|displayed|deleted without being read) on",
        r"a été lu le",
        r"wurde .{0,40}gelesen",
        r"is (?:niet gelezen|verwijderd zonder te zijn gelezen)",
    ),
    re.I,
)
