"""Calculate the confidence of a value: how often values found in the same way (a bucket) were right in reviewed mails.

The counts of a bucket begin with those of the corpus the reader was built on (`counts.json`, made by
`python -m tests.domain.partners.order_mail.fit`); every reviewed mail adds one. A bucket without counts has confidence 0.5. The
whole order has a bucket of its own, chosen by its least sure field: eight values, each right in 97 of 100 mails, are all right
in 78.
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
    """Return the share of the bucket's values that were right, 0 to 1, with one right and one wrong added."""
    right, seen = _known().get(bucket, (0, 0))
    more_right, more_seen = counts.get(bucket, (0, 0))
    return (right + more_right + 1) / (seen + more_seen + 2)


def order_bucket(reading: Reading) -> str:
    """Return the bucket of the whole order, by its least sure required field; "" where a field is missing or has no counts."""
    if reading.missing or any(one["quantity"] is None for one in reading.fields[LINES].value):
        return ""
    least = min(reading.fields[path].confidence for path in REQUIRED)
    return f"order|{int(least * 50) / 50:.2f}"


def sure_of_order(reading: Reading, counts: Counts) -> float:
    """Return the confidence that all required fields are right, 0 to 1."""
    bucket = order_bucket(reading)
    return sure_of(bucket, counts) if bucket else 0.0


@cache
def _known() -> dict[str, tuple[int, int]]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("counts.json").read_text())
    return {bucket: (right, seen) for bucket, (right, seen) in found["buckets"].items()}
