"""Find all providers (folders here that export a `PROVIDER`), build their adapters, and say what rates each grants an account."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator, Mapping
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any, Literal

import app.providers
from app.contract.budget import USUAL, Budget
from app.contract.provider import Adapters, Door, HintDoor, Kind, Provider, Services, Setting


def _found() -> Iterator[Provider]:
    for module in pkgutil.iter_modules(app.providers.__path__):
        if module.ispkg:
            yield import_module(f"app.providers.{module.name}").PROVIDER


PROVIDERS: tuple[Provider, ...] = tuple(_found())
KINDS: tuple[Kind, ...] = tuple(sorted((kind for one in PROVIDERS for kind in one.kinds), key=lambda kind: kind.place))
SETTINGS: tuple[Setting, ...] = tuple(setting for one in PROVIDERS for setting in one.settings)
DOORS: tuple[Door, ...] = tuple(door for one in PROVIDERS for door in one.doors if isinstance(door, Door))
HINT_DOORS: tuple[HintDoor, ...] = tuple(door for one in PROVIDERS for door in one.doors if isinstance(door, HintDoor))
SOURCES = frozenset(door.source for door in DOORS)  # the sources of inbound events
LABELS: Mapping[str, str] = {one.key: one.label for one in PROVIDERS}
# The kind that needs an administrator's consent at the provider, and the kinds whose provider stores mail templates.
CONSENTED: str = next((kind.key for kind in KINDS if kind.asks_consent), "")
KEEP_TEMPLATES: tuple[str, ...] = tuple(kind.key for kind in KINDS if kind.keeps_templates)
CALLS: Mapping[str, str] = {name: label for one in PROVIDERS for name, label in one.calls.items()}


def serving(what: Literal["forms", "scenarios"]) -> str:
    """Return the key of the provider that serves forms or scenarios."""
    return next(one.key for one in PROVIDERS if one.serves == what)


def find_kind(key: str) -> Kind | None:
    """Return the kind of channel with this key. Return None if the key is unknown."""
    return next((kind for kind in KINDS if kind.key == key), None)


def kind_key(channel_type: str, settings: Mapping[str, Any]) -> str:
    """Return the key of a channel's kind: the channel type, with the transport if `settings` name one, e.g. "email/smtp"."""
    transport = settings.get("transport")
    return f"{channel_type}/{transport}" if transport else channel_type


def budget_of(channel_type: str, *, throughput: str = "") -> Budget:
    """Return the rates that a provider grants one account; `throughput`: the level it reports for this account."""
    kind = next((kind for kind in KINDS if kind.channel_type == channel_type), None)
    return kind.granted.get(throughput, kind.budget) if kind else USUAL


def build_adapters(services: Services) -> Adapters:
    """Return all adapters, built with the application's services."""
    rules = Adapters(rules={kind.channel_type: kind.rules for kind in KINDS})
    return reduce(or_, (one.build(services) for one in PROVIDERS), rules)
