"""Setup form of a Microsoft 365 mailbox by application permissions, with what has to be done in Entra."""

from __future__ import annotations

from app.contract.setup_field import VISIT_REMINDERS, SetupField
from app.core.text import mark as N_

_SECRET = SetupField(
    "client_secret",
    N_("Client secret"),
    secret=True,
    expires=True,
    help=N_("The value of the secret, not its ID. Entra shows the value only once."),
)
_SENDER = SetupField("from_name", N_("Sender name"), required=False, help=N_("Recipients see this name in front of the address."))
_CALENDAR = SetupField(
    "calendar",
    N_("Calendar"),
    default="off",
    choices=("off", "on"),
    help=N_(
        "“on”: upcoming events of this calendar become tasks of the brand, and the brand's appointments appear "
        "in this calendar. Requires Calendars.ReadWrite."
    ),
)
CONNECT_FIELDS: tuple[SetupField, ...] = (
    SetupField("address", N_("Mailbox"), help=N_("The address of the mailbox, such as service@example.nl.")),
    SetupField("tenant_id", N_("Directory (tenant) ID"), help=N_("On the overview page of the app registration.")),
    SetupField("client_id", N_("Application (client) ID"), help=N_("Also on the overview page of the app registration.")),
    _SECRET,
    _SENDER,
    _CALENDAR,
    VISIT_REMINDERS,
)
SIGN_IN_FIELDS: tuple[SetupField, ...] = (
    SetupField("address", N_("Mailbox"), help=N_("The address of the mailbox, such as service@example.nl.")),
    SetupField(
        "user_address",
        N_("Colleague who signs in"),
        required=False,
        help=N_(
            "Only for a shared mailbox: the address of the colleague who has access to the mailbox and signs in. "
            "Otherwise leave this field empty."
        ),
    ),
    SetupField(
        "tenant_id",
        N_("Directory (tenant) ID"),
        help=N_("The ID of your organization; “common” for any organization; “consumers” for personal outlook.com mailboxes."),
        default="common",
    ),
    SetupField("client_id", N_("Application (client) ID"), help=N_("On the overview page of the app registration.")),
    _SECRET,
    _SENDER,
    _CALENDAR,
    VISIT_REMINDERS,
)
SIGN_IN_STEPS: tuple[str, ...] = (
    N_("In Microsoft Entra, register an app of type Web with the address below as its redirect URI, and make a client secret."),
    N_(
        "Give the app the delegated permissions Mail.ReadWrite and Mail.Send, and also Calendars.ReadWrite "
        "for the calendar. For a shared mailbox, also give the app the same permissions ending in .Shared."
    ),
    N_("Then sign in with the mailbox's account and accept the permissions."),
)
STEPS: tuple[str, ...] = (
    N_("In Microsoft Entra, register an app and make a client secret."),
    N_(
        "Give the app the application permissions Mail.ReadWrite, Mail.Send and Mail.Read "
        "for Microsoft Graph, with admin consent."
    ),
    N_(
        "In that app, add the address below as a redirect URI of type Web: Microsoft sends you back to this "
        "address after the admin consent."
    ),
    N_(
        "You need not enter a webhook address at Microsoft: we register it ourselves.",
        "No need to paste anything at Microsoft: we register our address",
    ),
)
