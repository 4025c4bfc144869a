"""Error answers of the simulated WhatsApp, in the format of Meta."""

from __future__ import annotations

from app.sandbox.simulators.common import Json

# Source: Cloud API error codes; every other code is answered 400.
_HTTP_STATUS = {0: 401, 190: 401, 3: 500, 2: 503, 131000: 500, 131016: 503, 10: 403, 131005: 403, 368: 403, 131031: 403}
_RATE_CODES = frozenset({4, 80007, 130429, 131048, 131056})
TITLES = {
    100: "Invalid parameter",
    190: "Error validating access token: session has expired",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    131030: "Recipient phone number not in allowed list",
    131047: "Re-engagement message",
    131049: "This message was not delivered to maintain healthy ecosystem engagement",
    131051: "Unsupported message type",
    131053: "Media upload error",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    132000: "Number of parameters does not match the expected number of params",
    132001: "Template name does not exist in the translation",
    132005: "Translated text too long",
    132012: "Parameter format does not match format in the created template",
    132015: "Template is paused",
    132016: "Template is disabled",
    132018: "There are issues with the parameters in your template",
}


class GraphError(Exception):
    """Raised when a call is refused. `details` is the sentence that explains why; Meta puts it into `error_data`."""

    def __init__(self, code: int, details: str = "", *, subcode: int | None = None, status: int | None = None) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details
        self.subcode = subcode
        self.status = status or (429 if code in _RATE_CODES else _HTTP_STATUS.get(code, 400))

    def to_json(self) -> Json:
        """Return the error as the JSON body of an HTTP answer."""
        error = {
            "message": f"(#{self.code}) {TITLES.get(self.code, 'Refused')}",
            "type": "OAuthException",
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details},
            "fbtrace_id": "AsimulatedTraceId",
        }
        return {"error": error | ({} if self.subcode is None else {"error_subcode": self.subcode})}


def missing_node(node: str) -> GraphError:
    """Return the error for an id that does not exist in the Graph API or that the caller may not see."""
    detail = f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions"
    return GraphError(100, detail, subcode=33)


def webhook_error(code: int, details: str = "") -> Json:
    """Return the error in the format that a "failed" status in a webhook has."""
    title = TITLES.get(code, "Refused")
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or title},
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
    }
