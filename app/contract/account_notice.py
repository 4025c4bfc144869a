"""A provider's notice about our account, or about one of its templates or numbers (`AccountNotice`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.contract.base import Json
from app.contract.catalogue import TemplateNews


@dataclass(frozen=True)
class AccountNotice:
    """A provider's notice about our account: a template paused, quality dropped, a number restricted."""

    kind: str
    summary: str
    severity: str = "info"  # "info" | "warning" | "error"
    raw: Json = field(default_factory=dict)
    template: TemplateNews | None = None
    number: Mapping[str, str] = field(default_factory=dict)  # what it says of our number: quality, limit
