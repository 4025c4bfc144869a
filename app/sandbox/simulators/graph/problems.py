"""Refusals of the simulated Graph in Graph's own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import uuid4

from flask import Response, jsonify, request


class GraphProblem(Exception):
    """Raised when a call must be answered with an error in Graph's wording."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        inner = {
            "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": str(uuid4()),
            "client-request-id": request.headers.get("client-request-id", ""),
        }
        response = jsonify(error={"code": self.code, "message": self.message, "innerError": inner})
        response.status_code = self.status
        response.headers.update(self.headers)
        return response


def not_found() -> GraphProblem:
    return GraphProblem(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def bad_request(message: str, code: str = "ErrorInvalidRequest") -> GraphProblem:
    return GraphProblem(400, code, message)
