"""Recognise encrypted and signed mail, and of which kind (S/MIME or PGP) it is."""

from __future__ import annotations

import re
from typing import Final

from app.mail.source import Part

_PKCS7: Final = frozenset(["application/pkcs7-mime", "application/x-pkcs7-mime"])
_PGP_BLOCK: Final = re.compile(r"\s*-----BEGIN PGP MESSAGE-----")
NOTICES: Final = {
    "smime": "[This message is encrypted (S/MIME). Open the attached original with the key it was made for.]",
    "pgp": "[This message is encrypted (PGP). Open the attached original with the key it was made for.]",
    "smime-opaque": "[This message is signed in a form that hides its text (S/MIME). Open the attached original to read it.]",
}


def read_encryption(root: Part, text: str) -> str:
    """Return the kind of an encrypted mail: "smime", "pgp", or "smime-opaque" (signed, and readable only after unpacking).
    Return "" for readable mail."""
    for part in root.walk():
        if part.content_type in _PKCS7:
            kind = part.params.get("smime-type", "").lower()
            return "smime-opaque" if kind in ("signed-data", "certs-only") else "smime"
        if part.content_type == "multipart/encrypted":
            return "pgp"
    return "pgp" if _PGP_BLOCK.match(text) else ""


def read_signature(root: Part) -> str:
    """Return "smime" or "pgp" for mail with readable text and a signature, otherwise "". The signature is not verified."""
    signed = next((part for part in root.walk() if part.content_type == "multipart/signed"), None)
    if signed is None:
        return ""
    return "pgp" if "pgp" in signed.params.get("protocol", "").lower() else "smime"
