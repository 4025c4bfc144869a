"""Classes for a demo company's data (`people.py` has the data of ChargeCars, `laurier.py` those of Domaine Laurier)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ConfigDict

from app.domain.accounts.models import Role
from app.domain.connections.models import Medium
from app.domain.orders.models import OrderStatus, PaymentKind, PaymentState
from app.domain.reply_templates.models import TemplateCategory
from app.domain.tasks.models import TaskStatus, TaskType
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.sorting import ListSort

Articles = tuple[tuple[str, str, str], ...]  # (number, name, price)
# What, of which type, in which state, so many days from today.
Tasks = tuple[tuple[str, TaskType, TaskStatus, int], ...]
# Name, category, language, media, brand keys (none: all of the installation), subject, text, how often it went out.
Template = tuple[str, TemplateCategory, str, tuple[str, ...], tuple[str, ...], str, str, int]


@dataclass(frozen=True)
class DemoBrand:
    """A brand of a demo company. `prefix` and `country` are set only if its orders are not Dutch ones."""

    key: str
    name: str
    hue: int
    mailbox: str
    whatsapp_number: str | None = None  # as people write it
    phone_number_id: str | None = None
    sms_number: str | None = None
    call_number: str | None = None
    prefix: str = ""
    country: str = "NL"


@dataclass(frozen=True)
class DemoUser:
    name: str
    role: Role
    team: str
    brands: tuple[str, ...] = ()  # empty: all of the company
    locale: str = "en"
    domain: str = "chargecars.example"

    @property
    def email(self) -> str:
        return f"{plain(self.name.split()[0].lower())}@{self.domain}"


@dataclass(frozen=True)
class Payment:
    """A payment or refund of an order. `percent` is its share of the order's total."""

    percent: str
    state: PaymentState = PaymentState.RECEIVED
    kind: PaymentKind = PaymentKind.PAYMENT


@dataclass(frozen=True)
class DemoOrder:
    """The order in a story. `lines` are (article, quantity, tax code), with "" for the brand's usual tax code.

    `goal` is the order's final status, `paid` its payments.
    """

    goal: OrderStatus
    address: str
    lines: tuple[tuple[str, str, str], ...]
    paid: tuple[Payment, ...] = ()
    discount: str = "0"


@dataclass(frozen=True)
class Story:
    """One conversation of the demo. Without `hours_ago`, its time, brand, progress and ending are chosen at random.

    A line begins with "<" (the contact), ">" (we) or "#" (an internal note). In a story by phone, the rest of a line says
    how the call went, with a key of `calls.CALLS`. `pauses` are the hours before each line; None is a random pause. `owner` is
    the first name of the colleague who answers; "" is a random one.
    """

    __pydantic_config__ = ConfigDict(extra="forbid")

    subject: str
    lines: tuple[str, ...]
    thread_type: ThreadType = ThreadType.CUSTOMER_SUPPORT
    priority: Priority = Priority.NORMAL
    language: str = "nl"
    partner: bool = False
    hours_ago: float | None = None
    owner: str = ""
    brand: str = ""
    medium: Medium = Medium.EMAIL
    outcome: ThreadStatus = ThreadStatus.OPEN
    photo: str = ""
    order: DemoOrder | None = None
    pauses: tuple[float | None, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Visits:
    """The visits of a technician, and the lines of the order for each visit.

    `planned` are (days from today, hour, address, notes).
    """

    brand: str
    title: str
    lines: tuple[str, ...]
    planned: tuple[tuple[int, int, str, str], ...]
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Customers:
    """Samples for making customers. `names` are (first names, last names) by language.

    `domains` are the mail domains, `dialling` is how phone numbers begin, `digits` how many digits follow.
    """

    names: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    domains: Mapping[str, str]
    dialling: str
    digits: int
    streets: tuple[str, ...]
    towns: tuple[str, ...]


@dataclass(frozen=True)
class DemoView:
    """A saved view. `owner` is the first name of its user. If `team` is set, that team has the view as well."""

    owner: str
    name: str
    filters: ViewFilters
    sort: ListSort = ListSort.DUE
    team: str = ""


@dataclass(frozen=True)
class DemoCompany:
    """The data of a demo company. Each of its `stories` becomes one thread.

    `by_chance` is how many more threads are made at random from the samples.
    """

    name: str
    zone: str
    language: str
    signature: str
    text_price: tuple[str, str]  # of one part of a text, and its currency
    brands: tuple[DemoBrand, ...]
    teams: tuple[str, ...]
    users: tuple[DemoUser, ...]
    customers: Customers
    articles: Articles
    visits: Visits
    tasks: Tasks
    templates: tuple[Template, ...]
    stories: tuple[Story, ...]
    views: tuple[DemoView, ...]
    organizations: tuple[tuple[str, str], ...] = ()
    by_chance: int = 0


def plain(text: str) -> str:
    """Return the text in ASCII, as addresses need it."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
