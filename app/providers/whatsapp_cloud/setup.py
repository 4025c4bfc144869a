"""Setup form of a WhatsApp number, with what has to be done at Meta."""

from __future__ import annotations

from app.contract.setup_field import VISIT_REMINDERS, SetupField
from app.core.text import mark as N_

CONNECT_FIELDS: tuple[SetupField, ...] = (
    SetupField("address", N_("Phone number ID"), help=N_("The long number under “API Setup”, not the phone number itself.")),
    SetupField("display_address", N_("Phone number"), help=N_("As customers see it, such as +31 10 123 4567.")),
    SetupField("waba_id", N_("WhatsApp business account ID"), help=N_("You find this ID next to the phone number ID.")),
    SetupField(
        "access_token",
        N_("Access token"),
        secret=True,
        expires=True,
        help=N_("The token of a system user with the permissions whatsapp_business_messaging and whatsapp_business_management."),
    ),
    SetupField(
        "signing_secret",
        N_("App secret"),
        secret=True,
        help=N_("Under “App settings”, “Basic”. WhatsApp signs its requests with this secret."),
    ),
    SetupField(
        "read_marks",
        N_("Read receipts"),
        default="on",
        choices=("on", "off"),
        help=N_("“on”: customers see blue ticks when a colleague opens or answers their message."),
    ),
    SetupField(
        "typing",
        N_("Typing indicator"),
        default="on",
        choices=("on", "off"),
        help=N_("“on”: customers see that a colleague is typing an answer. “Read receipts” must be “on” as well."),
    ),
    VISIT_REMINDERS,
    SetupField(
        "reminder_template",
        N_("Template for reminders"),
        required=False,
        help=N_(
            "Name of the template, such as visit_reminder. We use the template if the customer has not written in "
            "the last 24 hours."
        ),
    ),
    SetupField(
        "reminder_values",
        N_("Values for the reminder template"),
        required=False,
        default="customer_name; visit_date; visit_time",
        help=N_(
            "One value for each placeholder of the template, in the same order, separated by semicolons. Besides "
            "customer_name, visit_date and visit_time, you can use technician_name, technician_phone, visit_place "
            "and order_id."
        ),
    ),
)
STEPS: tuple[str, ...] = (
    N_("In the app at Meta, open “Configuration” under “WhatsApp”. Enter the webhook address and the verify token shown below."),
    N_(
        "On the same page, subscribe to the field “messages”. If you use templates, also subscribe to "
        "“message_template_status_update”."
    ),
    N_("Then copy the values from the app into the fields below, and choose “Check and connect”."),
)
