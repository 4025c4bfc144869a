"""A brand, a team, a colleague with a role, a channel: made, renamed, archived and restored by pages, by the API and by commands,
and each way leaves the same behind."""

from __future__ import annotations

import uuid
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Role, Team, User
from app.domain.accounts.tokens import create_token
from app.domain.connections.models import Channel
from app.domain.events.models import AuditEntry, Event
from tests.factories import NOW, make_brand, make_user
from tests.support.signing_in import post, sign_in

MODELS: dict[str, Any] = {"brands": Brand, "teams": Team, "users": User, "channels": Channel}
ARCHIVING = {"brands": "archiving", "teams": "archiving", "users": "disabling", "channels": "activity"}
RESTORING = {"brands": "restoring", "teams": "restoring", "users": "enabling", "channels": "activity"}
FOLDER = {"users": "people"}
NEW: dict[str, dict[str, Any]] = {
    "brands": {"name": "Zon"},
    "teams": {"name": "Zon"},
    "users": {"name": "Zon", "email": "zon@example.nl", "role": "agent"},
    "channels": {"name": "Zon", "kind": "email", "address": "zon@example.nl"},
}


class Way:
    """One way to change things, as an administrator."""

    def __init__(self, app: Flask, session: Session, root: User, brand: Brand) -> None:
        self.app, self.session, self.brand = app, session, brand
        self.browser = sign_in(app.test_client(), session, root)
        self.token = create_token(session, root, name="test", scopes=(), now=NOW)[1]
        session.commit()

    def the(self, thing: str) -> Any:
        model = MODELS[thing]
        self.session.expire_all()
        return self.session.execute(sa.select(model).where(model.name.in_(("Zon", "Maan")))).scalar_one()


class Pages(Way):
    def make(self, thing: str) -> None:
        url = "/settings/channels/new" if thing == "channels" else f"/settings/{FOLDER.get(thing, thing)}"
        more = {"brand_id": str(self.brand.id)} if thing == "channels" else {}
        assert post(self.browser, url, {**NEW[thing], **more}).status_code in (201, 303)

    def rename(self, thing: str) -> None:
        change = {"users": {"role": "lead"}, "channels": {"display_address": "zon@example.nl"}}.get(thing, {})
        path = "/edit" if thing == "channels" else ""
        assert post(self.browser, f"{self._url(thing)}{path}", {"name": "Maan", **change}).status_code == 303

    def archive(self, thing: str) -> None:
        assert post(self.browser, f"{self._url(thing)}/{ARCHIVING[thing]}", {"active": "0"}).status_code == 303

    def restore(self, thing: str) -> None:
        assert post(self.browser, f"{self._url(thing)}/{RESTORING[thing]}", {"active": "1"}).status_code == 303

    def _url(self, thing: str) -> str:
        return f"/settings/{FOLDER.get(thing, thing)}/{self.the(thing).id}"


class Api(Way):
    def make(self, thing: str) -> None:
        new = dict(NEW[thing])
        if thing == "channels":
            new |= {"channel_name": new.pop("name"), "brand": self.brand.key}
        self._call("POST", f"/api/v1/{thing}", new)

    def rename(self, thing: str) -> None:
        more = {"role": "lead"} if thing == "users" else {}
        self._change(thing, {"channel_name" if thing == "channels" else "name": "Maan", **more})

    def archive(self, thing: str) -> None:
        self._change(thing, {"is_active": False} if thing in ("users", "channels") else {"is_archived": True})

    def restore(self, thing: str) -> None:
        self._change(thing, {"is_active": True} if thing in ("users", "channels") else {"is_archived": False})

    def _change(self, thing: str, body: dict[str, Any]) -> None:
        self._call("PATCH", f"/api/v1/{thing}/{self.the(thing).id}", body)

    def _call(self, method: str, url: str, body: dict[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = self.app.test_client().open(url, method=method, json=body, headers=headers)
        assert answer.status_code in (200, 201), answer.text


class Commands(Way):
    def make(self, thing: str) -> None:
        new = NEW[thing]
        self._run(*{
            "users": ("users", "create", new.get("email"), "--name", "Zon", "--role", "agent"),
            "channels": ("channels", "create", "email", "Zon", "--brand", self.brand.key, "--address", new.get("address")),
        }.get(thing, (thing, "create", "Zon")))  # fmt: skip

    def rename(self, thing: str) -> None:
        more = ("--role", "lead") if thing == "users" else ()
        self._run(thing, "change", self._key(thing), "--name", "Maan", *more)

    def archive(self, thing: str) -> None:
        self._move(thing, "disable", "off", "archive")

    def restore(self, thing: str) -> None:
        self._move(thing, "enable", "on", "restore")

    def _move(self, thing: str, user: str, channel: str, other: str) -> None:
        words = {"users": (user, self._key(thing)), "channels": ("switch", self._key(thing), channel)}
        self._run(thing, *words.get(thing, (other, self._key(thing))))

    def _key(self, thing: str) -> str:
        return str(getattr(self.the(thing), {"brands": "key", "users": "email"}.get(thing, "name")))

    def _run(self, *words: Any) -> None:
        result = self.app.test_cli_runner().invoke(args=[str(word) for word in words])
        assert result.exit_code == 0, result.output


WAYS = {"page": Pages, "api": Api, "command": Commands}


def left_behind(way: Any, thing: str) -> list[Any]:
    """What each verb leaves: the state, and what was written to the audit and told as events."""
    left = []
    for verb in (way.make, way.rename, way.archive, way.restore):
        since = (heads(way.session, AuditEntry), heads(way.session, Event))
        verb(thing)
        row = way.the(thing)
        state = {
            name: getattr(row, name) for name in ("role", "hue", "order_prefix", "address", "is_active") if hasattr(row, name)
        }
        state |= {name: getattr(row, name) is None for name in ("archived_at", "disabled_at") if hasattr(row, name)}
        audits = Counter(entry.action for entry in new(way.session, AuditEntry, since[0]))
        events = Counter(event.type for event in new(way.session, Event, since[1]))
        for ready_made in ("AutomationRuleChanged", "ReplyTemplateCreated"):  # these come with the first brand there is
            del events[ready_made]
        left.append((row.name, state, audits - Counter(INVITED), events))
    return left


# Somebody who is made by a command gets a password that is printed, by the others a link.
INVITED = {"UserInvited": 1}


def heads(session: Session, model: Any) -> set[uuid.UUID]:
    return set(session.execute(sa.select(model.id)).scalars())


def new(session: Session, model: Any, known: set[uuid.UUID]) -> list[Any]:
    return [row for row in session.execute(sa.select(model)).scalars() if row.id not in known]


@pytest.mark.parametrize("thing", MODELS)
def test_each_way_leaves_the_same(app: Flask, db_session: Session, thing: str) -> None:
    brand, root = make_brand(db_session), make_user(db_session, "Root", role=Role.ADMIN)
    db_session.commit()
    left = {}
    for name, kind in WAYS.items():
        left[name] = left_behind(kind(app, db_session, root, brand), thing)
        for row in db_session.execute(sa.select(MODELS[thing]).where(MODELS[thing].name == "Maan")).scalars():
            row.name = f"{name} is done"
            for unique in ("email", "address", "key", "order_prefix"):
                if hasattr(row, unique):
                    setattr(row, unique, f"{name[:3]}@{name}.nl" if unique in ("email", "address") else name[:3].upper())
        db_session.commit()
    assert left["page"][0][0] == "Zon"
    assert left["page"][1][0] == "Maan"
    assert left["api"] == left["page"]
    assert left["command"] == left["page"]
