"""Submissions of a form provider, posted or polled, and the facts read from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.contract.address_parts import AddressParts

FIELDS = ("customer_name", "email", "phone", "address", "products", "notes", "reference")


@dataclass(frozen=True)
class Answer:
    """One question of a form with its answer, which may be any JSON value. `id` stays the same when the question is renamed."""

    id: str
    name: str
    type: str
    value: Any


@dataclass(frozen=True)
class Submission:
    """A submitted form. `external_id` is the provider's id, or a digest of the body if the provider gives none.

    `told_at` is when the answers last changed. `is_test` is True if the form was sent only to try it.
    """

    external_id: str
    form_id: str
    form_name: str
    submitted_at: datetime
    told_at: datetime
    answers: tuple[Answer, ...]
    is_test: bool = False


@dataclass(frozen=True)
class Intake:
    """The facts found in the answers of a submission. `reference` is the sender's own order number.

    `missing` lists questions that are named in the settings but are no longer in the form.
    """

    customer_name: str = ""
    email: str = ""
    phone: str = ""
    address: AddressParts | None = None
    products: tuple[str, ...] = ()
    notes: str = ""
    reference: str = ""
    missing: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON, without `missing` and an empty reference."""
        told = {name: value for name, value in asdict(self).items() if name != "missing" and (value or name != "reference")}
        return told | {"products": list(self.products)}


class FormsFailure(Exception):
    """Raised when a call to a form provider failed. The message says why, in English, marked for translation. `is_ours` is True
    if somebody on our side has to act."""

    def __init__(self, words: str, *, is_ours: bool) -> None:
        super().__init__(words)
        self.is_ours = is_ours


@dataclass(frozen=True)
class SubmissionPage:
    """A page of submissions in the provider's own format. `total` is the number of submissions on all pages."""

    submissions: tuple[dict[str, Any], ...]
    total: int


class FormsAccount(Protocol):
    """An account at a form provider, used to poll submissions. `page_size` is the largest number of submissions on a page."""

    page_size: int

    def form_name(self, form_id: str) -> str:
        """Return the form's name. Raises FormsFailure."""
        ...

    def submissions(self, form_id: str, *, after: str, offset: int) -> SubmissionPage:
        """Return one page of submissions finished since `after` (ISO 8601; "" for all), oldest first. Raises FormsFailure."""
        ...


class Forms(Protocol):
    """A provider of forms."""

    def account(self, *, region: str, api_key: str, account_id: str = "") -> FormsAccount: ...

    def read_submission(self, body: bytes, *, received_at: datetime) -> Submission:
        """Parse a posted submission. Raises UnableToParse."""
        ...

    def read_intake(self, submission: Submission, fields: Mapping[str, str]) -> Intake:
        """Return the facts in the answers. `fields` maps names of FIELDS to questions, each given by its id or else its name."""
        ...

    def in_words(self, submission: Submission) -> str:
        """Return every question with its answer as text for people."""
        ...
