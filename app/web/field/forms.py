"""Parse the actions that a phone sends, as JSON from its outbox or as a plain form."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from app.core.text import storable
from app.core.translation import gettext as _
from app.domain.field.actions import NewAction
from app.domain.field.effects import SUFFIXES
from app.domain.field.models import LINE_CHARACTERS, TEXT_CHARACTERS, ActionKind, PhotoLabel
from app.domain.field.steps import REASONS, TAKEN, VisitStep

CHECK_ANSWERS = ("yes", "no", "na")
METER_TIMES = ("before", "after")
MOST_MINUTES, MOST_OFFSET_MS, MOST_STROKES = 240, 10 * 366 * 86_400_000, 20_000
NEED_FILE = frozenset({ActionKind.PHOTO, ActionKind.VOICE})
MOST_VOICE_SECONDS = 600
STEPS = tuple(step.value for step in TAKEN)


class BadAction(Exception):
    """Raised when an action cannot be parsed. `field` names the wrong field; the exception's text says what to do."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


def read_action(said: Mapping[str, Any]) -> NewAction:
    """Parse one action in the form that the phone's outbox sends. Raises `BadAction` if it is not valid."""
    kind = _one_of(said, "kind", tuple(ActionKind))
    body = said.get("body")
    if not isinstance(body, Mapping):
        raise BadAction("body", _("Something is missing; reload the page and try again."))
    file_id = _uuid(said, "file_id", wanted=ActionKind(kind) in NEED_FILE)
    offset = said.get("clock_offset_ms") or 0
    return NewAction(
        id=_uuid(said, "id", wanted=True) or uuid.UUID(int=0),
        device_id=_uuid(said, "device_id") or uuid.UUID(int=0),
        visit_id=_uuid(said, "visit_id", wanted=True) or uuid.UUID(int=0),
        kind=ActionKind(kind),
        body=_message(body, has_file=file_id is not None) if kind == ActionKind.MESSAGE else _BODIES[ActionKind(kind)](body),
        occurred_at=_instant(said, "occurred_at", wanted=True),  # type: ignore[arg-type]
        clock_offset_ms=int(offset) if isinstance(offset, int | float) and abs(offset) < MOST_OFFSET_MS else 0,
        file_id=file_id,
        after=_uuid(said, "after"),
        replaces=_uuid(said, "replaces"),
        send_before=_instant(said, "send_before"),
    )


def _step(body: Mapping[str, Any]) -> dict[str, Any]:
    read: dict[str, Any] = {"to": _one_of(body, "to", STEPS)}
    seen = _instant(body, "seen_starts_at")
    if seen is not None:
        read["seen_starts_at"] = seen.isoformat()
    if body.get("minutes"):
        read["minutes"] = _minutes(body)
    if body.get("tell"):
        read["tell"] = True
    if body.get("reason"):
        read["reason"] = _one_of(body, "reason", REASONS.get(VisitStep(read["to"]), ()))
    if body.get("text"):
        read["text"] = _text(body, "text", TEXT_CHARACTERS)
    return read


def _note(body: Mapping[str, Any]) -> dict[str, Any]:
    return {"text": _text(body, "text", TEXT_CHARACTERS)}


def _message(body: Mapping[str, Any], *, has_file: bool = False) -> dict[str, Any]:
    """Parse a message. Its text may be missing if the message has a photo."""
    seen = _uuid(body, "last_seen_message_id")
    text = _text(body, "text", TEXT_CHARACTERS) if body.get("text") or not has_file else ""
    return {"text": text, "last_seen_message_id": str(seen) if seen else None}


def _photo(body: Mapping[str, Any]) -> dict[str, Any]:
    read = {"label": _one_of({"label": body.get("label") or "other"}, "label", tuple(PhotoLabel))}
    return {**read, **_place(body)}


def _place(body: Mapping[str, Any]) -> dict[str, str]:
    """Return {"lat", "lon"} of the place where a photo was taken, rounded to about a hundred metres.

    Return {} if the coordinates are missing or not valid.
    """
    try:
        lat, lon = Decimal(str(body["lat"])), Decimal(str(body["lon"]))
        if not (abs(lat) <= 90 and abs(lon) <= 180):
            return {}
    except (KeyError, InvalidOperation):
        return {}
    return {"lat": str(round(lat, 3)), "lon": str(round(lon, 3))}


def _voice(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a voice note into {"sound", "seconds"}. `sound` is its media type without codecs; the length is for display only."""
    said = {"sound": str(body.get("sound") or "").partition(";")[0].strip().lower()}
    seconds = str(body.get("seconds") or "0")
    length = int(seconds) if seconds.isdecimal() and len(seconds) < 5 else 0
    return {"sound": _one_of(said, "sound", tuple(SUFFIXES)), "seconds": min(length, MOST_VOICE_SECONDS)}


def _follow_up(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parse another visit that the technician plans on the spot. `date` and `time` are in the time zone of the visit's place."""
    try:
        day, at = date.fromisoformat(str(body.get("date") or "")), time.fromisoformat(str(body.get("time") or ""))
    except ValueError as error:
        raise BadAction("date", _("Choose a future day and time.")) from error
    if not 2000 <= day.year <= 2100:
        raise BadAction("date", _("Choose a future day and time."))
    read: dict[str, Any] = {"date": day.isoformat(), "time": f"{at:%H:%M}", "text": _text(body, "text", LINE_CHARACTERS)}
    return {**read, **({"minutes": _minutes(body)} if body.get("minutes") else {})}


def _checklist(body: Mapping[str, Any]) -> dict[str, Any]:
    read = {"item": _text(body, "item", LINE_CHARACTERS), "answer": _one_of(body, "answer", CHECK_ANSWERS)}
    return {**read, **({"text": _text(body, "text", LINE_CHARACTERS)} if body.get("text") else {})}


def _serial(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a serial number. `corrects` is the id of the earlier action whose serial number this one replaces."""
    read = {"text": _text(body, "text", LINE_CHARACTERS)}
    corrects = _uuid(body, "corrects")
    read |= {"corrects": str(corrects)} if corrects else {}
    return {**read, **({"what": _text(body, "what", LINE_CHARACTERS)} if body.get("what") else {})}


def _meter(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a meter reading in kilowatt-hours. It is stored as text, so that no digit is lost."""
    text = str(body.get("value") or "").replace(" ", "").replace(",", ".")
    try:
        value = Decimal(text) if re.fullmatch(r"\d{1,9}(\.\d{1,3})?", text) else None
    except InvalidOperation:
        value = None
    if value is None:
        raise BadAction("value", _("Enter the meter reading in digits, like 48213.4."))
    return {"when": _one_of(body, "when", METER_TIMES), "value": str(value)}


def _signature(body: Mapping[str, Any]) -> dict[str, Any]:
    """Parse a signature. The typed name counts as the signature.

    The strokes drawn on the screen are only its picture; their points have coordinates from 0 to 1,000.
    """
    read: dict[str, Any] = {"name": _text(body, "name", LINE_CHARACTERS)}
    strokes = storable(str(body.get("strokes") or ""))
    if not re.fullmatch(r"[0-9 ,;]*", strokes) or len(strokes) > MOST_STROKES:
        raise BadAction("strokes", _("We cannot read this signature. Please sign again."))
    return {**read, "strokes": strokes, "statement": storable(str(body.get("statement") or ""))[:TEXT_CHARACTERS]}


_BODIES: dict[ActionKind, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    ActionKind.STEP: _step,
    ActionKind.NOTE: _note,
    ActionKind.MESSAGE: _message,
    ActionKind.PHOTO: _photo,
    ActionKind.CHECKLIST: _checklist,
    ActionKind.SERIAL: _serial,
    ActionKind.METER: _meter,
    ActionKind.SIGNATURE: _signature,
    ActionKind.VOICE: _voice,
    ActionKind.FOLLOW_UP: _follow_up,
}


def _one_of(said: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    found = said.get(name)
    if not isinstance(found, str) or found not in known:
        raise BadAction(name, _("Choose one from the list."))
    return str(found)


def _text(said: Mapping[str, Any], name: str, most: int) -> str:
    found = said.get(name)
    text = storable(found).replace("\r\n", "\n").strip() if isinstance(found, str) else ""
    if not text:
        raise BadAction(name, _("Write something first"))
    if len(text) > most:
        raise BadAction(name, _("Use at most %(count)s characters.", count=most))
    return text


def _minutes(body: Mapping[str, Any]) -> int:
    text = str(body.get("minutes"))
    if not text.isdecimal() or len(text) > 3 or not 0 < int(text) <= MOST_MINUTES:
        raise BadAction("minutes", _("Choose one from the list."))
    return int(text)


def _uuid(said: Mapping[str, Any], name: str, *, wanted: bool = False) -> uuid.UUID | None:
    found = said.get(name)
    if not found and not wanted:
        return None
    try:
        return uuid.UUID(str(found))
    except ValueError as error:
        raise BadAction(name, _("Something is missing; reload the page and try again.")) from error


def _instant(said: Mapping[str, Any], name: str, *, wanted: bool = False) -> datetime | None:
    found = said.get(name)
    if not found and not wanted:
        return None
    try:
        at = datetime.fromisoformat(str(found))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not 1970 <= at.year <= 2200:
        raise BadAction(name, _("This time is invalid; check the phone’s clock."))
    return at
