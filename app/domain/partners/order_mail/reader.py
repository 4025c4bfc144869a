"""Read an order from the lines of a mail: the value of each field, its place in the mail, and its confidence.

Nothing is guessed. A field that is not in the mail stays empty, and a person reviews the values with low confidence, because
a wrong order costs more than a review. No database; `counts` come from reviewed mails (`confidence.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from app.contract.address_parts import AddressParts, read_fields, read_line
from app.domain.contacts.numbers import NotAnAddress, clean_email, clean_phone
from app.domain.orders.models import LINE_CHARACTERS, NAME_CHARACTERS
from app.domain.partners.incoming import ORDER_ID_CHARACTERS
from app.domain.partners.order_mail import labels
from app.domain.partners.order_mail.dates import read_date
from app.domain.partners.order_mail.labels import (
    ADDRESS,
    BY_LABEL,
    DATE,
    EMAIL,
    LINES,
    NAME,
    NOTES,
    PARTS,
    PATHS,
    PHONE,
    REFERENCE,
    folded,
)
from app.domain.partners.order_mail.lines import Kind, Line

ENGINE = 1
MOST_LABEL, MOST_QUANTITY = 40, 100
_REFERENCE: Final = re.compile(r"[A-Z0-9][A-Z0-9/_-]{2,39}", re.IGNORECASE)
_IN_SUBJECT: Final = re.compile(r"\b[A-Z]{2,6}[-/ ]?\d{3,12}(?:-\d{1,6})?\b")
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_PHONE: Final = re.compile(r"(?:\+|00|0|\(0)[\d\s()./–-]{7,22}\d")
_POSTAL: Final = re.compile(r"\b[1-9]\d{3} ?[A-Z]{2}\b")
_COUNT: Final = re.compile(r"(\d{1,3}) {0,2}(?:x|×|st\.?|stuks?|pcs|pce|stk\.?)?", re.IGNORECASE)
_ORDERED: Final = re.compile(
    r"(?:[-*•] )?(\d{1,3}) {0,2}(?:x|×|st\.?|stuks?|pcs|stk\.?) {1,4}([^ ]{3,60})(?: {1,4}([^ ].*))?", re.IGNORECASE
)


@dataclass(frozen=True)
class Spot:
    """The place of a value in a mail: line and cell, counted from 0. Line -1 is the subject."""

    line: int
    cell: int = 0


@dataclass(frozen=True)
class Field:
    """The value of one field. `raw` is its text in the mail, `bucket` the way it was found and checked, `others` are other
    candidates."""

    path: str
    value: Any
    raw: str
    spot: Spot
    bucket: str
    label: str = ""
    others: tuple[str, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True)
class Reading:
    """The fields (by path) that were read from a mail. `cancels` is True if the mail has words of a cancellation.

    `labels` are all known labels in the mail. They identify its layout.
    """

    fields: dict[str, Field]
    labels: frozenset[str]
    cancels: bool = False
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        return tuple(path for path in labels.REQUIRED if path not in self.fields)


@dataclass(frozen=True)
class Hints:
    """Facts about the partner that help to read a mail.

    `own_domains`: mail domains of the partner and of us; an address there is not the customer's. `rules`: field path ->
    label, learned from corrections. `skus`: the partner's product numbers that have an article, in lower case.
    """

    own_domains: frozenset[str] = frozenset()
    rules: Mapping[str, str] = field(default_factory=dict)
    skus: frozenset[str] = frozenset()


@dataclass(frozen=True)
class _Pair:
    label: str
    value: str
    spot: Spot
    how: str


def read_mail(lines: Sequence[Line], *, subject: str, hints: Hints = Hints()) -> Reading:
    """Read every field that the mail has."""
    pairs = _pairs(lines, hints)
    by_path: dict[str, list[_Pair]] = {}
    ruled = {label: path for path, label in hints.rules.items()}
    for pair in pairs:
        path = ruled.get(pair.label) or BY_LABEL.get(pair.label)
        if path is not None and not (path in hints.rules and hints.rules[path] != pair.label):
            by_path.setdefault(path, []).append(pair)
    found = [
        _reference(by_path.get(REFERENCE, []), subject),
        _name(by_path.get(NAME, [])),
        _email(by_path.get(EMAIL, []), lines, hints),
        _phone(by_path.get(PHONE, []), lines),
        _address(by_path, lines),
        _order_lines(lines, pairs, hints),
        _date(by_path.get(DATE, [])),
        _notes(by_path.get(NOTES, [])),
    ]
    words = folded(f"{subject} " + " ".join(line.text for line in lines if line.kind == Kind.BODY)[:4000])
    cancels = any(re.search(rf"\b{word}\b", words) for word in labels.CANCELS)
    return Reading({one.path: one for one in found if one}, frozenset(pair.label for pair in pairs), cancels)


def label_of(lines: Sequence[Line], value: str) -> str:
    """Return the normalised label before this value in the mail. Return "" if there is none."""
    for number, line in enumerate(lines):
        for place, cell in enumerate(line.cells):
            head, colon, rest = cell.partition(":")
            if colon and rest.strip() == value and len(head) <= MOST_LABEL:
                return folded(head)
            if cell == value and place and len(line.cells[place - 1]) <= MOST_LABEL:
                return folded(line.cells[place - 1])
            if cell == value and not place and number and len(lines[number - 1].cells) == 1:
                above = lines[number - 1].text
                return folded(above) if 0 < len(above) <= MOST_LABEL else ""
    return ""


def _pairs(lines: Sequence[Line], hints: Hints) -> list[_Pair]:
    """Return every known label with its value. The value is after the colon, in the next cell, or in the line below."""
    known = {*BY_LABEL, *labels.OTHERS, *labels.SKU_LABELS, *labels.QUANTITY_LABELS, *hints.rules.values()}
    found: list[_Pair] = []
    for number, line in enumerate(lines):
        if line.kind != Kind.BODY:
            continue
        cells, place = line.cells, 0
        while place < len(cells):
            cell = cells[place]
            head, colon, rest = cell.partition(":")
            label = folded(head)
            if colon and rest.strip() and len(head) <= MOST_LABEL and label in known:
                found.append(_Pair(label, rest.strip(), Spot(number, place), "colon"))
            elif folded(cell) in known and len(cell) <= MOST_LABEL:
                if place + 1 < len(cells):
                    if not _is_header_row(cells) and folded(cells[place + 1]) not in known:
                        found.append(_Pair(folded(cell), cells[place + 1], Spot(number, place + 1), "cell"))
                    place += 1
                elif len(cells) == 1 and (colon or cell.isupper()) and (below := _below(lines, number)) is not None:
                    found.append(_Pair(folded(cell), lines[below].cells[0], Spot(below), "below"))
            place += 1
    return found


def _below(lines: Sequence[Line], number: int) -> int | None:
    if number + 1 < len(lines) and lines[number + 1].kind == Kind.BODY and len(lines[number + 1].cells) == 1:
        text = lines[number + 1].cells[0]
        if text and ":" not in text and folded(text) not in BY_LABEL:
            return number + 1
    return None


def _is_header_row(cells: Sequence[str]) -> bool:
    kinds = {kind for cell in cells for kind, words in labels.COLUMNS.items() if folded(cell) in words}
    return len(kinds) >= 2 and len(cells) == len([cell for cell in cells if len(cell) <= MOST_LABEL])


def _chosen(pairs: Sequence[_Pair], values: Sequence[str]) -> tuple[int, str, tuple[str, ...]]:
    """Choose the first of the values. Return (0, "only" or "several", the other different values)."""
    others = tuple(dict.fromkeys(value for value in values[1:] if value != values[0]))
    return 0, "several" if others else "only", others


def _field(path: str, pairs: Sequence[_Pair], values: Sequence[Any], raws: Sequence[str], check: str) -> Field:
    _first, alone, others = _chosen(pairs, [str(value) for value in values])
    pair = pairs[0]
    return Field(path, values[0], raws[0], pair.spot, f"{path}|{pair.how}|{alone}|{check}", pair.label, others)


def _reference(pairs: Sequence[_Pair], subject: str) -> Field | None:
    in_subject = [one.group().replace(" ", "-") for one in _IN_SUBJECT.finditer(subject)]
    good = [(pair, found.group()) for pair in pairs if (found := _REFERENCE.fullmatch(pair.value.strip().strip("#").strip()))]
    good = [(pair, value) for pair, value in good if any(sign.isdigit() for sign in value)]
    if good:
        values = [value[:ORDER_ID_CHARACTERS] for _pair, value in good]
        check = "subject agrees" if values[0] in subject else "subject differs" if in_subject else "alone"
        return _field(REFERENCE, [pair for pair, _value in good], values, values, check)
    if len(set(in_subject)) == 1:
        return Field(REFERENCE, in_subject[0], in_subject[0], Spot(-1), f"{REFERENCE}|subject|only|alone")
    return None


def _name(pairs: Sequence[_Pair]) -> Field | None:
    good = [pair for pair in pairs if _is_name(pair.value)]
    if not good:
        return None
    values = [" ".join(pair.value.split())[:NAME_CHARACTERS] for pair in good]
    return _field(NAME, good, values, values, "words" if " " in values[0] else "one word")


def _is_name(text: str) -> bool:
    return any(sign.isalpha() for sign in text) and not any(sign.isdigit() or sign in "@:;" for sign in text) and len(text) <= 80


def _email(pairs: Sequence[_Pair], lines: Sequence[Line], hints: Hints) -> Field | None:
    for check, spots in (("label", [(pair.value, pair.spot, pair) for pair in pairs]), ("found", _body(lines))):
        good = []
        for text, spot, pair in spots:
            for match in _EMAIL.finditer(text):
                try:
                    address = clean_email(match.group())
                except NotAnAddress:
                    continue
                if address.rpartition("@")[2] not in hints.own_domains:
                    good.append((address, match.group(), spot, pair))
        if good:
            return _of_spots(EMAIL, good, check)
    return None


def _phone(pairs: Sequence[_Pair], lines: Sequence[Line]) -> Field | None:
    for check, spots in (("label", [(pair.value, pair.spot, pair) for pair in pairs]), ("found", _body(lines))):
        good = []
        for text, spot, pair in spots:
            for match in _PHONE.finditer(text):
                try:
                    good.append((clean_phone(match.group().replace("(0)", "")), match.group(), spot, pair))
                except NotAnAddress:
                    continue
        if good:
            return _of_spots(PHONE, good, check)
    return None


def _body(lines: Sequence[Line]) -> list[tuple[str, Spot, None]]:
    return [
        (cell, Spot(number, place), None)
        for number, line in enumerate(lines)
        if line.kind == Kind.BODY
        for place, cell in enumerate(line.cells)
    ]


def _of_spots(path: str, good: Sequence[tuple[str, str, Spot, _Pair | None]], check: str) -> Field:
    value, raw, spot, pair = good[0]
    others = tuple(dict.fromkeys(one for one, *_rest in good[1:] if one != value))
    how = pair.how if pair else "text"
    return Field(
        path, value, raw, spot, f"{path}|{how}|{'several' if others else 'only'}|{check}", pair.label if pair else "", others
    )


def _address(by_path: Mapping[str, Sequence[_Pair]], lines: Sequence[Line]) -> Field | None:
    whole = [(pair, read_line(pair.value)) for pair in by_path.get(ADDRESS, [])]
    for pair, parts in whole:
        if parts.postal_code and parts.house_number:
            others = tuple(one.typed for _pair, one in whole if one.typed != parts.typed)
            alone = "several" if others else "only"
            bucket = f"{ADDRESS}|{pair.how}|{alone}|{_checked(parts)}"
            return Field(ADDRESS, parts, pair.value, pair.spot, bucket, pair.label, others)
    texts = {path: by_path[path][0] for path in PARTS if by_path.get(path)}
    street = texts.get(labels.STREET) or next((pair for pair, _parts in whole), None)
    if street is not None and labels.CODE in texts:
        code, city = texts[labels.CODE].value, texts[labels.CITY].value if labels.CITY in texts else ""
        if not city and (match := _POSTAL.match(code.upper())):
            code, city = code[: match.end()], code[match.end() :].strip(" ,")
        parts = read_fields(
            street=street.value,
            house_number=texts[labels.NUMBER].value if labels.NUMBER in texts else "",
            addition=texts[labels.ADDITION].value if labels.ADDITION in texts else "",
            postal_code=code,
            city=city,
        )
        return Field(ADDRESS, parts, street.value, street.spot, f"{ADDRESS}|parts|only|{_checked(parts)}", street.label)
    return _address_in_text(lines)


def _address_in_text(lines: Sequence[Line]) -> Field | None:
    for text, spot, _pair in _body(lines):
        if _POSTAL.search(text) and folded(text.partition(":")[0]) not in labels.OTHERS and len(text) < 120:
            parts = read_line(text)
            if parts.house_number and parts.street:
                return Field(ADDRESS, parts, text, spot, f"{ADDRESS}|text|only|{_checked(parts)}")
    return None


def _checked(parts: AddressParts) -> str:
    is_dutch = bool(_POSTAL.fullmatch(parts.postal_code)) and parts.country == "NL"
    return "whole" if is_dutch and parts.street and parts.house_number and parts.city else "doubtful"


def _order_lines(lines: Sequence[Line], pairs: Sequence[_Pair], hints: Hints) -> Field | None:
    for how, found in (
        ("table", _table(lines)),
        ("counted", _counted(lines)),
        ("labels", _labelled(pairs)),
    ):
        if found:
            values, spot = found
            known = all(one["sku"].casefold() in hints.skus for one in values)
            check = "known" if known else "unknown"
            if any(one["quantity"] is None for one in values):
                check = "no quantity"
            raw = ", ".join(one["sku"] or one["description"] for one in values)
            return Field(LINES, values, raw, spot, f"{LINES}|{how}|{'one' if len(values) == 1 else 'more'}|{check}")
    return None


def _table(lines: Sequence[Line]) -> tuple[list[dict[str, Any]], Spot] | None:
    for number, line in enumerate(lines):
        if line.kind == Kind.BODY and len(line.cells) >= 2 and _is_header_row(line.cells):
            kinds = [next((kind for kind, words in labels.COLUMNS.items() if folded(cell) in words), "") for cell in line.cells]
            values = []
            for following in lines[number + 1 :]:
                if len(following.cells) != len(kinds) or folded(following.cells[0]).startswith(labels.TOTALS):
                    break
                row = dict(zip(kinds, following.cells, strict=True))
                values.append(_ordered(row.get("sku", ""), row.get("description", ""), row.get("quantity", "1")))
            if values:
                return values, Spot(number + 1, 0)
    return None


def _counted(lines: Sequence[Line]) -> tuple[list[dict[str, Any]], Spot] | None:
    values, spot = [], None
    for number, line in enumerate(lines):
        match = _ORDERED.fullmatch(line.text[:200]) if line.kind == Kind.BODY else None
        if match and any(sign.isdigit() for sign in match[2]):
            values.append(_ordered(match[2], (match[3] or "").strip(" -–"), match[1]))
            spot = spot or Spot(number)
    return (values, spot) if values and spot else None


def _labelled(pairs: Sequence[_Pair]) -> tuple[list[dict[str, Any]], Spot] | None:
    skus = [pair for pair in pairs if pair.label in labels.SKU_LABELS]
    counts = [pair for pair in pairs if pair.label in labels.QUANTITY_LABELS]
    if not skus:
        return None
    values = []
    for number, pair in enumerate(skus):
        count = _ORDERED.fullmatch(pair.value[:200])
        if count:
            values.append(_ordered(count[2], (count[3] or "").strip(" -–"), count[1]))
            continue
        sku, _blank, words = pair.value.partition(" ")
        has_number = any(sign.isdigit() for sign in sku)
        quantity = counts[number].value if number < len(counts) else "1" if not counts else ""
        values.append(_ordered(sku.strip(",;") if has_number else "", words if has_number else pair.value, quantity))
    return values, skus[0].spot


def _ordered(sku: str, description: str, quantity: str) -> dict[str, Any]:
    match = _COUNT.fullmatch(quantity.strip())
    count = int(match[1]) if match else None
    if count is not None and not 1 <= count <= MOST_QUANTITY:
        count = None
    return {"sku": sku.strip()[:200], "description": description.strip()[:LINE_CHARACTERS], "quantity": count}


def _date(pairs: Sequence[_Pair]) -> Field | None:
    for pair in pairs:
        read = read_date(pair.value)
        if read is not None:
            return Field(DATE, read, pair.value, pair.spot, f"{DATE}|{pair.how}|only|read", pair.label)
    return None


def _notes(pairs: Sequence[_Pair]) -> Field | None:
    return _field(NOTES, pairs, [pairs[0].value], [pairs[0].value], "text") if pairs else None


def with_confidence(reading: Reading, sure: Mapping[str, float]) -> Reading:
    """Return the reading with a confidence for each field. `sure` is the confidence by bucket; a bucket that is not there gets
    0.5."""
    fields = {path: replace(one, confidence=sure.get(one.bucket, 0.5)) for path, one in reading.fields.items()}
    return replace(reading, fields={path: fields[path] for path in PATHS if path in fields})
