"""Describe what each provider's folder exports as `PROVIDER`. The registry, webhook paths (doors), settings pages and names are
built from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal

from app.contract.base import ChannelRules, Parsed, Poller, Sender, WebhookReceiver
from app.contract.budget import USUAL, Budget
from app.contract.setup_field import SetupField

if TYPE_CHECKING:
    from datetime import datetime

    from app.contract.address_register import Register
    from app.contract.base import ChannelAccount
    from app.contract.calendars import HasCalendar
    from app.contract.catalogue import HasTemplates
    from app.contract.fetching import MediaSource
    from app.contract.forms import Forms
    from app.contract.oauth import SignsIn
    from app.contract.receive import Checker, Notified, SignedPost, UrlSignedReceiver
    from app.contract.reconcile import Reconciled
    from app.contract.signals import TakesSignals
    from app.contract.suppression import StopList
    from app.core.http import HttpClient
    from app.core.metering import Meter
    from app.core.semaphore import Slots

Answer = tuple[str, str]  # body and MIME type
IsOurs = Callable[[str], bool]
SignedTest = Callable[[str, str], tuple[dict[str, str], bytes]]


@dataclass(frozen=True)
class Setting:
    """An environment variable of a provider. `is_url`: a URL, which the demo sets to the provider's simulator."""

    name: str
    default: str
    is_url: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of channel that can be connected on a page: a channel type, or "type/transport" where a type has several.

    `place`: its position on the page; `label`: its name; `about`: one sentence. `steps`: what to do at the provider, one sentence
    each. `issued`: the secret that we make and enter there ("verify_token", "url_key"). `signs_in`: somebody signs in at the
    provider before it is connected; `asks_consent`: an administrator there may have to agree first. `has_past`: there are earlier
    messages when it is connected. `granted`: the budget, by the provider's `throughput` of an account. `keeps_templates`:
    templates of mails are stored at the provider and sent by id.
    """

    key: str
    place: int
    label: str
    about: str
    fields: tuple[SetupField, ...]
    steps: tuple[str, ...] = ()
    issued: str = ""
    signs_in: bool = False
    asks_consent: bool = False
    has_past: bool = False
    rules: ChannelRules = field(default_factory=ChannelRules)
    budget: Budget = USUAL
    granted: Mapping[str, Budget] = field(default_factory=dict)
    keeps_templates: bool = False

    @property
    def channel_type(self) -> str:
        return self.key.partition("/")[0]

    @property
    def transport(self) -> str:
        """Return the transport, "" where the type has only one."""
        return self.key.partition("/")[2]


@dataclass(frozen=True)
class Door:
    """A path to which a provider posts events to store; it exists bare and under /api/v1. `source` names the events.

    `names` returns the channels a body is about (address, channel id, …); raises UnableToParse. `is_shared`: one post may be
    about several channels. `may_be_unnamed`: a post that names none goes to the first channel that signed it; `may_name_others`:
    so does one that names only unknown channels. `challenge` answers a GET by which the provider checks that the URL is ours,
    None to refuse it. `signed_test` makes headers and body of a post, from a signing secret and a word, that tests whether the
    URL leads here.
    """

    path: str
    source: str
    channel_type: str
    names: Callable[[bytes], Sequence[str]]
    max_bytes: int = 3 * 1024 * 1024
    is_shared: bool = False
    may_be_unnamed: bool = False
    may_name_others: bool = False
    answer: Answer = ("", "text/plain")
    challenge: Callable[[Mapping[str, str], IsOurs], str | None] | None = None
    signed_test: SignedTest | None = None


@dataclass(frozen=True)
class HintDoor:
    """A path to which a provider posts that there is something to poll. `echoed`: the query parameter whose value it wants back.

    `renews`: a post also asks for new subscriptions.
    """

    path: str
    source: str
    channel_type: str
    echoed: str
    renews: bool = False


@dataclass(frozen=True)
class Services:
    """What adapters are built with. `settings`: the providers' own, by name. `settle_seconds`: how long after accepting a message
    a provider may take to list it.

    `keep_tokens` is called with refreshed tokens; `allowed_networks`: those of the HTTP client, for other protocols; `slots`
    limits parallel calls; `meter` counts calls that are not HTTP.
    """

    http: HttpClient
    settings: Mapping[str, str]
    public_url: str
    mail_domain: str
    allowed_networks: Sequence[str] = ()
    settle_seconds: float = 30
    keep_tokens: Callable[..., Any] | None = None
    slots: Slots | None = None
    meter: Meter | None = None


@dataclass(frozen=True)
class Adapters:
    """The adapters of channels by ability, each a table by `Channel.adapter_key`, the key of its kind.

    A channel without an ability is absent from its table. `receivers` are by the source of events; `rules` by channel type.
    """

    senders: Mapping[str, Sender] = field(default_factory=dict)
    receivers: Mapping[str, UrlSignedReceiver] = field(default_factory=dict)
    media: Mapping[str, MediaSource] = field(default_factory=dict)
    pollers: Mapping[str, Poller] = field(default_factory=dict)
    reconciled: Mapping[str, Reconciled] = field(default_factory=dict)
    notified: Mapping[str, Notified] = field(default_factory=dict)
    rules: Mapping[str, ChannelRules] = field(default_factory=dict)
    checkers: Mapping[str, Checker] = field(default_factory=dict)
    stop_lists: Mapping[str, StopList] = field(default_factory=dict)
    calendars: Mapping[str, HasCalendar] = field(default_factory=dict)
    sign_ins: Mapping[str, SignsIn] = field(default_factory=dict)
    signals: Mapping[str, TakesSignals] = field(default_factory=dict)
    catalogues: Mapping[str, HasTemplates] = field(default_factory=dict)
    forms: Mapping[str, Forms] = field(default_factory=dict)  # by provider
    registers: Mapping[str, Register] = field(default_factory=dict)  # of addresses, by country

    def __or__(self, other: Adapters) -> Adapters:
        """Return the adapters of both, table by table."""
        return Adapters(**{one.name: {**getattr(self, one.name), **getattr(other, one.name)} for one in fields(self)})


@dataclass(frozen=True)
class Provider:
    """A provider. `key`: the name of its folder; `label`: the product's name. `build`: makes its adapters.

    `calls`: names under which calls to and from it are counted, with their labels. `serves`: its purpose beside channels, which
    `about` describes on the page. `key_headers`: headers that may have our key; `kept_headers`: headers of its posts that are
    stored; `links_files`: its posts link to files at the provider.
    """

    key: str
    label: str
    kinds: tuple[Kind, ...] = ()
    settings: tuple[Setting, ...] = ()
    doors: tuple[Door | HintDoor, ...] = ()
    calls: Mapping[str, str] = field(default_factory=dict)
    serves: Literal["", "forms", "scenarios"] = ""
    about: str = ""
    key_headers: tuple[str, ...] = ()
    kept_headers: tuple[str, ...] = ()
    links_files: bool = False
    build: Callable[[Services], Adapters] = lambda _services: Adapters()

    @property
    def simulated_as(self) -> str:
        """Return the name of its simulator, from its first URL setting; "" without one."""
        urls = [one.name for one in self.settings if one.is_url]
        return urls[0].partition("_")[0].lower() if urls else ""


@dataclass(frozen=True)
class SignedBody:
    """Wraps a receiver of posts signed over their body alone, so that it is called like all others."""

    receiver: WebhookReceiver

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        return bool(secrets) and self.receiver.verify(headers=post.headers, body=post.body, secrets=secrets)

    def dedupe_key(self, post: SignedPost) -> str:
        return self.receiver.dedupe_key(post.body)

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        return self.receiver.parse(body, account=account)
