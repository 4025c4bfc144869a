"""The other side of the toy: one account, the mails that lie there and those it was given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, request

SECRET = "toy-secret"


def simulate(_memory: Path | None) -> tuple[Flask, Callable[[], None]]:
    app = Flask(__name__)
    given: list[Any] = []
    lying: list[str] = []

    @app.post("/account")
    def account() -> tuple[dict[str, Any], int]:
        return {}, 200 if request.get_json()["secret"] == SECRET else 401

    @app.post("/mails")
    def take() -> dict[str, Any]:
        given.append(request.get_json())
        return {"id": f"toy-{len(given)}"}

    @app.get("/inbox")
    def inbox() -> dict[str, Any]:
        return {"mails": lying[int(request.args["after"]) :]}

    @app.post("/__sim/emit")
    def emit() -> dict[str, Any]:
        lying.append(request.get_json()["mail"])
        return {}

    @app.get("/__sim/given")
    def given_mails() -> dict[str, Any]:
        return {"given": given}

    return app, lambda: None
