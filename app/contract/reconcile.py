"""The methods and data for reconciling a mailbox: list folders, fetch single mails, find the folder in which a mail is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.contract.base import ChannelAccount, PolledItem


class ListingLost(Exception):
    """Raised when the provider no longer knows the link of the page. Then the folder is listed again from its start."""


@dataclass(frozen=True)
class ListedItem:
    """A mail in the list of a folder. `key` is the same as in the `PolledItem` of the mail."""

    key: str
    received_at: datetime | None
    subject: str = ""


@dataclass(frozen=True)
class Listing:
    """One page of a folder. Drafts and mail from before the channel's start are left out.

    `following` is the link of the next page, None at the end. `total` is the number of mails that the provider counts in the
    folder, None if it does not say.
    """

    items: tuple[ListedItem, ...]
    following: str | None = None
    total: int | None = None


@dataclass(frozen=True)
class Fetch:
    """The result of fetching mails by id. `items` are the fetched mails. `gone`, `unwanted` and `failed` are ids of mails that
    are no longer in the mailbox, are drafts, or could not be read now.

    An id that is in no list was not tried. `wait_seconds` is how long the provider asks us to wait.
    """

    items: tuple[PolledItem, ...] = ()
    gone: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    wait_seconds: float = 0


@dataclass(frozen=True)
class ItemPlace:
    """The folder of a mail in its mailbox. `folder` is the id of the folder if we follow it, else "".

    For a folder that we do not follow, `name` is its name. If both are "", the mail is gone.
    """

    folder: str = ""
    name: str = ""


@dataclass(frozen=True)
class MailFolder:
    """A folder that can be followed. `name` is its path of names in the mailbox. `mails` is the number of mails in it."""

    id: str
    name: str
    mails: int


class Reconciled(Protocol):
    """A channel type whose mailbox can be reconciled. Every method except `followed_folders` may raise `ProviderError`."""

    def followed_folders(self, *, account: ChannelAccount) -> tuple[str, ...]:
        """Return the ids of the followed folders, from the channel's settings. Never raises."""
        ...

    def list_choosable(self, *, account: ChannelAccount) -> tuple[MailFolder, ...]:
        """List the folders that can be followed besides the usual ones."""
        ...

    def list_folder(self, *, account: ChannelAccount, folder: str, link: str | None) -> Listing:
        """Return one page of the folder: the page at `link`, or the first page if `link` is None. Raises `ListingLost`."""
        ...

    def fetch_items(self, *, account: ChannelAccount, wanted: Sequence[tuple[str, str]]) -> Fetch:
        """Fetch these mails; `wanted` are pairs (key, folder)."""
        ...

    def locate_items(self, *, account: ChannelAccount, keys: Sequence[str]) -> dict[str, ItemPlace]: ...
