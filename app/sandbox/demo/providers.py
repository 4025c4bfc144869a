"""List the simulated providers: an account to connect, the values to enter at the provider, and how each can fail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.text import mark as N_
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.channels import WHATSAPP_TOKEN
from app.sandbox.demo.mailboxes import SENDGRID_KEY
from app.sandbox.demo.simulator_client import Outside, simulator
from app.sandbox.demo.simulator_state import REFUSES, SimulatorAway
from app.web.integrations.forms import SCENARIOS

Json = dict[str, Any]

REFUSED, EXPIRED, BUSY, BROKEN, SILENCE = "refused", "expired", "busy", "broken", "silent"
TROUBLES = {
    REFUSED: N_("Credentials are refused"),
    EXPIRED: N_("Credentials have expired"),
    BUSY: N_("Too many requests (429)"),
    BROKEN: N_("Errors (500)"),
    SILENCE: N_("No answer"),
}
_SILENT_SECONDS = 12  # longer than any timeout of ours


@dataclass(frozen=True)
class Trouble:
    """A failure of a simulator: the settings it gets, and the faults it answers with from now on."""

    config: Json = field(default_factory=dict)
    faults: tuple[Json, ...] = ()


@dataclass(frozen=True)
class Provider:
    """A simulated provider on the page.

    `kind` is the kind of channel as which its account is connected, "" for none. `account` are the fields of the form that
    connects the account: {name: (label, value)}. A name in braces in a value stands for the simulator's setting of that
    name. `entered` are the values of ours to enter at the provider: {setting: label}. `has_own` means that the demo has a
    connection of its own, which is switched off when somebody enters another one.
    """

    key: str
    name: str
    troubles: Mapping[str, Trouble]
    calm: Json = field(default_factory=dict)
    kind: str = ""
    account: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    entered: Mapping[str, str] = field(default_factory=dict)
    has_own: bool = False


def _every(**fault: Any) -> Trouble:
    """Return the failure in which every call gets this fault, until somebody ends it."""
    return Trouble(faults=({"times": None, **fault},))


def _silent() -> Trouble:
    return _every(delay_s=_SILENT_SECONDS, drop_connection=True)


def _answers(busy: Any, broken: Any) -> dict[str, Trouble]:
    """Return the failures that all providers have: busy (429), broken (500) and silent. The bodies are those of one provider."""
    slow = _every(status=429, headers={"Retry-After": "2"}, body=busy)
    return {BUSY: slow, BROKEN: _every(status=500, body=broken), SILENCE: _silent()}


def _of_graph(code: str, words: str) -> Json:
    return {"error": {"code": code, "message": words}}


_FORMER_TOKEN = {
    "times": None,
    "match": {"path": "^/v1.0"},
    "status": 401,
    "body": _of_graph("InvalidAuthenticationToken", "expired"),
}
_GRAPH_SECRET = "simulated-client-secret"  # noqa: S105
_META_BUSY = {"error": {"message": "(#130429) Rate limit hit", "type": "OAuthException", "code": 130429}}
_META_BROKEN = {"error": {"message": "Service temporarily unavailable", "code": 131016, "is_transient": True}}
_SERVER_MODES = {REFUSED: "locked", BUSY: "busy", BROKEN: "unavailable"}

PROVIDERS: tuple[Provider, ...] = (
    Provider(
        "whatsapp",
        "WhatsApp",
        {
            REFUSED: Trouble({"access_token": "another"}),
            EXPIRED: Trouble({"token_is_expired": True}),
            **_answers(_META_BUSY, _META_BROKEN),
        },
        {"access_token": WHATSAPP_TOKEN, "token_is_expired": False},
        "whatsapp_business",
        {
            "address": (N_("Phone number ID"), unconnected_accounts.NUMBER_ID),
            "display_address": (N_("Phone number"), unconnected_accounts.NUMBER),
            "waba_id": (N_("WhatsApp business account ID"), "{waba_id}"),
            "access_token": (N_("Access token"), "{access_token}"),
            "signing_secret": (N_("App secret"), "{app_secret}"),
        },
        {"webhook_url": N_("Webhook address"), "verify_token": N_("Verify token")},
    ),
    Provider(
        "graph",
        "Microsoft 365",
        {
            REFUSED: Trouble({"client_secret": "another"}, (_FORMER_TOKEN,)),
            EXPIRED: Trouble({"secret_has_expired": True}, (_FORMER_TOKEN,)),
            **_answers(_of_graph("ApplicationThrottled", "slow down"), _of_graph("InternalServerError", "broken")),
        },
        {"client_secret": _GRAPH_SECRET, "secret_has_expired": False},
        "email_outlook",
        {
            "address": (N_("Mailbox"), unconnected_accounts.MAILBOX),
            "tenant_id": (N_("Directory (tenant) ID"), "{tenant_id}"),
            "client_id": (N_("Application (client) ID"), "{client_id}"),
            "client_secret": (N_("Client secret"), "{client_secret}"),
        },
    ),
    Provider(
        "mailserver",
        N_("Mail server"),
        {
            kind: Trouble({"smtp_mode": mode, "imap_mode": mode if mode != "busy" else "fine"})
            for kind, mode in _SERVER_MODES.items()
        },
        {"smtp_mode": "fine", "imap_mode": "fine"},
        "email/smtp",
        {
            "address": (N_("Email address"), unconnected_accounts.AT_SERVER),
            "user": (N_("User name"), unconnected_accounts.AT_SERVER),
            "password": (N_("Password"), unconnected_accounts.SERVER_PASSWORD),
            "smtp_host": (N_("Server for outgoing email (SMTP)"), "127.0.0.1"),
            "smtp_port": (N_("Port for outgoing email"), "{smtp}"),
            "smtp_security": (N_("Encryption of outgoing email"), "none"),
            "imap_host": (N_("Server for incoming email (IMAP)"), "127.0.0.1"),
            "imap_port": (N_("Port for incoming email"), "{imap}"),
            "imap_security": (N_("Encryption of incoming email"), "none"),
        },
    ),
    Provider(
        "sendgrid",
        "SendGrid",
        {
            REFUSED: Trouble({"api_key": "SG.another"}),
            **_answers({"errors": [{"message": "too many requests"}]}, {"errors": [{"message": "internal error"}]}),
        },
        {"api_key": SENDGRID_KEY},
        "email/sendgrid",
        {
            "address": (N_("Email address"), unconnected_accounts.AT_SENDGRID),
            "api_key": (N_("API key"), "{api_key}"),
            "signing_secret": (N_("Verification key of the event webhook"), "{public_key}"),
            "url_key": (N_("Key for the inbound parse address"), unconnected_accounts.PARSE_KEY),
        },
        {"webhook_url": N_("Address of the event webhook"), "inbound_url": N_("Address of the Inbound Parse webhook")},
    ),
    Provider(
        "twilio",
        "Twilio",
        {
            REFUSED: Trouble({"refuses_sign_in": True}),
            **_answers({"code": 20429, "message": "Too many requests"}, {"code": 20500, "message": "Internal server error"}),
        },
        {"refuses_sign_in": False},
        "sms",
        {
            "address": (N_("Phone number"), unconnected_accounts.TEXTS),
            "account_sid": (N_("Account SID"), "{account_sid}"),
            "signing_secret": (N_("Auth token"), "{auth_token}"),
        },
        {"sms_url": N_("Address for texts"), "voice_url": N_("Address for calls")},
    ),
    Provider(
        "notices",
        N_("Teams and push"),
        {REFUSED: _every(status=401), **_answers("", "")},
        account={"url": (N_("Address of the workflow"), "{workflow_url}")},
    ),
    Provider(
        "make",
        "Make",
        {REFUSED: _every(status=401), **_answers("", "")},
        {"mode": "fine"},
        account={f"hook_{name}": (words, f"{{url}}/{name}") for name, words in SCENARIOS.items()},
        entered={
            "hook_url": N_("Webhook address"),
            "caller_key": N_("Key for the header X-Api-Key"),
            "secret": N_("Secret for signatures, in both directions"),
        },
        has_own=True,
    ),
    Provider(
        "fillout",
        "Fillout",
        {REFUSED: _every(status=401), **_answers({}, {})},
        account={"form_id": (N_("Form ID"), unconnected_accounts.FORM_ID), "api_key": (N_("API key"), "{api_key}")},
        entered={"hook_url": N_("Webhook address")},
        has_own=True,
    ),
    Provider("pdok", "PDOK", _answers({}, {})),
)


def find_provider(key: str) -> Provider | None:
    return next((one for one in PROVIDERS if one.key == key), None)


def told_trouble(provider: Provider) -> str:
    """Return the key of the failure that somebody caused at this provider. Return "" if there is none. Raises SimulatorAway."""
    return str(_call(simulator(provider.key), "GET", "note").get("text", ""))


def make_trouble(provider: Provider, kind: str) -> None:
    """Cause a failure at the provider and end any other. `kind` is a key of `provider.troubles`; "" ends the failures.

    Raises SimulatorAway.
    """
    surface, trouble = simulator(provider.key), provider.troubles.get(kind, Trouble())
    surface.call("DELETE", "/__sim/fault")
    changes = {**provider.calm, **trouble.config}
    if changes:
        _call(surface, "PUT", "config", changes)
    for fault in trouble.faults:
        _call(surface, "POST", "fault", fault)
    _call(surface, "PUT", "note", {"text": kind})


def enter(provider: Provider, values: Mapping[str, str]) -> None:
    """Store in the simulator the values that somebody entered at the provider. Raises SimulatorAway."""
    changes: Json = {name: values[name] for name in provider.entered if values.get(name)}
    if provider.has_own:
        changes["by_hand"] = bool(changes)
    _call(simulator(provider.key), "PUT", "config", changes)


def settings_of(provider: Provider) -> Json:
    """Return the simulator's settings and its URL. Raises SimulatorAway.

    Added are, as far as it has them, the id of its first business account, the ports of its mail server, and a workflow's
    address.
    """
    surface = simulator(provider.key)
    known = {**_call(surface, "GET", "config"), "url": surface.url}
    if provider.key == "mailserver":
        known |= _call(surface, "GET", "ports")
    if provider.key == "notices":
        workflows = {one["id"]: one["url"] for one in _call(surface, "GET", "workflows")["workflows"]}
        known["workflow_url"] = workflows.get(unconnected_accounts.WORKFLOW, "")
    if numbers := known.get("numbers"):
        known["waba_id"] = numbers[0]["waba_id"]
    return known


def account_of(provider: Provider, known: Json) -> dict[str, tuple[str, str]]:
    """Return the fields of the form that connects the spare account: {name: (label, value)}.

    `known` are the simulator's settings, as returned by `settings_of`.
    """
    filled = defaultdict[str, Any](str, known)
    return {name: (label, value.format_map(filled)) for name, (label, value) in provider.account.items()}


def _call(surface: Outside, method: str, path: str, body: Json | None = None) -> Json:
    answer = surface.call(method, f"/__sim/{path}", body)
    if not isinstance(answer, dict) or answer.get("error"):
        raise SimulatorAway(REFUSES % {"words": str(answer)[:200]})
    return answer
