"""Check whether a pasted address is the address of a Teams workflow. Pure."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from app.core.allowed_hosts import is_allowed
from app.core.translation import gettext as _

RETIRED = ("webhook.office.com", "outlook.office.com", "outlook.office365.com")


class BadAddress(ValueError):
    """Raised when no cards can be posted to an address. The text says why, in the reader's language."""


def check_address(url: str, *, allowed: tuple[str, ...]) -> str:
    """Return the host of a workflow's address. `allowed` are the allowed hosts. Raises BadAddress."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        query = parse_qs(urlsplit(url).query)
    except ValueError:
        host, query = "", {}
    if any(host == retired or host.endswith(f".{retired}") for retired in RETIRED):
        raise BadAddress(
            _(
                "This is the address of a connector, and Microsoft has retired connectors. Make a workflow in Teams "
                "and paste the address of the workflow instead."
            )
        )
    if not host:
        raise BadAddress(_("Paste the whole https:// address of the workflow."))
    if not is_allowed(url, allowed):
        raise BadAddress(_("“%(host)s” is not an allowed address for Teams workflows.", host=host[:80]))
    if not query.get("sig"):
        raise BadAddress(_("The address is incomplete: its signature (sig=…) is missing."))
    return host
