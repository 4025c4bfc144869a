"""Settings of the simulated Graph that can change while it runs, and the data of the simulated tenant."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from app.sandbox.simulators.common import BadOrder, Json

ALL_ROLES = ("Mail.ReadWrite", "Mail.Send", "Mail.Read", "Calendars.Read", "Calendars.ReadWrite")


@dataclass(frozen=True)
class Settings:
    """Settings of the simulated Graph. Durations are seconds of the simulator's clock, except `latency_s`, which is real time."""

    tenant_id: str = "5d1f7c0e-7777-4c1e-9a55-000000000001"
    client_id: str = "c0ffee00-7777-4c1e-9a55-000000000002"
    client_secret: str = "simulated-client-secret"  # noqa: S105
    secret_has_expired: bool = False
    roles: tuple[str, ...] = ALL_ROLES
    token_seconds: int = 3599
    mailboxes: tuple[str, ...] = ()
    # Any address asked for exists; otherwise those in `mailboxes` alone.
    open_mailboxes: bool = False
    # Mailboxes the application may touch; None is all of them.
    allowed_mailboxes: tuple[str, ...] | None = None
    # Who can sign in, beside the mailboxes themselves, and the mailboxes anybody signed in may open.
    shared_mailboxes: tuple[str, ...] = ()
    # Every call takes this long while it counts as under way.
    latency_s: float = 0.0
    calls_at_once: int = 4
    # From the accepted send to the copy in Sent Items; in between the message is nowhere.
    send_delay_s: float = 0.0
    # The transport writes its own Message-ID into the mail that leaves.
    replace_message_id: bool = False
    # A mail that arrives is named by delta at once and readable only after this.
    lag_s: float = 0.0
    # Delta: repeat items on the next page, put an empty page in each round.
    # Mail that arrives is told to subscribers at once; off, notifications come on order alone.
    notify: bool = False
    delta_duplicates: bool = False
    delta_empty_pages: bool = False
    max_page_size: int = 50
    # Mail to these domains bounces by itself, and mail to these gets a reply by machine.
    bounce_domains: tuple[str, ...] = ("bounce.example",)
    out_of_office_domains: tuple[str, ...] = ("away.example",)
    # Machines that do not say so: no header, no word, a subject of their own, and not even the mail they answer is named.
    silent_responder_domains: tuple[str, ...] = ("silent.example",)

    def changed(self, values: Json) -> Settings:
        """Return a copy of the settings with `values` replaced; lists become tuples. Raises `BadOrder` for an unknown name."""
        known = {one.name for one in fields(self)}
        if unknown := set(values) - known:
            raise BadOrder(f"unknown settings: {', '.join(sorted(unknown))}")
        read: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return replace(self, **read)

    def to_json(self) -> Json:
        return asdict(self)
