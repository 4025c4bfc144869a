"""Map Twilio's error codes to what each means to the agent and what delivery should do.

The same codes come in answers to calls and in status posts. Source: the provider's error dictionary; the plain words are
ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.contract.base import ProviderError, Reason
from app.core.text import mark as N_

_ASK_ADMIN = N_("Ask an administrator to look at this channel.")
CHECK_NUMBER = N_("Check the number, or use another way to reach this person.")
_OTHER_WAY = N_("Call this person, or use another channel.")
_AGAIN = N_("We will retry automatically.")
_QUEUE_FULL = N_("Too many texts are waiting to be sent from our number", "Too many texts queued at this number")
_SEE_CODE = N_("Ask an administrator what the error code means.", "Ask an administrator what this code means")


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


def _later(title: str, seconds: float | None = None) -> Rule:
    return Rule(title, _AGAIN, permanent=False, retry_after_seconds=seconds)


def _down(title: str, advice: str = _ASK_ADMIN) -> Rule:
    return Rule(title, advice, permanent=False, channel_down=True)


RULES: Mapping[int, Rule] = {
    20003: _down(N_("Twilio rejected our credentials"), N_("An administrator must enter the key or the auth token again.")),
    20005: _down(N_("The Twilio account is not active")),
    20006: _down(N_("The Twilio account lacks permission")),
    20404: Rule(N_("Twilio does not know this account or number"), _ASK_ADMIN),
    20429: _later(N_("Twilio rate limit reached"), 30),
    20500: _later(N_("Twilio had an internal error")),
    20503: _later(N_("Twilio is temporarily unavailable")),
    21211: Rule(N_("This phone number cannot receive an SMS"), CHECK_NUMBER),
    21212: Rule(N_("This channel's own number is wrong"), _ASK_ADMIN),
    21408: Rule(N_("Texts to this country are not enabled"), _ASK_ADMIN),
    21602: Rule(N_("The text is empty"), N_("Write something.")),
    21604: Rule(N_("The recipient's number is missing"), CHECK_NUMBER),
    21606: Rule(N_("Our number cannot send SMS to this person"), _ASK_ADMIN),
    21608: Rule(N_("A trial account can only send to verified numbers"), _ASK_ADMIN),
    21609: Rule(N_("Twilio cannot use the public address of this installation"), _ASK_ADMIN),
    21610: Rule(
        N_("This person opted out of texts from this number"), N_("Only this person can undo the opt-out, by sending START.")
    ),
    21611: _later(_QUEUE_FULL, 60),
    21612: Rule(
        N_("Texts from our number cannot reach this number", "There is no connection from our number to this number"), _OTHER_WAY
    ),
    21614: Rule(N_("This is not a mobile number"), _OTHER_WAY),
    21617: Rule(
        N_("The text is longer than 1600 characters"),
        N_("Shorten the text, or send two texts.", "Shorten it, or send it in two parts"),
    ),
    21619: Rule(N_("The text is empty"), N_("Write something.")),
    21703: _down(N_("The messaging service has no number to send from")),
    21704: _down(N_("The messaging service has no number to send from")),
    21705: _down(N_("Twilio does not know the messaging service")),
    30001: _later(_QUEUE_FULL, 60),
    30002: _down(N_("The Twilio account is suspended")),
    30003: Rule(N_("The recipient's phone could not be reached"), N_("The phone may be off or abroad. Try later, or call.")),
    30004: Rule(N_("The text was blocked on its way"), _OTHER_WAY),
    30005: Rule(N_("Number not in use"), CHECK_NUMBER),
    30006: Rule(N_("This is a landline, or the network of this number does not accept SMS"), _OTHER_WAY),
    30007: Rule(
        N_("The recipient's network treated the text as spam"),
        N_("Reword the text and remove links, or call.", "Reword it without links, or call them"),
    ),
    30008: Rule(
        N_("The text did not arrive, and the network does not say why"),
        N_("Send the text again, or call.", "Send it again, or call them"),
    ),
    30034: Rule(N_("Our number is not registered for texts to this country"), _ASK_ADMIN),
    30036: Rule(
        N_("The text was not delivered in time"),
        N_("Send the text again if it still matters.", "Send it again if it still matters"),
    ),
    30450: Rule(N_("Our number is not registered for texts to this country"), _ASK_ADMIN),
}
EXPIRED = frozenset({30036})
_UNKNOWN = Rule(N_("Twilio refused the text"), _SEE_CODE)


def rule_of(code: int) -> Rule:
    """Return the rule of a code; unlisted codes are permanent."""
    return RULES.get(code, _UNKNOWN)


def reason_of(code: int, detail: str = "") -> Reason:
    """Return the reason of an error code; `detail` is Twilio's own sentence."""
    rule = rule_of(code)
    return Reason(str(code), rule.title, detail[:300], rule.advice)


def refusal(code: int, detail: str, *, status_code: int, retry_after_seconds: float | None) -> ProviderError:
    """Return the error for a call that Twilio refused with a code."""
    rule = rule_of(code)
    is_busy = status_code == 429
    return ProviderError(
        reason_of(code, detail),
        permanent=rule.permanent and not is_busy,
        retry_after_seconds=retry_after_seconds if retry_after_seconds is not None else rule.retry_after_seconds,
        channel_down=rule.channel_down or status_code == 401,
        status_code=status_code,
    )


def cannot_send(code: str, title: str, advice: str, detail: str = "") -> ProviderError:
    """Return the error for a message that we refuse ourselves, before anything is called."""
    return ProviderError(Reason(code, title, detail, advice), permanent=True)
