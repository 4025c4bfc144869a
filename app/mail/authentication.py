"""Read the results of our own mail server's checks of the sender: SPF, DKIM, DMARC.

Only the topmost Authentication-Results header counts: our receiver put it there; those below may be forged.
"""

from __future__ import annotations

import re
from typing import Final

from app.mail.source import HeaderBlock, tidy

_RESULT: Final = re.compile(r"\b(spf|dkim|dmarc|compauth|arc)\s*=\s*([a-z]{2,12})", re.I)
_SERVER: Final = re.compile(r"\s*+([^\s;=]++)\s*+(?:\d++\s*+)?;")
_COMMENT: Final = re.compile(r"\([^()]*\)")


def read_authentication(headers: HeaderBlock) -> dict[str, str]:
    """Return lower-case results by method (`{"server": …, "dmarc": "fail"}`), {} where nobody checked. The first of each counts.

    "server" is missing where the receiver (Exchange Online) does not name itself.
    """
    values = headers.all_raw("authentication-results")
    if not values:
        return {}
    text = _COMMENT.sub(" ", values[0][:5000])
    found = {method.lower(): result.lower() for method, result in reversed(_RESULT.findall(text))}
    server = _SERVER.match(text)
    return {**({"server": tidy(server[1]).lower()[:200]} if server else {}), **found}
