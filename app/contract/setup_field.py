"""Describe the fields of the form that connects a channel, for each kind."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.text import mark as N_


@dataclass(frozen=True)
class SetupField:
    """One field of the form that connects a channel. `name` is its key in the channel's settings, or in its sealed secrets if
    `secret` is set.

    The names "address" and "display_address" are attributes of the channel itself. `label` and `help` are marked for
    translation. `choices` are the allowed values, () for any. `default` is the value at first. `expires`: the secret has a
    last day. `within`: the value is a whole number in this range.
    """

    name: str
    label: str
    secret: bool = False
    required: bool = True
    help: str = ""
    default: str = ""
    choices: tuple[str, ...] = ()
    expires: bool = False
    within: tuple[int, int] | None = None


VISIT_REMINDERS = SetupField(
    "visit_reminders",
    N_("Visit reminders"),
    default="off",
    choices=("off", "on"),
    help=N_("If “on”, we send customers a reminder on this channel the day before a visit."),
)
MAIL_ADDRESS = SetupField("address", N_("Email address"), help=N_("Customers write to this address."))
