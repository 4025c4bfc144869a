"""Form of a channel's automatic answers: for each occasion a switch, and a text in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import request

from app.core.translation import gettext as _
from app.domain.auto_replies.actions import AutoReplyContent
from app.domain.auto_replies.models import AutoReply, AutoReplyKind
from app.domain.auto_replies.texts import DEFAULTS, LANGUAGES, LONGEST, list_faults


@dataclass
class TextsForm:
    """The values of the form by field name ("closed_on", "closed_nl" …), and the errors by field."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def contents(self) -> tuple[AutoReplyContent, ...]:
        """Return the automatic answers to save. Call it only if the form has no errors."""
        return tuple(
            AutoReplyContent(
                kind,
                bool(self.values[f"{kind.value}_on"]),
                {language: self.values[f"{kind.value}_{language}"] for language in LANGUAGES},
            )
            for kind in AutoReplyKind
        )


def form_of(saved: Mapping[AutoReplyKind, AutoReply]) -> TextsForm:
    """Return the form filled with the saved answers. An occasion without a saved answer gets the default texts."""
    values: dict[str, str] = {}
    for kind in AutoReplyKind:
        row = saved.get(kind)
        values[f"{kind.value}_on"] = "yes" if row is not None and row.is_on else ""
        for language in LANGUAGES:
            values[f"{kind.value}_{language}"] = row.texts.get(language, "") if row is not None else DEFAULTS[kind][language]
    return TextsForm(values)


def read_form() -> TextsForm:
    """Return the posted form, with an error for each field whose value is not valid."""
    form = TextsForm({})
    for kind in AutoReplyKind:
        switch = f"{kind.value}_on"
        form.values[switch] = "yes" if request.form.get(switch) else ""
        for language in LANGUAGES:
            name = f"{kind.value}_{language}"
            text = request.form.get(name, "").replace("\r\n", "\n").strip()
            form.values[name] = text
            error = _fault(kind, text, is_on=bool(form.values[switch]))
            if error:
                form.errors[name] = error
    return form


def _fault(kind: AutoReplyKind, text: str, *, is_on: bool) -> str:
    if not text:
        return _("Write a text, or switch this automatic answer off.") if is_on else ""
    if len(text) > LONGEST:
        return _("%(count)s characters; the maximum is %(limit)s.", count=len(text), limit=LONGEST)
    fault = next(iter(list_faults(kind, text)), None)
    return _fault_words(*fault) if fault else ""


def _fault_words(what: str, name: str) -> str:
    if what == "stray":
        return _("One %(name)s is not part of a pair: write {{ before each variable and }} after it.", name=name)
    shown = "{{" + name + "}}"
    if what == "unknown":
        return _("There is no variable %(name)s.", name=shown)
    return _("%(name)s may be empty: add a fallback, as in %(example)s.", name=shown, example="{{" + name + "|…}}")
