"""Plain calls to the Graph simulator, as a stranger to our adapter would make them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from app.core.http import HttpClient, HttpResponse
from app.sandbox.simulators.common import serve
from app.sandbox.simulators.graph import create_graph_app
from app.sandbox.simulators.graph.settings import Settings

MAILBOX = "service@chargecars.example"
IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}


@dataclass
class Caller:
    http: HttpClient
    url: str
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def sign_in(self, **changes: str) -> HttpResponse:
        settings = Settings()
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "scope": "https://graph.microsoft.com/.default",
        } | changes
        answer = self.http.request("POST", f"{self.url}/{settings.tenant_id}/oauth2/v2.0/token", data=form)
        self.token = answer.json().get("access_token", "")
        return answer

    def call(self, method: str, path: str, headers: dict[str, str] | None = None, **options: Any) -> HttpResponse:
        """A path below the mailbox, or a whole URL."""
        url = path if path.startswith("http") else f"{self.url}/v1.0/users/{MAILBOX}/{path}"
        every = {"Authorization": f"Bearer {self.token}", **self.headers, **(headers or {})}
        return self.http.request(method, url, headers={name: value for name, value in every.items() if value}, **options)

    def get(self, path: str, **options: Any) -> Any:
        return self.call("GET", path, **options).json()

    def draft(self, **values: Any) -> Any:
        answer = self.call("POST", "messages", json={"subject": "Concept", **values})
        assert answer.status == 201, answer.text
        return answer.json()

    def control(self, path: str, body: Any = None) -> Any:
        answer = self.http.request("GET" if body is None else "POST", f"{self.url}/__sim/{path}", json=body)
        assert answer.ok, answer.text
        return answer.json()

    def deliver(self, **mail: Any) -> str:
        order = {"mailbox": MAILBOX, "from": "jan@example.nl", "subject": "Vraag", **mail}
        return str(self.control("deliver", order)["delivered"][0]["graph_id"])


def code_of(answer: HttpResponse) -> tuple[int, str]:
    return answer.status, answer.json()["error"]["code"]


def to(*addresses: str) -> list[dict[str, Any]]:
    return [{"emailAddress": {"address": address}} for address in addresses]


@contextmanager
def running_graph() -> Iterator[Caller]:
    server = serve(create_graph_app(mailboxes=(MAILBOX,)))
    http = HttpClient(allowed_networks=["127.0.0.0/8"])
    caller = Caller(http, server.url)
    caller.sign_in()
    yield caller
    http.close()
    server.stop()
