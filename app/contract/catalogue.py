"""Templates that a provider approves before use: the provider's list, and its news about single templates."""

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
    """A provider's news about one template of `account`. A field is "" if the news does not mention it.

    `read_again` is True if the text of the template changed, so that we must fetch the list again.
    """

    account: str
    name: str
    language: str
    status: str = ""
    category: str = ""
    quality: str = ""
    reason: str = ""
    read_again: bool = False
