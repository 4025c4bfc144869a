"""Describe what each provider's folder exports as `PROVIDER`. The registry, webhook paths (doors), settings pages and names are
built from it."""

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
    """An environment variable of a provider. `is_url` is True if it is a URL, which the demo sets to the provider's simulator."""

    name: str
    default: str
    is_url: bool = True


@dataclass(frozen=True)
class Kind:
    """A kind of channel that can be connected on a page. `key` is the channel type, or "type/transport" if the type has several
    transports.

    `place` is its position on the page, `label` its name, `about` one sentence. `steps` say what to do at the provider, in
    one sentence each. `issued` names the secret that we make and the administrator enters at the provider ("verify_token",
    "url_key").

    `signs_in`: somebody signs in at the provider before the channel is connected. `asks_consent`: an administrator at the
    provider may have to agree first. `has_past`: the account has earlier messages when it is connected. `budget` is the
    usual rate limit; `granted` has others, by the `throughput` that the provider gives the account. `keeps_templates`: mail
    templates are stored at the provider and sent by id.
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
        """Return the transport, or "" if the type has only one."""
        return self.key.partition("/")[2]


@dataclass(frozen=True)
class Door:
    """A path to which a provider posts events that we store. The path exists as it is and under /api/v1. `source` is the name
    under which the events are stored.

    `names` returns the names (address, channel id, …) of the channels that a body is about, and raises `UnableToParse`.
    `is_shared`: one post may be about several channels. `may_be_unnamed`: a post that names no channel goes to the first
    channel that signed it. `may_name_others`: so does a post that names only unknown channels.

    `challenge` returns the answer to a GET with which the provider checks that the URL is ours, or None to refuse it.
    `signed_test` makes headers and body of a signed post, from a signing secret and a word, to test that the URL leads here.
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
    """A path to which a provider posts that there is something to poll. `echoed` is the name of the query parameter whose value
    the provider wants back as the answer.

    `renews` is True if a post also asks for new subscriptions.
    """

    path: str
    source: str
    channel_type: str
    echoed: str
    renews: bool = False


@dataclass(frozen=True)
class Services:
    """The objects with which adapters are built. `settings` has the providers' own settings by name. `settle_seconds` is how
    long a provider may take to list a message after accepting it.

    `keep_tokens` is called to store refreshed tokens. `allowed_networks` are those of the HTTP client, for adapters that use
    other protocols. `slots` limits parallel calls. `meter` counts calls that are not HTTP.
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
    """The adapters of all channels, in one table for each ability. The key is `Channel.adapter_key`, the key of the channel's
    kind.

    A channel without the ability is not in the table. Other keys: `receivers` by source of events, `rules` by channel type,
    `forms` by provider, `registers` by country.
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
        """Return new `Adapters` whose tables have the entries of both. For the same key, the entry of `other` wins."""
        return Adapters(**{one.name: {**getattr(self, one.name), **getattr(other, one.name)} for one in fields(self)})


@dataclass(frozen=True)
class Provider:
    """A provider. `key` is the name of its folder, `label` the product's name. `build` makes its adapters.

    `calls` maps the names under which calls to and from the provider are counted to their labels. `serves` is what the
    provider is for besides channels; `about` describes this on the page. `key_headers` are headers in which it may send our
    key. `kept_headers` are headers of its posts that we store. `links_files` is True if its posts link to files at the
    provider.
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
        """Return the name of the provider's simulator, from the first setting that is a URL. Return "" if there is none."""
        urls = [one.name for one in self.settings if one.is_url]
        return urls[0].partition("_")[0].lower() if urls else ""


@dataclass(frozen=True)
class SignedBody:
    """Wraps a `receiver` whose posts are signed over their body only, and gives it the methods of `UrlSignedReceiver`."""

    receiver: WebhookReceiver

    def verify(self, post: SignedPost, *, secrets: Sequence[str], shared_key: str) -> bool:
        return bool(secrets) and self.receiver.verify(headers=post.headers, body=post.body, secrets=secrets)

    def dedupe_key(self, post: SignedPost) -> str:
        return self.receiver.dedupe_key(post.body)

    def parse(self, body: bytes, *, query: str, account: ChannelAccount, received_at: datetime) -> Parsed:
        return self.receiver.parse(body, account=account)
