"""Schemas of /imports."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Any, Literal

from flask_openapi3.models.file import FileStorage
from pydantic import Field

from app.api.schemas.base import Input, Line, ListQuery, Output
from app.api.schemas.threads import BrandKey
from app.domain.imports.models import ImportKind, ImportPhase, RowOutcome


class ImportForm(Input):
    """A file to import, and the kind of its content."""

    file: FileStorage = Field(description="CSV, at most 10 MB; separator, encoding and the way numbers are written are found out")
    kind: ImportKind
    brand: Line | None = Field(default=None, description="Key of the brand; needed if you work for several")


class ImportColumns(Input):
    columns: Annotated[list[str], Field(max_length=200, description="Per column of the file the field it is, or an empty text")]


class RowQuery(ListQuery):
    outcome: RowOutcome | None = None


class ImportListQuery(ListQuery):
    kind: ImportKind | None = None
    phase: ImportPhase | None = None
    brand: BrandKey | None = None
    sort: Literal["created_at", "-created_at"] = "-created_at"


class ImportListed(Output):
    """An import in a list. The current phase has finished `done` of `total` rows. `is_running` is true while the import goes on
    without a step of yours."""

    id: uuid.UUID
    brand: str
    kind: ImportKind
    phase: ImportPhase
    is_running: bool
    problem: str
    file_name: str
    size_bytes: int
    done: int
    total: int
    created_at: datetime
    ended_at: datetime | None


class ImportPage(Output):
    items: list[ImportListed]
    next_cursor: str | None


class ImportOut(ImportListed):
    """An import with its columns. `outcomes`: the number of rows by outcome."""

    heads: list[str] = Field(description="The first line of the file")
    columns: list[str] = Field(description="The field that each column is taken for, an empty text for none")
    fields: list[str] = Field(description="The fields there are")
    outcomes: dict[RowOutcome, int]


class ImportProblem(Output):
    field: str
    message: str


class ImportRowOut(Output):
    """A row of an import.

    `number` is the line of the file where the row begins. `before` has the values that the row replaces, `after` the values
    it writes.
    """

    number: int
    outcome: RowOutcome
    cells: list[dict[str, str]]
    problems: list[ImportProblem]
    entity_id: uuid.UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class ImportRowPage(Output):
    items: list[ImportRowOut]
    next_cursor: str | None


class ImportStep(Input):
    step: Literal["start", "undo", "again"] = Field(
        description="`start` makes what the preview shows, `undo` takes all of it back, `again` goes on where it broke off"
    )
