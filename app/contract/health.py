"""The result of an adapter's check whether a channel works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.contract.base import ProviderError


@dataclass(frozen=True)
class Health:
    """Whether a channel or service works. `detail` is a text that says what to do. `passes` is True if the trouble will
    probably end by itself.

    `checked` lists what was checked. `number` has quality, limit and throughput of a chat number.
    """

    ok: bool
    detail: str
    checked: tuple[str, ...] = ()
    passes: bool = False
    number: Mapping[str, str] = field(default_factory=dict)


def refused(error: ProviderError, *, checked: tuple[str, ...] = (), where: str = "") -> Health:
    """Return the `Health` for a failed call, with the reason of the error.

    `where` is a sentence that names the part that failed, with %(why)s for the reason. With "" the reason stands alone.
    """
    reason = error.reason
    parts = (where % {"why": reason.title} if where else reason.title, reason.advice, reason.code, reason.detail)
    passes = not (error.channel_down or error.permanent)
    return Health(False, " · ".join(filter(None, parts)), checked, passes)
