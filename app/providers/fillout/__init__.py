"""Fillout: forms that customers fill in. Submissions are posted to us, and also fetched."""

from __future__ import annotations

from dataclasses import dataclass

from app.contract.provider import Adapters, Provider, Services, Setting
from app.core.http import HttpClient
from app.core.text import mark as N_
from app.providers.fillout.client import EU_BASE_URL, Fillout
from app.providers.fillout.parse import in_words, read_intake, read_submission

KEY = "fillout"
BASE_URL = Setting("FILLOUT_BASE_URL", "https://api.fillout.com/v1/api")


@dataclass(frozen=True)
class FilloutForms:
    """The adapter of Fillout (`Forms`). Fillout has a worldwide API and one for the European Union; a simulator replaces both."""

    http: HttpClient
    base_url: str
    read_submission = staticmethod(read_submission)
    read_intake = staticmethod(read_intake)
    in_words = staticmethod(in_words)

    def account(self, *, region: str, api_key: str, account_id: str = "") -> Fillout:
        is_usual = self.base_url == BASE_URL.default
        return Fillout(self.http, EU_BASE_URL if region == "eu" and is_usual else self.base_url, api_key, account=account_id)


def _build(services: Services) -> Adapters:
    return Adapters(forms={KEY: FilloutForms(services.http, services.settings[BASE_URL.name])})


PROVIDER = Provider(
    key=KEY,
    label="Fillout",
    serves="forms",
    about=N_("Forms: each submission creates a contact, a preliminary order and a thread."),
    settings=(BASE_URL,),
    calls={KEY: "Fillout"},
    key_headers=("x-fillout-key",),
    links_files=True,
    build=_build,
)
