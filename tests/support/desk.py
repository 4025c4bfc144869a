"""Somebody at the pages: what the desks of all features can do, whoever sits there and whatever lies on them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.domain.accounts.models import User
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

HTMX = {"HX-Request": "true"}


@dataclass
class PageDesk:
    """`session`: the test's own."""

    client: PageClient
    session: Session

    def as_user(self, user: User) -> None:
        sign_in(self.client.plain, self.session, user)

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.status
        return answer.text

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: object) -> TestResponse:
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers or {})
