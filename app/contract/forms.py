"""Submissions from a provider of forms, posted or asked for, with what they say for us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Protocol

from app.contract.address_parts import AddressParts

FIELDS = ("customer_name", "email", "phone", "address", "products", "notes", "reference")


@dataclass(frozen=True)
class Answer:
    """One question with what was answered: any JSON value. `id` stays when its owner gives the question another name."""

    id: str
    name: str
    type: str
    value: Any


@dataclass(frozen=True)
class Submission:
    """`external_id` is the provider's; where a built body has none, a digest of it. `told_at`: when its answers were
    last changed. `is_test`: sent to try the form out."""

    external_id: str
    form_id: str
    form_name: str
    submitted_at: datetime
    told_at: datetime
    answers: tuple[Answer, ...]
    is_test: bool = False


@dataclass(frozen=True)
class Intake:
    """What a submission says for us. `reference`: what its sender calls the order. `missing`: questions that were named in the
    settings and are not in the form any more."""

    customer_name: str = ""
    email: str = ""
    phone: str = ""
    address: AddressParts | None = None
    products: tuple[str, ...] = ()
    notes: str = ""
    reference: str = ""
    missing: tuple[str, ...] = field(default=(), compare=False)

    def as_json(self) -> dict[str, Any]:
        """Without `missing`, which is about the form, and a reference that nobody gave."""
        told = {name: value for name, value in asdict(self).items() if name != "missing" and (value or name != "reference")}
        return told | {"products": list(self.products)}


class FormsFailure(Exception):
    """The text says in English, marked for translation, what is wrong. `is_ours`: it will not mend by itself."""

    def __init__(self, words: str, *, is_ours: bool) -> None:
        super().__init__(words)
        self.is_ours = is_ours


@dataclass(frozen=True)
class SubmissionPage:
    """Some submissions, as the provider has them, and how many there are in all."""

    submissions: tuple[dict[str, Any], ...]
    total: int


class FormsAccount(Protocol):
    """An account, as it is asked. `page_size`: how many submissions one question brings at most."""

    page_size: int

    def form_name(self, form_id: str) -> str:
        """What the form is called. Raises FormsFailure."""
        ...

    def submissions(self, form_id: str, *, after: str, offset: int) -> SubmissionPage:
        """One page of what was finished since then (ISO 8601; "" for all), oldest first. Raises FormsFailure."""
        ...


class Forms(Protocol):
    """A provider of forms."""

    def account(self, *, region: str, api_key: str, account_id: str = "") -> FormsAccount: ...

    def read_submission(self, body: bytes, *, received_at: datetime) -> Submission:
        """Raises UnableToParse."""
        ...

    def read_intake(self, submission: Submission, fields: Mapping[str, str]) -> Intake:
        """What the answers say. `fields` names questions (by id, or else name) for some of FIELDS."""
        ...

    def in_words(self, submission: Submission) -> str:
        """Every question with its answer, as a person reads them."""
        ...
