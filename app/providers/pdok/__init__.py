"""PDOK, the register of Dutch addresses."""

from __future__ import annotations

from app.contract.provider import Adapters, Provider, Services, Setting
from app.providers.pdok.adapter import Pdok

BASE_URL = Setting("PDOK_BASE_URL", "https://api.pdok.nl/bzk/locatieserver/search/v3_1")


def _build(services: Services) -> Adapters:
    return Adapters(registers={"NL": Pdok(services.http, services.settings[BASE_URL.name])})


PROVIDER = Provider(key="pdok", label="PDOK", settings=(BASE_URL,), calls={"pdok": "PDOK"}, build=_build)
