"""What a provider's folder exports (`PROVIDER`): registry, doors, pages, settings and names are derived from it."""

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
    """An environment variable of a provider. `is_url`: an address, which the demo points at the provider's simulator."""

    name: str
    default: str
    is_url: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of channel that can be connected on a page: a channel type, or "type/transport" where a type has several; then the
    transport stands among the channel's settings. `place`: its turn on the page; `label`: its name; `about`: one sentence.

    `steps`: what to do at the provider, one sentence each. `issued`: the secret that we make and the provider is told
    ("verify_token", "url_key"). `signs_in`: somebody signs in at the provider before it is connected; `asks_consent`: an
    administrator there may have to agree first. `has_past`: messages lie there already when it is connected. `granted`: the
    budget by what the provider says of an account (`throughput`). `keeps_templates`: templates of mails lie at the provider and
    are sent by their id.
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
        """ "" where the type has one way only."""
        return self.key.partition("/")[2]


@dataclass(frozen=True)
class Door:
    """A path to which a provider posts what is stored; the path stands bare and under /api/v1. `source` names the events.

    `names`: how a body calls the channels it is about (address, channel id, …); raises UnableToParse. `is_shared`: one post may
    be about several channels. `may_be_unnamed`: a post that names none goes to the first channel that signed it;
    `may_name_others`: so does one that names others than ours.
    `challenge`: the answer to a GET that asks whether we are who we say, None to refuse it. `signed_test`: headers and body of a
    post that proves that the address leads here, made of a signing secret and a word.
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
    `renews`: what is posted there asks for new subscriptions as well."""

    path: str
    source: str
    channel_type: str
    echoed: str
    renews: bool = False


@dataclass(frozen=True)
class Services:
    """What adapters are made of. `settings`: the providers' own, by name. `settle_seconds`: how long a provider may take to list
    what it took. `keep_tokens` is told when a sign-in was refreshed; `allowed_networks`: those of the HTTP client, for what
    speaks no HTTP; `slots` count calls at once; `meter` counts what is called beside HTTP."""

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
    """What speaks for channels, by `Channel.adapter_key`, which is the key of its kind; what lacks an ability is absent from that
    table. `receivers` are by the source of events; `rules` by channel type."""

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
        """Both, table by table."""
        return Adapters(**{one.name: {**getattr(self, one.name), **getattr(other, one.name)} for one in fields(self)})


@dataclass(frozen=True)
class Provider:
    """`key`: the name of the folder; `label`: the product's name. `calls`: names under which calls to it and from it are counted,
    with what people call them. `build`: its adapters.

    `serves`: what it is connected for beside channels, `about` says it on the page. `key_headers`: in which it may bring our key;
    `kept_headers`: those of its posts that are kept; `links_files`: what it posts has links to files that lie with it.
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
        """The name of its simulator, which stands where its first address points to; "" where it has no address."""
        urls = [one.name for one in self.settings if one.is_url]
        return urls[0].partition("_")[0].lower() if urls else ""


@dataclass(frozen=True)
class SignedBody:
    """Makes a receiver whose posts are signed over their body alone one like all others."""

    receiver: WebhookReceiver

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        return bool(secrets) and self.receiver.verify(headers=post.headers, body=post.body, secrets=secrets)

    def dedupe_key(self, post: SignedPost) -> str:
        return self.receiver.dedupe_key(post.body)

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        return self.receiver.parse(body, account=account)
