"""What is posted to each door: a message nobody has sent before, or a report, signed as its provider signs."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.domain.partners.signature import SignedRequest, sign

FORM = "application/x-www-form-urlencoded"
TEXTS = "+3197010200777"


@dataclass(frozen=True)
class Target:
    """A door. `kind` is one of DOORS; `secret` what its provider signs with: a key in PEM for reports. `key`: a partner's."""

    url: str
    secret: bytes
    phone_number_id: str = ""
    kind: str = "chat"
    key: str = ""


def new_key() -> tuple[bytes, str]:
    """A private key in PEM, and the public one as the provider of reports shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private, base64.b64encode(public).decode()


def signed(target: Target, *, name: str = "Bench") -> tuple[bytes, dict[str, str]]:
    """One post, with the headers it bears; `name` is the sender's, where the door is told one."""
    return DOORS[target.kind](target, name)


def _chat(target: Target, name: str) -> tuple[bytes, dict[str, str]]:
    message = {
        "id": f"wamid.{uuid4().hex}",
        "from": f"316{uuid4().int % 10**8:08d}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "hoi, wanneer komt de monteur?"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": target.phone_number_id},
        "contacts": [{"profile": {"name": name}, "wa_id": message["from"]}],
        "messages": [message],
    }
    changes = [{"field": "messages", "value": value}]
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": changes}]}).encode()
    signature = "sha256=" + hmac.new(target.secret, body, hashlib.sha256).hexdigest()
    return body, {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}


def _text(target: Target, _name: str) -> tuple[bytes, dict[str, str]]:
    sender = f"+316{uuid4().int % 10**8:08d}"
    fields = {"MessageSid": f"SM{uuid4().hex}", "From": sender, "To": TEXTS, "Body": "hoi, wanneer komt de monteur?"}
    fields |= {"NumMedia": "0", "NumSegments": "1"}
    content = target.url + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.new(target.secret, content.encode(), hashlib.sha1).digest()).decode()
    return urlencode(fields).encode(), {"X-Twilio-Signature": signature, "Content-Type": FORM}


def _report(target: Target, _name: str) -> tuple[bytes, dict[str, str]]:
    event = {"email": "jan@example.nl", "timestamp": int(time.time()), "event": "delivered", "sg_event_id": uuid4().hex}
    body, stamp = json.dumps([{**event, "sg_message_id": f"{uuid4().hex}.f1"}]).encode(), str(int(time.time()))
    key = serialization.load_pem_private_key(target.secret, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    prefix = "X-Twilio-Email-Event-Webhook"
    return body, {f"{prefix}-Signature": signature, f"{prefix}-Timestamp": stamp, "Content-Type": "application/json"}


def _order(target: Target, name: str) -> tuple[bytes, dict[str, str]]:
    """One order of a partner, of two things, for somebody who never ordered before."""
    number, figures = f"BENCH-{uuid4().hex}", uuid4().int
    address = {"street": "Kerkstraat", "house_number": str(figures % 400 + 1), "postal_code": "1234AB", "city": "Amsterdam"}
    order = {
        "partner_order_id": number,
        "customer": {
            "name": name,
            "email": f"{number.lower()}@bench.example",
            "phone": f"+316{figures % 10**8:08d}",
            "address": address,
        },
        "products": [
            {"partner_sku": "BENCH-ALFEN-11", "quantity": 1, "description": "Wallbox 11 kW"},
            {"partner_sku": "BENCH-INSTALL", "quantity": 1, "description": "Installation"},
        ],
        "installation_preferences": {"preferred_date": "2027-01-11", "notes": "Side door"},
        "partner_references": {"purchase_order": "PO-1"},
    }
    body, nonce = json.dumps(order).encode(), secrets.token_hex(16)
    request = SignedRequest("POST", urlsplit(target.url).path, "", str(int(time.time())), nonce, body)
    headers = {"Authorization": f"Bearer {target.key}", "Content-Type": "application/json", "X-Nonce": nonce}
    return body, {**headers, "X-Timestamp": request.timestamp, "X-Signature": sign(request, target.secret.decode())}


DOORS: dict[str, Callable[[Target, str], tuple[bytes, dict[str, str]]]] = {
    "chat": _chat,
    "text": _text,
    "reports": _report,
    "order": _order,
}
