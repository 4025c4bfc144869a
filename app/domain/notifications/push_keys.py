"""Create and decrypt the installation's push key pair (VAPID). Its private key is stored encrypted. A new key would end every
subscription."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.domain.notifications.models import PushKey
from app.providers.web_push.encryption import CURVE, point_of, to_base64url
from app.providers.web_push.vapid import OwnKey


def own_key(session: Session, *, keyring: Keyring, now: datetime) -> OwnKey:
    """Return the key pair. If there is none, create it. Processes that do this at the same time get the same key.

    Raises `UnableToDecrypt`.
    """
    found = session.execute(sa.select(PushKey)).scalar_one_or_none() or _make(session, keyring, now)
    der = keyring.decrypt(found.sealed_private, table="push_keys", column="sealed_private", row_id=found.id)
    private = load_der_private_key(der, password=None)
    if not isinstance(private, ec.EllipticCurvePrivateKey):
        raise TypeError("no key of an elliptic curve")
    return OwnKey(private, to_base64url(found.public_point))


def _make(session: Session, keyring: Keyring, now: datetime) -> PushKey:
    key, row_id = ec.generate_private_key(CURVE), new_id()
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    values = {"id": row_id, "public_point": point_of(key.public_key()), "created_at": now}
    values["sealed_private"] = keyring.encrypt(der, table="push_keys", column="sealed_private", row_id=row_id)
    session.execute(postgresql.insert(PushKey).values(values).on_conflict_do_nothing())
    return session.execute(sa.select(PushKey)).scalar_one()
