"""Cells: the summed facts of one kind, day and kind of channel. Rollups store cells, and figures are computed from them.

A cell has all its single values in packed form, so that a median over any days and channels is exact. To find a median, numpy
joins and partitions the values of all cells, which takes a millisecond for 100,000 values.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from app.domain.analytics.kinds import Kind

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Cell:
    """The summed facts of one kind, day and `key` (a kind of channel, or another group).

    `n` facts, of which `known` say yes or no and `met` say yes. `seconds`, `hours` and `scores` are packed, one value for each
    fact, in any order.
    """

    kind: Kind
    day: date
    key: str
    n: int
    known: int
    met: int
    score_sum: int = 0
    seconds: bytes = b""
    hours: bytes = b""
    scores: bytes = b""


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


class Times:
    """The durations of facts in seconds, at least one, from the pieces that `pack` made. They are looked at only when a figure of
    them is wanted: a page shows few of the figures that it could show.

    `median` and `p90` are always one of the values, like `percentile_disc` in PostgreSQL.
    """

    def __init__(self, kept: Sequence[bytes]) -> None:
        self._kept = kept

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times) and sorted(self._values) == sorted(other._values)

    __hash__ = None  # type: ignore[assignment]  # compared by values, which are looked at only when wanted

    @cached_property
    def _values(self) -> NDArray[np.int32]:
        import numpy as np  # here, because only a process that shows reports should hold it in memory

        return np.frombuffer(b"".join(self._kept), "<i4")

    @cached_property
    def _quantiles(self) -> tuple[int, int]:
        import numpy as np

        half, ninety = (max(1, math.ceil(share * len(self._values))) - 1 for share in (0.5, 0.9))
        parted = np.partition(self._values, (half, ninety))
        return int(parted[half]), int(parted[ninety])

    @property
    def median(self) -> int:
        return self._quantiles[0]

    @property
    def p90(self) -> int:
        return self._quantiles[1]

    @cached_property
    def average(self) -> float:
        return float(self._values.mean())

    def in_steps(self, edges: Sequence[int]) -> list[int]:
        """Count the values by step. Each edge ends a step and is not part of it. The last count is for the values from the last
        edge on."""
        below = [int((self._values < edge).sum()) for edge in edges]
        return [later - earlier for earlier, later in pairwise([0, *below, len(self._values)])]
