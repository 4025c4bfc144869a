"""Register every operation of the API twice: under /api/v1, which is canonical, and under /api."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

CANONICAL, ALIAS = "/api/v1", "/api"
View = Callable[..., Any]


@dataclass(frozen=True)
class Operation:
    """One operation of the API: its method and path, its needs and its answers.

    `answers` is the schema of the successful answer; None means a file of one of the MIME types `files`. `refuses` are the
    statuses of errors that only some operations have.
    """

    method: str
    rule: str
    view: View
    scope: str
    answers: type[BaseModel] | None
    status: int
    refuses: tuple[int, ...]
    tag: str
    takes: str  # "json", "form" or "" for no body
    example: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ("application/octet-stream",)

    @property
    def name(self) -> str:
        return f"{self.view.__name__}_by_put" if self.method == "put" else self.view.__name__

    @property
    def address(self) -> str:
        """The path in OpenAPI's form, such as /tasks/{id}."""
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.rule)

    @property
    def is_list(self) -> bool:
        return self.answers is not None and self.answers.__name__.endswith("Page")

    @property
    def is_write(self) -> bool:
        return self.method != "get"


@dataclass(frozen=True)
class Routes:
    """The operations of one resource, collected from its decorated views."""

    tag: str
    operations: list[Operation] = field(default_factory=list)

    def add(
        self,
        method: str,
        rule: str,
        *,
        scope: str,
        answers: type[BaseModel] | None,
        status: int = 200,
        refuses: Sequence[int] = (),
        takes: str | None = None,
        example: Mapping[str, Any] | None = None,
        files: tuple[str, ...] = Operation.files,
    ) -> Callable[[View], View]:
        """Return a decorator that registers a view. `refuses` are error statuses in addition to those of every operation."""
        takes = ("json" if method in ("post", "put", "patch") else "") if takes is None else takes

        def decorate(view: View) -> View:
            self.operations.append(
                Operation(method, rule, view, scope, answers, status, tuple(refuses), self.tag, takes, example or {}, files)
            )
            return view

        return decorate

    def change(
        self,
        rule: str,
        *,
        scope: str,
        answers: type[BaseModel],
        example: Mapping[str, Any],
        example_of_put: Mapping[str, Any],
    ) -> Callable[[View], View]:
        """Return a decorator that registers a view for both PATCH and PUT. Both change only the fields that are sent."""

        def decorate(view: View) -> View:
            for method, shown in (("put", example_of_put), ("patch", example)):
                self.add(method, rule, scope=scope, answers=answers, refuses=(404, 409, 412), example=shown)(view)
            return view

        return decorate


def build_blueprint(name: str, prefix: str, operations: Sequence[Operation]) -> APIBlueprint:
    """Build a blueprint of all operations below `prefix`.

    Only the canonical paths get descriptions of their responses, because the framework needs half a second for them.
    `document.py` copies these descriptions for the other paths.
    """
    blueprint = APIBlueprint(name, __name__, url_prefix=prefix, doc_ui=prefix == CANONICAL, operation_id_callback=_operation_id)
    for operation in operations:
        register = getattr(blueprint, operation.method)
        register(
            operation.rule,
            endpoint=operation.name,
            operation_id=operation.name,
            tags=[Tag(name=operation.tag)],
            responses={operation.status: operation.answers},
        )(operation.view)
    return blueprint


def _operation_id(**_names: str) -> str:
    raise AssertionError("every operation is named")
