"""Patterns of promises in Dutch, English and French: the words for committing to something, and for days."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_FLAGS: Final = re.IGNORECASE


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, _FLAGS) for pattern in patterns)


@dataclass(frozen=True)
class Language:
    """The patterns of one language. `commits`: we promise to do something. `denies`: the same clause withdraws the promise.

    The other patterns are for the ways to name a day. `weekdays` and `months` are names in order.
    """

    commits: tuple[re.Pattern[str], ...]
    denies: re.Pattern[str]
    offers: re.Pattern[str]  # found in the sentence, it depends on what the reader wants
    today: re.Pattern[str]
    tomorrow: re.Pattern[str]
    day_after: re.Pattern[str]
    this_week: re.Pattern[str]
    next_week: re.Pattern[str]
    within: re.Pattern[str]  # groups: count, working, unit
    weekday: re.Pattern[str]
    date: re.Pattern[str]  # groups: day, month
    weekdays: tuple[str, ...]
    months: tuple[str, ...]


NUMBERS: Final = {
    **dict.fromkeys(("one", "an", "a", "een", "één", "un", "une"), 1),
    **dict.fromkeys(("two", "twee", "deux"), 2),
    **dict.fromkeys(("three", "drie", "trois"), 3),
    **dict.fromkeys(("four", "vier", "quatre"), 4),
    **dict.fromkeys(("five", "vijf", "cinq"), 5),
}
_NUMBER: Final = rf"(?P<count>\d{{1,2}}|{'|'.join(NUMBERS)})"


def _days(weekdays: str, months: str, *, after: str = "", ordinal: str = "") -> dict[str, object]:
    names, of_year = tuple(weekdays.split()), tuple(months.split())
    day, month = rf"(?P<day>[0-3]?\d){ordinal}", rf"(?P<month>{'|'.join(of_year)})"
    return {
        "weekdays": names,
        "months": of_year,
        "weekday": re.compile(rf"\b(?P<name>{'|'.join(names)}){after}\b", _FLAGS),
        "date": re.compile(rf"\b{day}\s+(?:of\s+)?{month}\b", _FLAGS),
    }


def _some(count: int) -> str:
    """Return a regular expression for 0 to `count` words."""
    return rf"(?:\s+[\w'’-]+){{0,{count}}}?"


_EN_DOES: Final = (
    r"(?:call|ring|phone|(?:get|come) back|reply|respond|answer|let (?:you|u) know|send|e-?mail|mail|text|update|inform"
    r"|follow up|contact|(?:be|get) in touch|reach out|confirm|have (?:an answer|news))\b"
)
ENGLISH: Final = Language(
    commits=_compiled(
        r"\b(?:i|we)(?:['’]ll|\s+will|\s+shall|(?:['’]m|\s+am|['’]re|\s+are)\s+going\s+to|\s+promise\s+to)"
        rf"{_some(5)}\s+{_EN_DOES}",
        rf"\byou(?:['’]ll|\s+will){_some(2)}\s+hear\b{_some(4)}\s+from\s+(?:us|me)\b",
    ),
    denies=re.compile(
        r"\b(?:not|never|cannot|unable|no longer)\b|n['’]t\b|\byou\s+(?:said|told|wrote|promised|asked|mentioned)\b", _FLAGS
    ),
    offers=re.compile(r"\bif\s+you\s+(?:['\w]+\s+)?(?:like|want|wish|prefer)\b", _FLAGS),
    today=re.compile(r"\btoday\b|\btonight\b|\bthis\s+(?:morning|afternoon|evening)\b|\bend\s+of\s+the\s+day\b", _FLAGS),
    tomorrow=re.compile(r"(?<!day after )\btomorrow\b", _FLAGS),
    day_after=re.compile(r"\bday after tomorrow\b", _FLAGS),
    this_week=re.compile(r"\b(?:later\s+)?this\s+week\b", _FLAGS),
    next_week=re.compile(r"\bnext\s+week\b", _FLAGS),
    within=re.compile(
        rf"\b(?:with)?in\s+(?:the\s+next\s+)?{_NUMBER}\s+(?P<working>(?:working|business)\s+)?(?P<unit>hour|day|week)s?\b", _FLAGS
    ),
    **_days(  # type: ignore[arg-type]
        "monday tuesday wednesday thursday friday saturday sunday",
        "january february march april may june july august september october november december",
        ordinal="(?:st|nd|rd|th)?",
    ),
)

_NL_WE: Final = r"(?:ik|we|wij)"
_NL_DOES: Final = r"(?:e-?mail|mail|bel|stuur|antwoord|reageer|bericht|app)"
_NL_DO: Final = r"(?:e-?mailen|mailen|bellen|sturen|antwoorden|reageren|berichten|appen)"
_NL_SPLIT: Final = (
    ("kom(?:en)?", "terug"),
    ("la(?:at|ten)", "(?:weten|horen)"),
    ("ne(?:em|men)", "contact"),
    ("ge(?:ef|ven)", "(?:antwoord|bericht|door|uitsluitsel)"),
    ("zoek(?:en)?", "uit"),
    ("ho(?:ud|u|uden)", "op\\s+de\\s+hoogte"),
)
_NL_ENDS: Final = (
    r"(?:terug)?bellen|(?:terug)?mailen|(?:toe|op|door)?sturen|terugkomen|terug\s+te\s+(?:bellen|komen|mailen)|te\s+(?:bellen|mailen"
    r"|sturen|antwoorden|reageren)|weten|contact|opnemen|(?:be)?antwoorden|reageren|berichten|melden|uitzoeken|nakijken|informeren"
    r"|doorgeven|bevestigen|appen"
)
_NL_WILL: Final = r"(?:zal|zullen|ga|gaan|beloof|beloven)"
DUTCH: Final = Language(
    commits=_compiled(
        rf"\b{_NL_WE}\s+(?:{_NL_DOES}|{_NL_DO})\b",
        rf"\b(?:{_NL_DOES}|{_NL_DO})\s+{_NL_WE}\b",
        *(rf"\b(?:{_NL_WE}\s+{verb}|{verb}\s+{_NL_WE})\b{_some(9)}\s+(?:er\s+|hier\s+)?{end}\b" for verb, end in _NL_SPLIT),
        rf"\b(?:{_NL_WE}\s+{_NL_WILL}|{_NL_WILL}\s+{_NL_WE})\b{_some(9)}\s+(?:{_NL_ENDS})\b",
        rf"\b(?:(?:u|je|jij|jullie)\s+(?:hoort|hoor|horen)|(?:hoort|hoor|horen)\s+(?:u|je|jij|jullie))\b{_some(6)}\s+van\s+(?:ons|mij|me)\b",
        rf"\b(?:(?:u|je)\s+wordt|wordt\s+u|word\s+je)\b{_some(6)}\s+(?:terug)?gebeld\b",
    ),
    denies=re.compile(
        r"\b(?:niet|nooit|geen|niets|niks|nergens|onmogelijk|kan|kunnen|zou|zouden|heb|hebben|hierbij|bijgaand|bijlage)\b"
        r"|\b(?:u|je|jij|jullie)\s+(?:\w+\s+)?(?:zei|beloofde|beloofd|schreef|vroeg|gezegd|geschreven)\b"
        r"|\b(?:hebt|heeft|had)\s+(?:u|je|jij)\b",
        _FLAGS,
    ),
    offers=re.compile(
        r"\b(?:als|indien|mocht)\s+(?:u|je|jij|jullie)\s+(?:\w+\s+){0,2}(?:wilt?|wenst?|liever)\b|\bdesgewenst\b", _FLAGS
    ),
    today=re.compile(r"\bvandaag\b|\bvan(?:ochtend|middag|avond)\b|\bstraks\b", _FLAGS),
    tomorrow=re.compile(r"(?<!goede )(?<!goeden )\bmorgen(?:ochtend|middag|avond|vroeg)?\b", _FLAGS),
    day_after=re.compile(r"\bovermorgen\b", _FLAGS),
    this_week=re.compile(r"\bdeze\s+week\b", _FLAGS),
    next_week=re.compile(r"\b(?:volgende|komende)\s+week\b", _FLAGS),
    within=re.compile(
        rf"\b(?:binnen|over)\s+(?:de\s+)?{_NUMBER}\s+(?P<working>werk)?(?P<unit>uur|uren|dag|dagen|week|weken)\b", _FLAGS
    ),
    **_days(  # type: ignore[arg-type]
        "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
        "januari februari maart april mei juni juli augustus september oktober november december",
        after="(?:ochtend|morgen|middag|avond)?",
    ),
)

_FR_DOES: Final = (
    r"(?:(?:rappelle|rappelons)(?!\s+(?:(?:que|votre|vos|notre|nos|le(?!\s+\d)|la(?!\s+semaine)|les|ce|cet|cette)\b|qu['’]|l['’]))"
    r"|rappeller(?:ai|ons|a)|appel(?:le|ons|lerai|lerons)|recontact(?:e|ons)|(?:re)?contacter(?:ai|ons)|répon(?:ds|dons|drai|drons)"
    r"|écrir(?:ai|ons)|envo(?:ie|yons)|enverr(?:ai|ons)|transmettr(?:ai|ons)|revi(?:ens|endrai|endrons)|revenons"
    r"|tien(?:s|drai|drons)|tenons|confirmer(?:ai|ons)|informer(?:ai|ons)|fer(?:ai|ons)|donner(?:ai|ons)|prendr(?:ai|ons))\b"
)
_FR_DO: Final = (
    r"(?:rappeler|appeler|(?:re)?contacter|répondre|écrire|envoyer|transmettre|revenir|tenir|confirmer|informer"
    r"|prendre\s+contact)\b"
)
FRENCH: Final = Language(
    commits=_compiled(
        rf"\b(?:je|nous|on)(?:\s+(?:vous|te|nous|la|le|les|lui|y|en)|\s+t['’]){{0,3}}\s*{_FR_DOES}",
        rf"\b(?:je\s+vais|nous\s+allons|on\s+va){_some(3)}\s+{_FR_DO}",
        rf"\bvous\s+(?:aurez|recevrez)\b{_some(6)}\s+(?:nouvelles|réponse)\b",
    ),
    denies=re.compile(
        r"\bne\b|\bn['’]|\bpas\b|\bjamais\b|\bimpossible\b|\bci-jointe?s?\b|\bvous\s+(?:m['’]|nous\s+|me\s+)?(?:avez|aviez)\b|\bdisiez\b",
        _FLAGS,
    ),
    offers=re.compile(r"\bsi\s+vous\s+(?:le\s+)?(?:voulez|souhaitez|désirez|préférez)\b", _FLAGS),
    today=re.compile(
        r"\baujourd['’]hui\b|\bce\s+(?:soir|matin)\b|\bcet\s+après-midi\b|\bdans\s+la\s+journée\b|\btout\s+à\s+l['’]heure\b",
        _FLAGS,
    ),
    tomorrow=re.compile(r"(?<!après-)(?<!après )\bdemain\b", _FLAGS),
    day_after=re.compile(r"\baprès[- ]demain\b", _FLAGS),
    this_week=re.compile(r"\bcette\s+semaine\b", _FLAGS),
    next_week=re.compile(r"\b(?:la\s+)?semaine\s+prochaine\b", _FLAGS),
    within=re.compile(
        rf"\b(?:dans|sous|d['’]ici)\s+(?:les\s+)?{_NUMBER}\s+(?P<unit>heure|jour|semaine)s?\b(?P<working>\s+ouvr(?:és|ables))?",
        _FLAGS,
    ),
    **_days(  # type: ignore[arg-type]
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        ordinal="(?:er)?",
    ),
)
LANGUAGES: Final = (DUTCH, ENGLISH, FRENCH)

# Before a day, it only names something else: "your mail of Monday".
NAMES_ANOTHER: Final = re.compile(
    r"(?:(?<!end )\bof|(?<!loop )(?<!eind )(?<!einde )\bvan|(?<!courant )(?<!fin )\b(?:de|du)|\bd['’]"
    r"|\b(?:last|past|since|afgelopen|vorige|sinds|depuis|dernier))\s*$",
    _FLAGS,
)
# Where what the writer says ends: a quote, something forwarded, a greeting, a signature.
ENDS: Final = re.compile(
    r"\s*+(?:--.*+|_{5,}+"
    r"|(?:on|op|le)\b.{4,120}\b(?:wrote|schreef|a\s+écrit)\b.{0,80}:"
    r"|(?:from|van|de)\s*+:[^@\n]*+@.*+"
    r"|(?:met\s++)?(?:(?:vriendelijke|hartelijke|beste|sportieve)\s*+)?(?:groet|groeten|groetjes)\b.*+|mvg\b.*+"
    r"|(?:kind|best|warm)\s++regards\b.*+|regards\b.*+|yours\s++(?:sincerely|faithfully|truly)\b.*+|cheers\b.{0,30}"
    r"|(?:bien\s++)?cordialement\b.*+|bien\s++à\s++vous\b.*+|(?:sincères\s++)?salutations\b.*+)\s*+",
    _FLAGS,
)
CLOCK: Final = re.compile(
    r"\b(?:at|around|before|by|om|rond|voor|tegen|vanaf|à|vers|avant)\s+(?P<hour>[01]?\d|2[0-3])"
    r"(?:(?:[:.]|\s?h\s?)(?P<minute>[0-5]\d)(?:\s*(?:uur|u))?|\s*(?:uur|u|h|heures?|o['’]clock))?\s*(?P<half>[ap]\.?m\b\.?)?(?!\w)(?!\s*(?:%|€|\d|(?:euro|kw|kwh|km|kg|procent|per\s?cent)\b))",
    _FLAGS,
)
# Somebody will be on the phone.
CALLS: Final = re.compile(
    r"\b(?:call|ring|phone|(?:terug)?bel(?:len|t)?|(?:terug)?gebeld|r?appel(?:le|ons|lons|er|ler|lerai|lerons))\b", _FLAGS
)
