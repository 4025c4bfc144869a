"""Cells: the summed facts of one kind, day and kind of channel. Rollups store cells, and figures are computed from them.

A cell holds all its values, sorted, so that a median over any days and channels is exact. `quantile` finds it by a binary search
over values, with about twenty lookups in each cell and no sorting.
"""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise

from app.domain.analytics.kinds import Kind

Values = Sequence[int]


@dataclass(frozen=True)
class Cell:
    """The summed facts of one kind, day and `key` (a kind of channel, or another group). `seconds` are lists of durations, each
    sorted; `hours` and `scores` are counts by hour and by score."""

    kind: Kind
    day: date
    key: str
    n: int
    known: int
    met: int
    score_sum: int = 0
    seconds: Sequence[Values] = ()
    seconds_sum: int = 0
    hours: dict[int, int] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)


def pack(values: Values) -> bytes:
    """Pack integers into the bytes that are stored: four bytes each, little-endian."""
    packed = array("i", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(kept: bytes | None) -> Values:
    """Return the integers that `pack` packed; none for None."""
    found = array("i")
    found.frombytes(kept or b"")
    if sys.byteorder == "big":
        found.byteswap()
    return found


def quantile(parts: Sequence[Values], share: float) -> int | None:
    """Return the smallest value that at least this share of all values does not exceed, like `percentile_disc`; None without
    values. Each part is sorted."""
    total = sum(map(len, parts))
    if not total:
        return None
    rank = max(1, math.ceil(share * total))
    if len(parts) == 1:
        return parts[0][rank - 1]
    low = min(part[0] for part in parts if part)
    high = max(part[-1] for part in parts if part)
    while low < high:
        middle = (low + high) // 2
        if sum(bisect_right(part, middle) for part in parts) >= rank:
            high = middle
        else:
            low = middle + 1
    return low


def in_steps(parts: Sequence[Values], edges: Sequence[int]) -> list[int]:
    """Count the values between each edge and the edge before it, and last the values from the last edge on."""
    below = [sum(bisect_right(part, edge - 1) for part in parts) for edge in edges]
    total = sum(map(len, parts))
    return [later - earlier for earlier, later in pairwise([0, *below, total])]
