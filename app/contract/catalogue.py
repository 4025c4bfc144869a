"""Templates that a provider approves beforehand: its list of them, and its later news about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.contract.base import ChannelAccount


class ListedTemplate(Protocol):
    """One template as the provider has it."""

    def to_json(self) -> dict[str, Any]:
        """{"id", "name", "language", "status", "category", "quality", "reason", "parameter_format", "components"}."""


class HasTemplates(Protocol):
    def list_templates(self, account: ChannelAccount) -> Sequence[ListedTemplate]:
        """All of them, page by page. Raises ProviderError."""


@dataclass(frozen=True)
class TemplateNews:
    """What became of one template of `account`; "" where nothing is said. `read_again`: its text changed, so read the list."""

    account: str
    name: str
    language: str
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""
    read_again: bool = False
