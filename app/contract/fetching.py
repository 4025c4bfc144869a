"""Files that stay with a provider until they are fetched."""

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
