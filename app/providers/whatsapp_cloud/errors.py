"""Map Meta's error codes to what each means to the agent and what delivery should do.

Decided by `code` alone: titles are deprecated and the HTTP status says little. The same error objects come in HTTP answers, in
failed statuses and in webhooks. Source: Cloud API error codes, v26.0; the plain-English advice is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.contract.base import ProviderError, Reason
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.reading import as_object, text_of

_ASK_ADMIN = N_("Ask an administrator to look at this channel.")
_FIX_TEMPLATE = N_("Check that the values fit the text of the template, then send again.")
PAIR_SECONDS = 6.0  # one message to the same person, after a burst
_OTHER_WAY = N_("Reach this person by phone, SMS or email instead.")


@dataclass(frozen=True)
class Rule:
    """The meaning of one error code. If it is not `permanent`, the next try comes after `retry_after_seconds`.

    If that is None, the retry schedule decides.
    """

    title: str
    advice: str
    permanent: bool = True
    retry_after_seconds: float | None = None
    channel_down: bool = False
    recipient_only: bool = False
    needs_admin: bool = False


def _stop(title: str, advice: str, *, needs_admin: bool = False) -> Rule:
    return Rule(title, advice, needs_admin=needs_admin)


def _later(
    title: str,
    advice: str = "We will retry automatically.",
    seconds: float | None = None,
    *,
    recipient_only: bool = False,
    needs_admin: bool = False,
) -> Rule:
    return Rule(title, advice, False, seconds, recipient_only=recipient_only, needs_admin=needs_admin)


def _down(title: str, advice: str = _ASK_ADMIN) -> Rule:
    return Rule(title, advice, permanent=False, channel_down=True)


RULES: Mapping[int, Rule] = {
    0: _down(N_("WhatsApp rejected our credentials"), N_("An administrator must renew the access token.")),
    1: _later(N_("WhatsApp had an unknown problem")),
    2: _later(N_("WhatsApp is temporarily unavailable")),
    3: _down(N_("The app is not allowed to use this WhatsApp function", "The app may not use this WhatsApp function")),
    4: _later(N_("WhatsApp rate limit reached"), seconds=120),
    10: _down(N_("The app lacks a WhatsApp permission")),
    33: _stop(N_("WhatsApp does not know this number or file"), _ASK_ADMIN),
    100: _stop(
        N_("WhatsApp found an invalid or unknown field"),
        N_(
            "Switchyard sent a wrong field, or a channel setting is wrong; the error details name the field.",
            "The error is ours or in the settings; the error details name the field",
        ),
    ),
    190: _down(N_("The WhatsApp access token has expired or was revoked"), N_("An administrator must renew the access token.")),
    368: _down(N_("WhatsApp blocked the account for a policy violation")),
    613: _later(N_("WhatsApp rate limit reached"), seconds=120),
    80007: _later(N_("The WhatsApp account reached its rate limit"), seconds=120),
    130429: _later(N_("We are sending messages faster than WhatsApp allows for this phone number"), seconds=5),
    130472: _stop(
        N_(
            "WhatsApp did not deliver this message because of an experiment it is running",
            "WhatsApp held this message back for an experiment",
        ),
        _OTHER_WAY,
    ),
    130497: _stop(
        N_(
            "WhatsApp does not let this account send messages to that country",
            "WhatsApp does not let this account message that country",
        ),
        _OTHER_WAY,
        needs_admin=True,
    ),
    131000: _later(N_("WhatsApp could not handle the message")),
    131005: _down(N_("WhatsApp denied access"), N_("An administrator must check the permissions of the access token.")),
    131008: _stop(N_("A required field is missing"), N_("This is our error; the error details name the field.")),
    131009: _stop(
        N_("A field has a value WhatsApp does not accept"), N_("Change the message; the error details name the field.")
    ),
    131016: _later(N_("WhatsApp is temporarily unavailable")),
    131021: _stop(N_("Sender and recipient are the same number"), N_("Check the recipient's number.")),
    131026: _stop(
        N_(
            "Not delivered: the person may not have WhatsApp, or may need to update it or accept its terms",
            "Not delivered: the person may have no WhatsApp, an old app, or terms not yet accepted",
        ),
        _OTHER_WAY,
    ),
    131030: _stop(
        N_(
            "A test number can send only to listed numbers, and the recipient is not listed",
            "The recipient is not on the list of the test number",
            "The number is not on the test number's list of recipients",
        ),
        N_(
            "In WhatsApp, add the number of the recipient to the recipients of the test number, or send from a "
            "business number that is not a test number.",
            "Add the number to the list at WhatsApp, or send from a real business number",
        ),
    ),
    131031: _down(N_("WhatsApp locked the account")),
    131037: _down(N_("WhatsApp has not approved the number's display name")),
    131042: _stop(
        N_("WhatsApp has a problem with the payment method"),
        N_("An administrator must correct the payment details at Meta."),
        needs_admin=True,
    ),
    131044: _stop(
        N_("WhatsApp has a problem with the payment method"),
        N_("An administrator must correct the payment details at Meta."),
        needs_admin=True,
    ),
    131045: _down(
        N_("The number is not registered correctly with WhatsApp"), N_("An administrator must register the number again.")
    ),
    131047: _stop(N_("More than 24 hours have passed since this person last wrote"), N_("Send an approved template instead.")),
    131048: _later(
        N_("WhatsApp limits sending from this phone number because messages were reported as spam"),
        _ASK_ADMIN,
        900,
        needs_admin=True,
    ),
    131049: _stop(
        N_(
            "Not delivered: WhatsApp limits how many messages this person gets",
            "WhatsApp held this message back to limit messages to this person",
            "WhatsApp held this back to limit messages to this person",
        ),
        N_("Wait at least 24 hours, or use another channel."),
    ),
    131050: _stop(N_("This person does not want marketing messages"), N_("Send no marketing; ordinary messages still work.")),
    131051: _stop(N_("This type of message is not supported"), N_("Send another type of message, such as plain text.")),
    131052: _stop(N_("WhatsApp could not load the file the person sent"), N_("Ask for the file again.")),
    131053: _stop(N_("WhatsApp could not accept the file"), N_("Check the type and size of the file and attach it again.")),
    131056: _later(N_("Too many messages to this person in a short time"), seconds=PAIR_SECONDS, recipient_only=True),
    131057: _later(N_("The WhatsApp account is under maintenance", "The WhatsApp account is in maintenance"), seconds=300),
    131062: _stop(N_("This message can only be sent to a phone number"), N_("Ask the person for their phone number.")),
    131063: _stop(N_("Marketing templates are switched off for this number"), _ASK_ADMIN),
    131064: _later(
        N_("The account has reached its daily limit for new conversations"),
        _ASK_ADMIN,
        900,
        recipient_only=True,
        needs_admin=True,
    ),
    132000: _stop(N_("The number of values does not match the template"), _FIX_TEMPLATE),
    132001: _stop(
        N_("The template does not exist in this language or is not approved"), N_("Choose another template or language.")
    ),
    132005: _stop(N_("The filled-in template is too long"), N_("Shorten the values.")),
    132007: _stop(N_("The template's content breaks WhatsApp's policy"), N_("Choose another template.")),
    132008: _stop(N_("WhatsApp rejected a template value"), _FIX_TEMPLATE),
    132012: _stop(N_("A value of the template has the wrong format"), _FIX_TEMPLATE),
    132015: _stop(N_("WhatsApp paused this template for low quality"), N_("Choose another template.")),
    132016: _stop(N_("WhatsApp disabled this template"), N_("Choose another template.")),
    132018: _stop(N_("WhatsApp rejected a template value"), _FIX_TEMPLATE),
    132068: _stop(N_("The form in this message is blocked"), _ASK_ADMIN),
    132069: _later(N_("WhatsApp currently limits how often this form can be sent"), seconds=600),
    133010: _down(N_("The number is not registered with WhatsApp"), N_("An administrator must register the number.")),
    133016: _later(N_("The number was registered too often"), _ASK_ADMIN, 3600),
    135000: _later(N_("WhatsApp could not send the message")),
    137000: _stop(
        N_("The person's WhatsApp identity has changed"), N_("Check that this is still the same person, then send again.")
    ),
}

_RANGES: tuple[tuple[int, int, Rule], ...] = (
    (200, 299, _down(N_("The app lacks a WhatsApp permission"))),
    (139100, 139103, _stop(N_("The block list could not be changed"), _ASK_ADMIN)),
    (
        147001,
        147005,
        _stop(
            N_("WhatsApp could not use this user name"), N_("Send to the person’s phone number instead.", "Use the phone number")
        ),
    ),
    (
        2_388_000,
        2_388_999,
        _stop(N_("WhatsApp did not accept the template"), N_("Correct the template; the error details say what is wrong.")),
    ),
)
_UNKNOWN = _stop(N_("WhatsApp refused the message"), N_("Read the error details, or ask an administrator."))


def rule_for(code: int) -> Rule:
    """Return the rule of a code; unknown codes are permanent, so that nothing is repeated without somebody looking."""
    if code in RULES:
        return RULES[code]
    return next((rule for low, high, rule in _RANGES if low <= code <= high), _UNKNOWN)


def needs_admin(code: str) -> bool:
    """Tell whether an error with this code is also shown to administrators, not only to the writer of the message."""
    rule = rule_for(int(code)) if code.isdecimal() else None
    return rule is not None and (rule.needs_admin or rule.channel_down)


def code_of(error: Mapping[str, Any]) -> int:
    """Return the numeric code of an error object. Return -1 if it has none."""
    try:
        return int(text_of(error, "code"))
    except ValueError:
        return -1


def reason_of(error: Mapping[str, Any]) -> Reason:
    """Return the reason for one of Meta's error objects. Any mapping will do, however incomplete."""
    rule = rule_for(code_of(error))
    details = text_of(as_object(error.get("error_data")), "details")
    detail = details or text_of(error, "message") or text_of(error, "title")
    return Reason(code=text_of(error, "code") or "unknown", title=rule.title, detail=detail, advice=rule.advice)


def refusal(error: Mapping[str, Any], *, status_code: int, retry_after_seconds: float | None = None) -> ProviderError:
    """Return the error for a call that Meta itself refused: certain, so never `outcome_unknown`."""
    rule = rule_for(code_of(error))
    is_transient = error.get("is_transient") is True and rule is _UNKNOWN
    return ProviderError(
        reason_of(error),
        permanent=rule.permanent and not is_transient,
        retry_after_seconds=retry_after_seconds if retry_after_seconds is not None else rule.retry_after_seconds,
        channel_down=rule.channel_down,
        recipient_only=rule.recipient_only,
        needs_admin=rule.needs_admin,
        status_code=status_code,
    )


def cannot_send(code: str, title: str, advice: str, detail: str = "") -> ProviderError:
    """Return the error for a message that we refuse ourselves, before any call."""
    return ProviderError(Reason(code=code, title=title, detail=detail, advice=advice), permanent=True)
