"""Setup form of a Twilio number; its field names are those of the channel's settings and secrets."""

from __future__ import annotations

from app.contract.setup_field import VISIT_REMINDERS, SetupField
from app.core.text import mark as N_

_SIGN_IN = (
    SetupField("account_sid", N_("Account SID"), help=N_("Begins with AC. See the first page of the Twilio console.")),
    SetupField(
        "signing_secret",
        N_("Auth token"),
        secret=True,
        help=N_("The token proves that a request comes from Twilio. An API key cannot do that."),
    ),
    SetupField(
        "api_key_sid",
        N_("API key SID"),
        required=False,
        help=N_(
            "Begins with SK. If you fill in this field, we send with the API key instead of the auth token.",
            "Begins with SK. Better than the auth token for sending",
        ),
    ),
    SetupField(
        "api_key_secret",
        N_("API key secret"),
        secret=True,
        required=False,
        help=N_("Twilio shows this secret only once: when you create the key."),
    ),
    SetupField(
        "previous_signing_secret",
        N_("Previous auth token"),
        secret=True,
        required=False,
        help=N_("While you change the token, we accept requests signed with the old or the new one."),
    ),
    SetupField(
        "webhook_shared_key",
        N_("Shared key for webhooks"),
        secret=True,
        required=False,
        help=N_("Needed only if webhooks are signed with HMAC-SHA256."),
    ),
)
_NUMBER = SetupField("address", N_("Phone number"), help=N_("With its country code, such as +31612345678."))
CONNECT_FIELDS = (
    _NUMBER,
    *_SIGN_IN,
    SetupField(
        "messaging_service_sid",
        N_("Messaging service SID"),
        required=False,
        help=N_("Begins with MG. If you fill in this field, we send texts from that service's numbers."),
    ),
    SetupField(
        "sender_name",
        N_("Sender name"),
        required=False,
        help=N_(
            "At most 11 letters and digits, shown in place of the number. Recipients cannot answer a text that shows this name."
        ),
    ),
    SetupField(
        "part_price",
        N_("Price per SMS part"),
        required=False,
        help=N_("For example, 0.0849. We show the price of a text while you write it."),
    ),
    SetupField("part_currency", N_("Currency of the price per SMS part"), required=False, help=N_("For example, EUR.")),
    SetupField(
        "validity_seconds",
        N_("Time limit for delivering a text, in seconds"),
        required=False,
        within=(1, 36_000),
        help=N_(
            "From 1 to 36000; 14400 if left empty. The time starts when Twilio accepts the text. After this time, "
            "Twilio no longer delivers the text."
        ),
    ),
    VISIT_REMINDERS,
)
PHONE_CONNECT_FIELDS = (_NUMBER, *_SIGN_IN)
STEPS = (
    N_(
        "After you connect the number, its page shows a webhook address. At Twilio, enter that address for "
        "incoming messages to this number."
    ),
)
PHONE_STEPS = (
    N_(
        "After you connect the line, its page shows a webhook address. At Twilio, enter that address under "
        "“Call status changes” of this number."
    ),
)
