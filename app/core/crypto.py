"""Encrypt secrets that are stored: AES-256-GCM, bound to the row to which they belong.

Layout: version (1 byte) | key id (2, big-endian) | nonce (12) | ciphertext | tag (16). The authenticated data is
`v1|table|column|row id`, so a ciphertext that was moved to another row cannot be decrypted. There may be several keys: the
first encrypts, all decrypt. So keys can be changed while the application runs.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = 1
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_HEAD_BYTES = 3


class UnableToDecrypt(Exception):
    """Raised when a value belongs to another row, is damaged, or was encrypted with an unknown key. The message names the key,
    never any content."""


class BadKeys(ValueError):
    """Raised when ENCRYPTION_KEYS is malformed. The message gives the position of the entry, never its content."""


class Keyring:
    """The master keys, newest first. `keys` maps key ids (0 to 65535) to keys of 32 bytes. Raises `BadKeys` if a key is wrong
    or there is none."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        if not keys:
            raise BadKeys("at least one encryption key is needed")
        for key_id, key in keys.items():
            _check_key(key_id, key)
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._newest = next(iter(keys))

    def encrypt(self, plaintext: bytes, *, table: str, column: str, row_id: UUID | str) -> bytes:
        """Encrypt with the newest key; the same plaintext gives another result each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self._newest].encrypt(nonce, plaintext, bound_to(table, column, row_id))
        return bytes([_VERSION]) + self._newest.to_bytes(2, "big") + nonce + sealed

    def decrypt(self, blob: bytes, *, table: str, column: str, row_id: UUID | str) -> bytes:
        """Decrypt a value that `encrypt` made for the same table, column and row. Raises UnableToDecrypt."""
        key_id = key_id_of(blob)
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnableToDecrypt(f"sealed with key {key_id}, which is not in the keyring")
        nonce, sealed = blob[_HEAD_BYTES : _HEAD_BYTES + _NONCE_BYTES], blob[_HEAD_BYTES + _NONCE_BYTES :]
        try:
            return cipher.decrypt(nonce, sealed, bound_to(table, column, row_id))
        except InvalidTag as error:
            raise UnableToDecrypt(f"damaged, or sealed for another place ({table}.{column}, key {key_id})") from error

    def needs_rotation(self, blob: bytes) -> bool:
        """Return whether `blob` was encrypted with an older key. Raises UnableToDecrypt for a malformed value."""
        return key_id_of(blob) != self._newest


def bound_to(table: str, column: str, row_id: UUID | str) -> bytes:
    """Return the authenticated data of a value in this table, column and row."""
    return f"v1|{table}|{column}|{row_id}".encode()


def key_id_of(blob: bytes) -> int:
    """Return the id of the key with which a value was encrypted. Raises `UnableToDecrypt` for a malformed value."""
    if len(blob) < _HEAD_BYTES + _NONCE_BYTES + _TAG_BYTES or blob[0] != _VERSION:
        raise UnableToDecrypt("not a sealed value")
    return int.from_bytes(blob[1:_HEAD_BYTES], "big")


def parse_keys(text: str) -> dict[int, bytes]:
    """Parse ENCRYPTION_KEYS ("id:base64,id:base64", newest first) into {id: key}, in the same order. Raises `BadKeys`."""
    keys: dict[int, bytes] = {}
    for place, entry in enumerate(filter(None, (part.strip() for part in text.split(","))), start=1):
        key_id, key = _parse_entry(entry, place)
        if key_id in keys:
            raise BadKeys(f"key id {key_id} is used twice")
        keys[key_id] = key
    if not keys:
        raise BadKeys("no encryption key is given")
    return keys


def generate_key(key_id: int = 1) -> str:
    """Return a new random key as an entry of ENCRYPTION_KEYS, "id:base64". Put it first in the list and keep the old keys
    behind it."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode()}"


def _parse_entry(entry: str, place: int) -> tuple[int, bytes]:
    key_id, colon, encoded = entry.partition(":")
    if not colon or not key_id.isascii() or not key_id.isdigit():
        raise BadKeys(f"key {place} is not of the form id:base64")
    try:
        key = base64.b64decode(encoded, validate=True)
    except binascii.Error as error:
        raise BadKeys(f"key {place} is not base64") from error
    _check_key(int(key_id), key)
    return int(key_id), key


def _check_key(key_id: int, key: bytes) -> None:
    if not 0 <= key_id <= 0xFFFF:
        raise BadKeys(f"key id {key_id} is not between 0 and 65535")
    if len(key) != _KEY_BYTES:
        raise BadKeys(f"key {key_id} has {len(key)} bytes, not {_KEY_BYTES}")
