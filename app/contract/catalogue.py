"""Templates that a provider approves beforehand: the provider's list, and its news about one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app.contract.base import ChannelAccount


class ListedTemplate(Protocol):
    """One template as the provider has it."""

    def to_json(self) -> dict[str, Any]:
        """Return {"id", "name", "language", "status", "category", "quality", "reason", "parameter_format", "components"}."""


class HasTemplates(Protocol):
    def list_templates(self, account: ChannelAccount) -> Sequence[ListedTemplate]:
        """List all templates of the account. Raises ProviderError."""


@dataclass(frozen=True)
class TemplateNews:
    """News about one template of `account`; "" where it says nothing. `read_again`: the text changed, so the list must be
    read."""

    account: str
    name: str
    language: str
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""
    read_again: bool = False
