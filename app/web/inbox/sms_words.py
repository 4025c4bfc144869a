"""Put a text (SMS) that is being written into words: parts, price, opt-out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import format_currency
from flask_babel import get_locale

from app.contract.sms_text import SmsCount, count_sms
from app.core.db import db
from app.core.runtime import runtime
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.opt_outs import OptOut, find_opt_out
from app.domain.delivery.errors import UnableToReply
from app.domain.delivery.recipient import find_recipient
from app.domain.threads.models import Thread

MOST_NAMED = 8
UNSEEN = "␣"  # shown for an invisible character


@dataclass(frozen=True)
class PartPrice:
    """The price of one part of an SMS, from the channel's settings. `amount` is in whole units of `currency`."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class SmsLook:
    """What the composer shows under an SMS.

    `price` is "" if the channel has no price. `misfits`: the characters that force the more expensive alphabet.
    """

    count: SmsCount
    price: str
    misfits: str


def sms_look(text: str, channel: Channel) -> SmsLook:
    """Return what the composer shows under the SMS `text` while it is being written."""
    counted, price = count_sms(text), part_price(channel)
    return SmsLook(
        count=counted,
        price=price_words(price, counted.parts) if price else "",
        misfits=named(counted.misfits),
    )


def part_price(channel: Channel) -> PartPrice | None:
    """Return the price of one part from the channel's settings. Return None if none is set or it is invalid."""
    try:
        amount = Decimal(str(channel.settings.get("part_price") or "").replace(",", "."))
    except InvalidOperation:
        return None
    currency = str(channel.settings.get("part_currency") or "EUR").upper()
    usable = amount.is_finite() and 0 < amount < 1000 and len(currency) == 3 and currency.isalpha()
    return PartPrice(amount, currency) if usable else None


def price_words(price: PartPrice, parts: int) -> str:
    """Return the price of this many parts, formatted for the reader. It shows up to four decimals if the price has them."""
    locale = get_locale()
    pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0.00##")
    return str(format_currency(price.amount * parts, price.currency, pattern, locale=locale, currency_digits=False))


def named(characters: Sequence[str]) -> str:
    """Return characters in a readable form, at most MOST_NAMED of them."""
    told = [shown(character) for character in characters[:MOST_NAMED]]
    return " ".join([*told, *(["…"] if len(characters) > MOST_NAMED else [])])


def shown(character: str) -> str:
    """Return the character itself, or a fixed visible sign if the character is invisible."""
    return character if character.isprintable() and not character.isspace() else UNSEEN


def sms_context(thread: Thread, channel: Channel | None) -> dict[str, Any]:
    """Return the template context of the composer for an SMS. Return {} if the channel is not SMS."""
    if channel is None or channel.medium != Medium.SMS:
        return {}
    return {"sms": True, "sms_price": part_price(channel), "sms_opt_out": _opt_out(thread, channel)}


def _opt_out(thread: Thread, channel: Channel) -> OptOut | None:
    session, rules = db.session(), runtime().adapters.rules[channel.channel_type.value]
    try:
        address = find_recipient(session, thread, channel, rules).address()
    except UnableToReply:
        return None
    return find_opt_out(session, brand_id=thread.brand_id, medium=channel.medium.value, address=address)
