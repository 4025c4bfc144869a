"""The words automatic mail begins with, in the languages of our users and their neighbours."""

from __future__ import annotations

import re
from typing import Final


def _any_of(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


# Put there by mail programs: the phrase and a colon (or a bracket) before the subject answered.
MARKED_SUBJECT: Final = re.compile(
    r"\s*\[?\s*"
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
        r"automatisk (?:svar|svarsmeddelande)",
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
    + r"\s*(?:[\]:：]|-\s|–\s|$)",
    re.I,
)
# People use these words too ("Afwezig dinsdag, graag andere dag"), so a second sign is asked for.
WEAK_SUBJECT: Final = re.compile(
    r"\s*\[?\s*"
    + _any_of(
        r"out of (?:the )?office",
        r"ooo\b",
        r".{2,60}\bis (?:currently )?(?:out of (?:the )?office|afwezig|niet op kantoor)",
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
        r"(?:je suis )?(?:absente?|en congés?|en vacances)",
        r"absence",
        r"ontvangstbevestiging",
        r"we hebben uw (?:bericht|e-mail|mail) ontvangen",
        r"bedankt voor (?:je|uw) (?:bericht|e-mail|mail)",
        r"thank you for (?:contacting|your (?:e-?mail|message))",
        r"we(?:'ve| have) received your",
        r"eingangsbestätigung",
        r"accusé de réception",
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
        r"(?:we have|we've) received your (?:e-?mail|message|request|enquiry)",
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
    ),
    re.I,
)
