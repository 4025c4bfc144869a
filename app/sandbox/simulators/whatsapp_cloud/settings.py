"""Settings of the simulated WhatsApp that can change while it runs: webhook address, timing, faults."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from app.sandbox.simulators.common import BadOrder, Json


@dataclass(frozen=True)
class Number:
    """One business number; several may belong to one business account (WABA)."""

    phone_number_id: str
    display_phone_number: str
    waba_id: str
    verified_name: str = ""
    is_on_biz_app: bool = False  # coexistence


@dataclass(frozen=True)
class Settings:
    """Settings of the simulated WhatsApp. Durations are real seconds, except where a field's name says clock.

    If `webhook_url` is empty, every webhook waits.
    """

    webhook_url: str = ""
    app_secret: str = "simulated-app-secret"  # noqa: S105
    verify_token: str = "simulated-verify-token"  # noqa: S105
    access_token: str = "simulated-access-token"  # noqa: S105
    numbers: tuple[Number, ...] = (Number("106600000000001", "31201234567", "200600000000001", "ChargeCars"),)
    # Free text outside the 24 hours: "webhook" accepts it and fails it later, as Meta mostly does; "sync" refuses; "off" allows.
    window: str = "webhook"
    # Statuses of an accepted message, counted from its acceptance; None leaves out the step.
    sent_s: float | None = 0.1
    delivered_s: float | None = 0.4
    read_s: float | None = 1.5
    # The first status is on its way before the send call is answered.
    status_before_answer: bool = False
    # Every webhook: extra copies, shuffled order, delay.
    duplicate: int = 0
    reorder: bool = False
    delay_s: float = 0.0
    # A webhook that was not answered 2xx is repeated after this, doubled each time up to the maximum.
    retry_first_s: float = 0.2
    retry_max_s: float = 30.0
    # Every provider call is answered this much later.
    slow_s: float = 0.0
    # Limits: None is off. The pair limit lets `pair_burst` through, then one message per 6 clock seconds to the same person.
    pair_burst: int | None = None
    throughput_per_second: int | None = None
    test_recipients: tuple[str, ...] | None = None
    not_on_whatsapp: tuple[str, ...] = ()
    media_url_clock_seconds: int = 300
    media_sha256: str = "hex"
    template_review: str = "APPROVED"
    token_is_expired: bool = False
    subscribed: bool = True

    def number(self, phone_number_id: str) -> Number | None:
        return next((number for number in self.numbers if number.phone_number_id == phone_number_id), None)

    def numbers_of(self, waba_id: str) -> list[Number]:
        return [number for number in self.numbers if number.waba_id == waba_id]

    def to_json(self) -> Json:
        return asdict(self)


def changed(settings: Settings, changes: Json) -> Settings:
    """Return the settings with the values in `changes`. Raises `BadOrder` for an unknown name or a wrong value."""
    unknown = set(changes) - {known.name for known in fields(Settings)}
    if unknown:
        raise BadOrder(f"unknown settings: {', '.join(sorted(unknown))}")
    values = {name: _VALUES[name](value) if name in _VALUES else value for name, value in changes.items()}
    return _checked(replace(settings, **values))


def _checked(settings: Settings) -> Settings:
    if settings.window not in ("webhook", "sync", "off"):
        raise BadOrder("window must be webhook, sync or off")
    if settings.media_sha256 not in ("hex", "base64"):
        raise BadOrder("media_sha256 must be hex or base64")
    if not settings.numbers:
        raise BadOrder("numbers must have at least one entry")
    return settings


def _numbers(value: Any) -> tuple[Number, ...]:
    try:
        return tuple(Number(**{name: _plain(part) for name, part in number.items()}) for number in value)
    except (TypeError, AttributeError) as error:
        raise BadOrder("numbers is a list of {phone_number_id, display_phone_number, waba_id, verified_name}") from error


def _plain(part: Any) -> Any:
    return part if isinstance(part, bool) else str(part)


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(part) for part in value)


_VALUES: dict[str, Any] = {
    "numbers": _numbers,
    "not_on_whatsapp": _texts,
    "test_recipients": lambda value: None if value is None else _texts(value),
}
