"""Protocol for files that stay at a provider until we fetch them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from app.contract.base import ChannelAccount


@dataclass(frozen=True)
class FetchedMedia:
    content: bytes = field(repr=False)
    content_type: str
    filename: str = ""


class MediaSource(Protocol):
    def fetch_media(self, *, media_id: str, url: str | None, account: ChannelAccount) -> FetchedMedia: ...
