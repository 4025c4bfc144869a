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
    """The price of one part of a text, from the channel's settings."""

    amount: Decimal
    currency: str


@dataclass(frozen=True)
class SmsLook:
    """What is shown under a text. `price` is "" where none is set; `misfits`: characters that force the costlier alphabet."""

    count: SmsCount
    price: str
    misfits: str


def sms_look(text: str, channel: Channel) -> SmsLook:
    """Return what to show under a text that is being written."""
    counted, price = count_sms(text), part_price(channel)
    return SmsLook(
        count=counted,
        price=price_words(price, counted.parts) if price else "",
        misfits=named(counted.misfits),
    )


def part_price(channel: Channel) -> PartPrice | None:
    """Return the price in the channel's settings; None where there is none, or it is not a number."""
    try:
        amount = Decimal(str(channel.settings.get("part_price") or "").replace(",", "."))
    except InvalidOperation:
        return None
    currency = str(channel.settings.get("part_currency") or "EUR").upper()
    usable = amount.is_finite() and 0 < amount < 1000 and len(currency) == 3 and currency.isalpha()
    return PartPrice(amount, currency) if usable else None


def price_words(price: PartPrice, parts: int) -> str:
    """Return the price of so many parts in words, with tenths of a cent where it has them."""
    locale = get_locale()
    pattern = locale.currency_formats["standard"].pattern.replace("0.00", "0.00##")
    return str(format_currency(price.amount * parts, price.currency, pattern, locale=locale, currency_digits=False))


def named(characters: Sequence[str]) -> str:
    """Return characters in a readable form, at most MOST_NAMED of them."""
    told = [shown(character) for character in characters[:MOST_NAMED]]
    return " ".join([*told, *(["…"] if len(characters) > MOST_NAMED else [])])


def shown(character: str) -> str:
    """Return one character so that people can see it; a fixed sign for an invisible one."""
    return character if character.isprintable() and not character.isspace() else UNSEEN


def sms_context(thread: Thread, channel: Channel | None) -> dict[str, Any]:
    """Return the template context of a text in the composer; {} for any other channel."""
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
