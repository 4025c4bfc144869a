"""Calculate the confidence of a value. It is the share of right values in reviewed mails among values that were found in the
same way. Such a way is called a bucket.

The counts start with those of the corpus with which the reader was developed (`counts.json`, made by `python -m
tests.domain.partners.order_mail.fit`). Every reviewed mail adds one. A bucket without counts has confidence 0.5.

The whole order has a bucket of its own, chosen by the field with the lowest confidence. This is necessary because errors add
up: if each of eight values is right in 97 % of the mails, all eight are right in only 78 %.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from app.domain.partners.order_mail.labels import LINES, REQUIRED
from app.domain.partners.order_mail.reader import Reading

ENOUGH: Final = 0.9  # from here on nobody has to look
UNKNOWN_AT_MOST: Final = 0.85  # of a layout that has not been looked at often enough
Counts = Mapping[str, tuple[int, int]]


def sure_of(bucket: str, counts: Counts) -> float:
    """Return the confidence of a bucket, 0 to 1: (right + 1) / (seen + 2), from the corpus and the reviewed mails in `counts`."""
    right, seen = _known().get(bucket, (0, 0))
    more_right, more_seen = counts.get(bucket, (0, 0))
    return (right + more_right + 1) / (seen + more_seen + 2)


def order_bucket(reading: Reading) -> str:
    """Return the bucket of the whole order, which depends on the lowest confidence among its required fields.

    Return "" if a required field is missing, or if an order line has no quantity.
    """
    if reading.missing or any(one["quantity"] is None for one in reading.fields[LINES].value):
        return ""
    least = min(reading.fields[path].confidence for path in REQUIRED)
    return f"order|{int(least * 50) / 50:.2f}"


def sure_of_order(reading: Reading, counts: Counts) -> float:
    """Return the confidence (0 to 1) that all required fields are right. Return 0 if a required field is missing, or if an order
    line has no quantity."""
    bucket = order_bucket(reading)
    return sure_of(bucket, counts) if bucket else 0.0


@cache
def _known() -> dict[str, tuple[int, int]]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("counts.json").read_text())
    return {bucket: (right, seen) for bucket, (right, seen) in found["buckets"].items()}
