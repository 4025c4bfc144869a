"""Cells: the summed facts of one kind, day and kind of channel. Rollups store cells, and figures are computed from them.

A cell has all its single values in packed form, so that a median over any days and channels is exact. To compute a median,
numpy joins and sorts the values of all cells, which takes half a millisecond for 100,000 values.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from app.domain.analytics.kinds import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Cell:
    """The summed facts of one kind, day and `key` (a kind of channel, or another group).

    `n` facts, of which `known` say yes or no and `met` say yes. `seconds` are packed durations in any order. `hours` and
    `scores` map an hour or a score to its number of facts.
    """

    kind: Kind
    day: date
    key: str
    n: int
    known: int
    met: int
    score_sum: int = 0
    seconds: bytes = b""
    hours: dict[int, int] = field(default_factory=dict)
    scores: dict[int, int] = field(default_factory=dict)


def pack(values: Sequence[int]) -> bytes:
    """Pack integers into the bytes that are stored: four bytes each, little-endian."""
    packed = array("i", values)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def counts(kept: bytes) -> dict[int, int]:
    """Return how often each integer occurs in `kept`, the bytes that `pack` made. The integers must be below 256, such as hours
    and scores."""
    small = kept[::4]
    return {value: small.count(value) for value in set(small)}


def sorted_values(kept: Iterable[bytes]) -> NDArray[np.int32]:
    """Return all integers that `pack` packed into these pieces, the smallest first."""
    import numpy as np  # here, because only a process that shows reports should hold it in memory

    return np.sort(np.frombuffer(b"".join(kept), "<i4"))


def quantile(values: NDArray[np.int32], share: float) -> int | None:
    """Return a quantile of the sorted values, like `percentile_disc` in PostgreSQL: the median if `share` is 0.5. It is always
    one of the values. Return None if there are no values."""
    return int(values[max(1, math.ceil(share * len(values))) - 1]) if len(values) else None


def in_steps(values: NDArray[np.int32], edges: Sequence[int]) -> list[int]:
    """Count the sorted values by step. Each edge ends a step and is not part of it. The last count is for the values from the
    last edge on."""
    below = [int(place) for place in values.searchsorted(edges)]
    return [later - earlier for earlier, later in pairwise([0, *below, len(values)])]
