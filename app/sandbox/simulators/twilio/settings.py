"""Settings of the simulated Twilio that can change while it runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, replace

from app.sandbox.simulators.common import BadOrder, Json


@dataclass(frozen=True)
class Settings:
    """Settings of the simulated Twilio. Durations are real seconds. An empty webhook address switches its posts off.

    `signed_base` replaces the scheme and host of our webhooks when a post is signed; if it is empty, the called URL is
    signed. `failing` maps a number to an error code: a text to that number is accepted and then not delivered.
    """

    sms_url: str = ""
    voice_url: str = ""
    signed_base: str = ""
    account_sid: str = "AC00000000000000000000000000000777"
    account_status: str = "active"
    friendly_name: str = "ChargeCars"
    auth_token: str = "simulated-auth-token"  # noqa: S105
    api_key_sid: str = "SK00000000000000000000000000000777"
    api_key_secret: str = "simulated-key-secret"  # noqa: S105
    shared_key: str = ""
    sms_numbers: tuple[str, ...] = ("+3197010200777",)
    phone_numbers: tuple[str, ...] = ("+31201234567",)
    messaging_service_sid: str = "MG00000000000000000000000000000777"
    sent_s: float | None = 0.1
    delivered_s: float | None = 0.5
    status_before_answer: bool = False
    duplicate: int = 0
    reorder: bool = False
    delay_s: float = 0.0
    slow_s: float = 0.0
    answer_within_s: float = 15.0
    refuses_sign_in: bool = False
    failing: dict[str, int] = field(default_factory=lambda: {"+31600000030": 30003, "+31600000037": 30007})

    def to_json(self) -> Json:
        return asdict(self)


def changed(settings: Settings, changes: Json) -> Settings:
    """Return the settings with the values in `changes`. Raises `BadOrder` for an unknown name."""
    unknown = set(changes) - {known.name for known in fields(Settings)}
    if unknown:
        raise BadOrder(f"unknown settings: {', '.join(sorted(unknown))}")
    values = dict(changes)
    for name in ("sms_numbers", "phone_numbers"):
        if name in values:
            values[name] = tuple(str(number) for number in values[name])
    return replace(settings, **values)
