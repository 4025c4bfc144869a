"""Build a signed post without content, as WhatsApp would send it, to test our own webhook address."""

from __future__ import annotations

import hashlib
import hmac
import json


def signed_test(secret: str, word: str) -> tuple[dict[str, str], bytes]:
    """Return (headers, body) of a signed post that contains `word` but no message, so processing it changes nothing."""
    body = json.dumps({"object": "whatsapp_business_account", "entry": [], "self_test": word}).encode()
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}, body
