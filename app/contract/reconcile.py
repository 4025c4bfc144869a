"""The methods and data for reconciling a mailbox: lists of folders, single mails, where a mail is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, PolledItem


class ListingLost(Exception):
    """The provider does not know the page's link any more; the folder is listed again from its start."""


@dataclass(frozen=True)
class ListedItem:
    """A mail as its folder lists it. `key` is that of a `PolledItem`."""

    key: str
    received_at: datetime | None
    subject: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of a folder, without drafts and mail from before the channel's start.

    `following`: the next page's link, None at the end. `total`: how many mails the provider counts, None where it does not say.
    """

    items: tuple[ListedItem, ...]
    following: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Fetch:
    """Mails fetched by id. `gone`: no longer in the mailbox; `unwanted`: drafts; `failed`: could not be read now.

    An id in none of them was not tried. `wait_seconds`: how long the provider asks us to wait.
    """

    items: tuple[PolledItem, ...] = ()
    gone: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    wait_seconds: float = 0


@dataclass(frozen=True)
class ItemPlace:
    """Where a mail is in its mailbox. `folder`: the followed folder that holds it, or "". If `folder` is "", `name` is
    the name of the other folder that holds it; both "": the mail is gone.
    """

    folder: str = ""
    name: str = ""


@dataclass(frozen=True)
class MailFolder:
    """A folder that can be followed. `name`: its path of names in the mailbox. `mails`: how many it has."""

    id: str
    name: str
    mails: int


class Reconciled(Protocol):
    """A channel type whose mailbox can be reconciled. Every method but `followed_folders` raises ProviderError."""

    def followed_folders(self, *, account: ChannelAccount) -> tuple[str, ...]:
        """Return the ids of the followed folders, from the channel's settings. Never raises."""
        ...

    def list_choosable(self, *, account: ChannelAccount) -> tuple[MailFolder, ...]:
        """List the folders that can be followed besides the usual ones."""
        ...

    def list_folder(self, *, account: ChannelAccount, folder: str, link: str | None) -> Listing:
        """Return the page behind `link`, None for the first. Raises ListingLost."""
        ...

    def fetch_items(self, *, account: ChannelAccount, wanted: Sequence[tuple[str, str]]) -> Fetch:
        """Fetch these mails; `wanted` are pairs (key, folder)."""
        ...

    def locate_items(self, *, account: ChannelAccount, keys: Sequence[str]) -> dict[str, ItemPlace]: ...
