"""The fields of the form for connecting a channel, by kind."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.text import mark as N_


@dataclass(frozen=True)
class SetupField:
    """One field to connect a channel. `name` is its key among the settings, or with `secret` among the sealed secrets.

    "address" and "display_address" are the channel's own. `label` and `help` are marked for translation. `choices`: the allowed
    values, () for any; `default`: the value at first. `expires`: a secret with a last day. `within`: a whole number in this
    range.
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
    N_("Reminders of visits"),
    default="off",
    choices=("off", "on"),
    help=N_("“on”: customers on this channel get a reminder the day before a visit, in the thread of the visit."),
)
MAIL_ADDRESS = SetupField("address", N_("E-mail address"), help=N_("The address customers use."))
