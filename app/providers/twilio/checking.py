"""Check that the Twilio account works and that its webhooks reach us; say in words what is wrong."""

from __future__ import annotations

from app.contract.base import ChannelAccount, Json, ProviderError
from app.contract.health import Health, refused
from app.core.text import known
from app.core.text import mark as N_
from app.providers.twilio.api import TwilioApi
from app.providers.twilio.numbers import number_of

_CONNECTED = known("Connected as %(who)s")
_STATE = known(
    "The Twilio account has the status “%(state)s”: an administrator must check it at Twilio",
    "The Twilio account is %(state)s: an administrator must check it at Twilio",
)
_NOT_OURS = known("%(number)s does not belong to this Twilio account")
_UNABLE = known("%(number)s does not support %(what)s")
_ELSEWHERE = known(
    "Twilio does not send its webhooks to us. Address now at Twilio: %(actual)s. Replace it with: %(ours)s",
    "Twilio reports to %(actual)s, not to us: enter %(ours)s at Twilio",
)
_NOWHERE = N_("not set", "nowhere")
_NO_TOKEN = N_("The auth token is missing: we reject everything Twilio sends")
_CALLS, _TEXTS = N_("phone calls"), N_("texts")


def check_account(api: TwilioApi, *, account: ChannelAccount, ability: str, webhook: tuple[str, str]) -> Health:
    """Check the account and its number. `ability` ("sms" or "voice") is what the number must be able to do.

    `webhook` is (field of the number, address that this field must contain).
    """
    checked = ["sign-in", "phone number", "webhook"]
    if not account.secrets.get("signing_secret"):
        return Health(False, _NO_TOKEN, tuple(checked[:1]))
    try:
        whole = api.get("", account=account)
        wrong = _wrong_account(whole) or ("" if _has_no_number(account) else _wrong_number(api, account, ability, webhook))
    except ProviderError as error:
        return refused(error, checked=tuple(checked))
    if wrong:
        return Health(False, wrong, tuple(checked))
    return Health(True, _CONNECTED % {"who": str(whole.get("friendly_name") or account.address)}, tuple(checked))


def _has_no_number(account: ChannelAccount) -> bool:
    """Tell whether the account sends by a messaging service or a sender name. Their numbers are set up at Twilio."""
    return bool(account.settings.get("messaging_service_sid")) or not number_of(account.address)


def _wrong_account(whole: Json) -> str:
    state = str(whole.get("status") or "active")
    return "" if state == "active" else _STATE % {"state": state[:40]}


def _wrong_number(api: TwilioApi, account: ChannelAccount, ability: str, webhook: tuple[str, str]) -> str:
    answer = api.get("IncomingPhoneNumbers.json", account=account, params={"PhoneNumber": account.address})
    rows = [row for row in answer.get("incoming_phone_numbers") or [] if isinstance(row, dict)]
    ours = next((row for row in rows if row.get("phone_number") == account.address), None)
    if ours is None:
        return _NOT_OURS % {"number": account.address}
    if not (ours.get("capabilities") or {}).get(ability):
        return _UNABLE % {"number": account.address, "what": _CALLS if ability == "voice" else _TEXTS}
    field, address = webhook
    actual = str(ours.get(field) or "").split("#", 1)[0]
    bare = actual.split("?", 1)[0].replace("/api/v1/", "/")
    return "" if bare == address else _ELSEWHERE % {"actual": actual[:200] or _NOWHERE, "ours": address}
