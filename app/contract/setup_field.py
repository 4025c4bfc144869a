"""The fields that a form for connecting a channel asks, kind by kind."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.text import mark as N_


@dataclass(frozen=True)
class SetupField:
    """What somebody enters to connect a channel. `name` is its key among the settings or, `secret`, the sealed secrets; "address"
    and "display_address" are the channel's own. `label` and `help` are marked for translation. `choices`: where there are any,
    one of them; `default`: there at first. `expires`: a secret that does so on some day.
    `within`: a whole number from the one to the other."""

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
    help=N_("“on”: customers on this channel get a reminder the day before a visit, in its thread."),
)
MAIL_ADDRESS = SetupField("address", N_("Mail address"), help=N_("The address customers use."))
