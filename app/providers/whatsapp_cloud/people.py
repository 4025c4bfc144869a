"""Read the sender or the recipient of a message: numbers, business-scoped ids and names, most trusted first.

The webhook may have no number for a user with a user name. Then the business-scoped id is all we know. Such an id is unique
only within a business portfolio, so it is stored with the id of the business account that it came from.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.contract.base import Identity, IdentityKind, Party
from app.providers.whatsapp_cloud.reading import Json, as_list, as_object, text_of

_NUMBER = re.compile(r"[1-9][0-9]{5,14}")
_BSUID = re.compile(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}")
_PARENT_BSUID = re.compile(r"[A-Z]{2}\.ENT\.[A-Za-z0-9]{1,128}")


def digits_of(value: str) -> str:
    """Return the digits of a phone number as WhatsApp requires them, without "+" and spaces. Return "" if it is no number."""
    digits = re.sub(r"[\s().+-]", "", value)
    return digits if _NUMBER.fullmatch(digits) else ""


def is_scoped_id(value: str) -> bool:
    return bool(_BSUID.fullmatch(value) or _PARENT_BSUID.fullmatch(value))


def person(*, number: str, user_id: str, contact: Json, scope: str) -> Party:
    """Return the party with these ids from a message, completed by the webhook's `contact` of that person.

    `scope` is the id of the business account.
    """
    wa_id = digits_of(number) or digits_of(text_of(contact, "wa_id"))
    scoped = [user_id, number, text_of(contact, "user_id")]
    found = [
        *([Identity(IdentityKind.WA_ID, wa_id), Identity(IdentityKind.PHONE, f"+{wa_id}")] if wa_id else []),
        *[Identity(IdentityKind.BSUID, value, scope) for value in scoped if _BSUID.fullmatch(value)][:1],
        *_parent(contact, scope),
        *_username(contact),
    ]
    return Party(tuple(found), text_of(as_object(contact.get("profile")), "name").strip())


def is_own_card(card: Json) -> bool:
    """Tell whether a contact card is the sender's own: it then came from the button that asks for it.

    A card chosen from a phone's contacts may be anybody's.
    """
    return text_of(card, "origin") == "contact_request"


def shared_number(item: Json) -> str:
    """Return the sender's own phone number that a message shares. Return "" for any other message."""
    cards = as_list(item.get("contacts")) if text_of(item, "type") == "contacts" else []
    own = [card for card in map(as_object, cards) if is_own_card(card)]
    numbers = [text_of(as_object(phone), "wa_id") for card in own for phone in as_list(card.get("phones"))]
    return next(filter(None, numbers), "")


def _parent(contact: Json, scope: str) -> list[Identity]:
    value = text_of(contact, "parent_user_id")
    return [Identity(IdentityKind.PARENT_BSUID, value, scope)] if _PARENT_BSUID.fullmatch(value) else []


def _username(contact: Json) -> list[Identity]:
    value = text_of(as_object(contact.get("profile")), "username") or text_of(contact, "username")
    return [Identity(IdentityKind.USERNAME, value)] if value else []


def contact_of(contacts: Sequence[Json], *, number: str, user_id: str) -> Json:
    """Return the webhook's contact with this number or user id. Return {} if there is none.

    If both are "", return the contact if there is exactly one. Contacts are never matched by position.
    """
    for contact in contacts:
        same_id = user_id and text_of(contact, "user_id") == user_id
        if same_id or (number and text_of(contact, "wa_id") == number):
            return contact
    if len(contacts) == 1 and not (number or user_id):
        return contacts[0]
    return {}
