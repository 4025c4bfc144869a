"""Write the texts of a survey in the customer's language, and read scores from answers.

The texts are here in all three languages, because they do not follow the language of a page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

from app.domain.surveys.models import SCORES, SurveyKind

LANGUAGES: Final = ("nl", "en", "fr")
LONGEST: Final = 300
QUESTIONS: Final[Mapping[SurveyKind, Mapping[str, str]]] = {
    SurveyKind.CSAT: {
        "nl": "Hoe tevreden bent u over hoe wij u hebben geholpen?",
        "en": "How satisfied are you with how we helped you?",
        "fr": "Êtes-vous satisfait de la façon dont nous vous avons aidé ?",
    },
    SurveyKind.NPS: {
        "nl": "Hoe waarschijnlijk is het dat u ons aanbeveelt bij anderen?",
        "en": "How likely are you to recommend us to others?",
        "fr": "Quelle est la probabilité que vous nous recommandiez à votre entourage ?",
    },
}
SCORE_WORDS: Final = {
    "nl": ("Heel slecht", "Slecht", "Gaat wel", "Goed", "Heel goed"),
    "en": ("Very bad", "Bad", "So-so", "Good", "Very good"),
    "fr": ("Très mauvais", "Mauvais", "Moyen", "Bon", "Très bon"),
}
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "nl": {
        "subject": "Hoe hebben wij u geholpen?",
        "hello": "Beste {name},",
        "nobody": "Beste klant,",
        "intro": "Onlangs hielpen wij u met: {subject}.",
        "choose": "Kies een antwoord; u bevestigt het daarna op onze pagina:",
        "again": "Wij vroegen u dit een paar dagen geleden. Dit is de enige herinnering.",
        "stop": "Liever geen vragen meer? Dat kan hier: {url}",
        "chat": "Antwoord met 1 (heel slecht) tot en met 5 (heel goed), of hier: {url}",
        "link": "U antwoordt hier: {url}",
        "pick": "Kies een cijfer",
        "good": "heel waarschijnlijk",
        "bad": "heel onwaarschijnlijk",
    },
    "en": {
        "subject": "How did we help you?",
        "hello": "Dear {name},",
        "nobody": "Dear customer,",
        "intro": "We recently helped you with: {subject}.",
        "choose": "Choose an answer; you confirm it on our page:",
        "again": "We asked you this a few days ago. This is the only reminder.",
        "stop": "Rather no more questions? Say so here: {url}",
        "chat": "Answer with 1 (very bad) to 5 (very good), or here: {url}",
        "link": "You answer here: {url}",
        "pick": "Choose a score",
        "good": "very likely",
        "bad": "not at all likely",
    },
    "fr": {
        "subject": "Comment vous avons-nous aidé ?",
        "hello": "Bonjour {name},",
        "nobody": "Bonjour,",
        "intro": "Nous vous avons récemment aidé pour : {subject}.",
        "choose": "Choisissez une réponse ; vous la confirmez ensuite sur notre page :",
        "again": "Nous vous avons posé cette question il y a quelques jours. C’est le seul rappel.",
        "stop": "Vous ne souhaitez plus de questions ? Dites-le ici : {url}",
        "chat": "Répondez de 1 (très mauvais) à 5 (très bon), ou ici : {url}",
        "link": "Répondez ici : {url}",
        "pick": "Choisissez une note",
        "good": "très probable",
        "bad": "pas du tout probable",
    },
}
_TYPED: Final = re.compile(r"([1-5])(?:\s?/\s?5)?[.!]?")
_CIRCLED: Final = {"①": 1, "②": 2, "③": 3, "④": 4, "⑤": 5}
_KEYCAP: Final = "\ufe0f\u20e3"


def question_of(kind: SurveyKind, questions: Mapping[str, str], language: str) -> str:
    """Return the brand's own question in this language. If it has none, return the default question."""
    return questions.get(language) or QUESTIONS[kind][language]


def word(language: str, name: str) -> str:
    return _WORDS[language][name]


def subject_words(language: str) -> str:
    return _WORDS[language]["subject"]


def mail_text(*, kind: SurveyKind, language: str, question: str, name: str, about: str, brand: str, url: str, again: bool) -> str:
    """Write the plain-text part of the mail (`mail_html` writes the formatted part). `again` is True for a reminder."""
    words = _WORDS[language]
    head = words["hello"].format(name=name) if name else words["nobody"]
    about_line = [words["intro"].format(subject=about), ""] if about and kind == SurveyKind.CSAT else []
    scores = [f"{label}: {href}" for label, href in _links(kind, language, url)]
    again_line = [words["again"], ""] if again else []
    lines = [head, "", *about_line, question, "", *again_line, words["choose"], *scores, "", brand, ""]
    return "\n".join([*lines, words["stop"].format(url=f"{url}/stop")])


def mail_html(*, kind: SurveyKind, language: str, question: str, name: str, about: str, brand: str, url: str, again: bool) -> str:
    """Write the formatted part of the mail as HTML that `clean_rich` accepts. `again` is True for a reminder."""
    words, safe = _WORDS[language], html.escape
    head = words["hello"].format(name=safe(name)) if name else words["nobody"]
    parts = [f"<p>{head}</p>"]
    if about and kind == SurveyKind.CSAT:
        parts.append(f"<p>{words['intro'].format(subject=safe(about))}</p>")
    parts.append(f"<p><strong>{safe(question)}</strong></p>")
    parts += [f"<p>{words['again']}</p>"] if again else []
    links = [f'<li><a href="{safe(href)}">{safe(label)}</a></li>' for label, href in _links(kind, language, url)]
    parts.append(f"<p>{words['choose']}</p><ul>{''.join(links)}</ul>")
    stop = f'<a href="{safe(url)}/stop">{safe(url)}/stop</a>'
    return "".join([*parts, f"<p>{safe(brand)}</p><p>{words['stop'].format(url=stop)}</p>"])


def chat_text(*, language: str, question: str, url: str) -> str:
    """Write the question for a chat or a text message."""
    return f"{question}\n{_WORDS[language]['chat'].format(url=url)}"


def choice_titles(language: str) -> tuple[str, ...]:
    """Return the titles of the rows in a chat list with the scores 5 to 1, at most 24 characters each."""
    return tuple(f"{score} {SCORE_WORDS[language][score - 1]}" for score in range(5, 0, -1))


def read_score(text: str) -> int | None:
    """Return the score if the whole message is a score ("4", "4/5", "④", "★★★★" or a tapped list row). Return None for any
    other text."""
    said = text.strip().replace(_KEYCAP, "").strip()
    if said in _TAPPED:
        return _TAPPED[said]
    if said in _CIRCLED:
        return _CIRCLED[said]
    if said and set(said) <= {"★", "⭐", "\ufe0f"}:
        stars = sum(one != "\ufe0f" for one in said)
        return stars if stars <= 5 else None
    typed = _TYPED.fullmatch(said)
    return int(typed.group(1)) if typed else None


_TAPPED: Final = {title: int(title[0]) for language in LANGUAGES for title in choice_titles(language)}


def _links(kind: SurveyKind, language: str, url: str) -> list[tuple[str, str]]:
    """Return (text, URL) of each score. A scale of 1 to 5 starts with the best score, a scale of 0 to 10 with 0."""
    if kind == SurveyKind.CSAT:
        return [(SCORE_WORDS[language][score - 1], f"{url}?score={score}") for score in reversed(SCORES[kind])]
    ends = {0: f"0 ({_WORDS[language]['bad']})", 10: f"10 ({_WORDS[language]['good']})"}
    return [(ends.get(score, str(score)), f"{url}?score={score}") for score in SCORES[kind]]
