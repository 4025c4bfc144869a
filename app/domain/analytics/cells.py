"""Cells: the summed facts of one kind, day and kind of channel. Rollups store cells, and figures are computed from them.

A cell holds all its values, packed, so that a median over any days and channels is exact: the values of all cells are put
together and sorted when it is asked for, by numpy, which takes half a millisecond for 100,000.
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
    """The summed facts of one kind, day and `key` (a kind of channel, or another group). `seconds` are packed
    durations in any order; `hours` and `scores` are counts by hour and by score."""

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
    """Return how often each integer occurs among those that `pack` packed; they are below 256, such as hours and scores."""
    small = kept[::4]
    return {value: small.count(value) for value in set(small)}


def sorted_values(kept: Iterable[bytes]) -> NDArray[np.int32]:
    """Return all integers that `pack` packed into these pieces, the smallest first."""
    import numpy as np  # here, because only a process that shows reports should hold it in memory

    return np.sort(np.frombuffer(b"".join(kept), "<i4"))


def quantile(values: NDArray[np.int32], share: float) -> int | None:
    """Return the smallest of the sorted values that at least this share of them does not exceed, like `percentile_disc`; None
    without values."""
    return int(values[max(1, math.ceil(share * len(values))) - 1]) if len(values) else None


def in_steps(values: NDArray[np.int32], edges: Sequence[int]) -> list[int]:
    """Count the sorted values between each edge and the edge before it, and last the values from the last edge on."""
    below = [int(place) for place in values.searchsorted(edges)]
    return [later - earlier for earlier, later in pairwise([0, *below, len(values)])]
