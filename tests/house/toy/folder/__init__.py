"""A provider of mail that is nothing but this folder."""

from __future__ import annotations

from app.providers.toy.adapter import ToyMail, channel_addresses

from app.contract.base import MAIL_RULES
from app.contract.provider import Adapters, Door, Kind, Provider, Services, Setting, SignedBody
from app.contract.setup_field import MAIL_ADDRESS, SetupField

KEY = "email/toy"
BASE_URL = Setting("TOY_BASE_URL", "https://toy.example")


def _build(services: Services) -> Adapters:
    toy = ToyMail(services.http, services.settings[BASE_URL.name])
    one = {KEY: toy}
    return Adapters(senders=one, pollers=one, checkers=one, receivers={"toy_posts": SignedBody(toy)})


PROVIDER = Provider(
    key="toy",
    label="Toy",
    settings=(BASE_URL,),
    kinds=(
        Kind(
            KEY,
            place=99,
            label="Toy mail",
            about="Mail that is played.",
            fields=(MAIL_ADDRESS, SetupField("signing_secret", "Toy secret", secret=True)),
            rules=MAIL_RULES,
        ),
    ),
    doors=(Door("/webhooks/toy", source="toy_posts", channel_type="email", names=channel_addresses),),
    calls={"toy": "Toy"},
    build=_build,
)
