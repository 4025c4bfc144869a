"""Read the results of our own mail server's checks of the sender: SPF, DKIM, DMARC.

Only the topmost Authentication-Results header counts, because our receiving server added it. Headers below it may be forged.
"""

from __future__ import annotations

import re
from typing import Final

from app.mail.source import HeaderBlock, tidy

_RESULT: Final = re.compile(r"\b(spf|dkim|dmarc|compauth|arc)\s*=\s*([a-z]{2,12})", re.I)
_SERVER: Final = re.compile(r"\s*+([^\s;=]++)\s*+(?:\d++\s*+)?;")
_COMMENT: Final = re.compile(r"\([^()]*\)")


def read_authentication(headers: HeaderBlock) -> dict[str, str]:
    """Return a dict from method to result, in lower case, such as `{"server": …, "dmarc": "fail"}`. The first result of a
    method counts.

    Return {} if no server checked. "server" is missing if the receiver (Exchange Online) does not name itself.
    """
    values = headers.all_raw("authentication-results")
    if not values:
        return {}
    text = _COMMENT.sub(" ", values[0][:5000])
    found = {method.lower(): result.lower() for method, result in reversed(_RESULT.findall(text))}
    server = _SERVER.match(text)
    return {**({"server": tidy(server[1]).lower()[:200]} if server else {}), **found}
