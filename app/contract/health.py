"""What an adapter answers when it is asked whether a channel works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.contract.base import ProviderError


@dataclass(frozen=True)
class Health:
    """`detail`: in words, with what to do about it. `passes`: it is the provider's own trouble, nobody has to do anything.
    `checked`: what was asked. `number`: of a chat, its quality, limit and throughput."""

    ok: bool
    detail: str
    checked: tuple[str, ...] = ()
    passes: bool = False
    number: Mapping[str, str] = field(default_factory=dict)


def refused(error: ProviderError, *, checked: tuple[str, ...] = (), where: str = "") -> Health:
    """What it means for the channel that a call failed so; `where`: a sentence with %(why)s, "" for the reason alone."""
    reason = error.reason
    parts = (where % {"why": reason.title} if where else reason.title, reason.advice, reason.code, reason.detail)
    passes = not (error.channel_down or error.permanent)
    return Health(False, " · ".join(filter(None, parts)), checked, passes)
