"""What reconciling a mailbox needs from a channel type: contents of folders, single mails, where a mail is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, PolledItem


class ListingLost(Exception):
    """The provider does not know the link any more: the folder is listed again from its start."""


@dataclass(frozen=True)
class ListedItem:
    """A mail as its folder lists it. `key` is that of a `PolledItem`."""

    key: str
    received_at: datetime | None
    subject: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of a folder; drafts and mail from before the channel's start are not in it. `following`: the next page's
    link, None at the end. `total`: how many mails the provider counts, where it says so."""

    items: tuple[ListedItem, ...]
    following: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Fetch:
    """Mails fetched by id. Those `gone` are in the mailbox no more, those `unwanted` drafts after all, those `failed` could
    not be read now. What is in none of them was not tried. `wait_seconds`: the provider wants to be left alone for so long."""

    items: tuple[PolledItem, ...] = ()
    gone: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    wait_seconds: float = 0


@dataclass(frozen=True)
class ItemPlace:
    """`folder`: the followed folder it is in, "" for none; then `name` is another's, as people call it. Both "": nowhere."""

    folder: str = ""
    name: str = ""


@dataclass(frozen=True)
class MailFolder:
    """A folder that could be followed. `name`: as people there call it, after those it lies in. `mails`: how many are in it."""

    id: str
    name: str
    mails: int


class Reconciled(Protocol):
    """A channel type whose mailbox can be counted. Every method raises ProviderError."""

    def followed_folders(self, *, account: ChannelAccount) -> tuple[str, ...]:
        """Never raises: it is what is kept here."""
        ...

    def list_choosable(self, *, account: ChannelAccount) -> tuple[MailFolder, ...]:
        """What could be followed besides the usual folders."""
        ...

    def list_folder(self, *, account: ChannelAccount, folder: str, link: str | None) -> Listing:
        """The page behind `link`, the first without one. Raises ListingLost."""
        ...

    def fetch_items(self, *, account: ChannelAccount, wanted: Sequence[tuple[str, str]]) -> Fetch:
        """`wanted`: (key, folder) each."""
        ...

    def locate_items(self, *, account: ChannelAccount, keys: Sequence[str]) -> dict[str, ItemPlace]: ...
