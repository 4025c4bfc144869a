"""Base classes and types of all schemas of the JSON API: strict input, safe text, limits, lists."""

from __future__ import annotations

import uuid
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.core.text import storable

TEXT_CHARACTERS = 1_000_000


class Output(BaseModel):
    """Base class of all answers of the API. Every field is always present."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class Input(BaseModel):
    """Base class of everything that clients send to the API. An unknown field is refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Query(Input):
    """The query parameters of an operation. Their JSON schema is made once and stored, because the framework asks for it on
    every request."""

    made: ClassVar[dict[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return _schema(cls) if not args and not kwargs else super().model_json_schema(*args, **kwargs)


@cache
def _schema(model: type[Query]) -> dict[str, Any]:
    return super(Query, model).model_json_schema()


class ListQuery(Query):
    limit: Annotated[int, Field(ge=1, le=200, description="How many at most")] = 50
    cursor: Annotated[
        str | None, Field(max_length=1000, description="`next_cursor` of the page before, with the same filters and sort")
    ] = None


class IdPath(BaseModel):
    id: uuid.UUID


def _refuse_unstorable(value: str) -> str:
    if storable(value) != value:
        raise ValueError("contains characters that cannot be stored (NUL or half of a surrogate pair)")
    return value


SafeText = AfterValidator(_refuse_unstorable)
ONE_LINE = AfterValidator(lambda text: " ".join(text.split()))  # folded as on the pages, so no line break gets into a name
Line = Annotated[str, StringConstraints(max_length=500), SafeText, ONE_LINE]
Text = Annotated[str, StringConstraints(max_length=TEXT_CHARACTERS), SafeText]


def _drop_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


def absent(description: str | None = None) -> Any:
    """Return a pydantic field that a client may leave out but may not set to null. `model_fields_set` says if it was sent."""
    return Field(default=None, description=description, json_schema_extra=_drop_default)


class ErrorDetail(Output):
    field: str
    message: str


class ProblemDetails(BaseModel):
    """The body of every error response: problem details of RFC 9457."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    errors: list[ErrorDetail] = Field(default_factory=list, description="With status 422: what is wrong with which field")
