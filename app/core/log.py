"""Write structured logs to standard output: text for people, JSON for machines. Ids and codes only, never bodies or secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"(?i)(authorization|token|secret|password|cookie|api_?key)")
_SECRET_VALUES = re.compile(r"(?i)(bearer\s+\S+|EAA[A-Za-z0-9]{8,}|(?<![\w-])eyJ[\w-]{10,}\.[\w-]+\.[\w-]*|whsec_\w+|swy_\w{8,})")


def configure_logging(log_format: str) -> None:
    """Send every log line of the process through structlog; `log_format` is "text" or "json"."""
    # Plain tracebacks: pretty ones print local variables, and those hold message bodies and secrets.
    plain = structlog.dev.plain_traceback
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, exception_formatter=plain)
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([structlog.processors.format_exc_info] if log_format == "json" else []),
        _mask_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for noisy in ("rq.worker", "werkzeug", "engineio", "socketio", "alembic", "msal"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _mask_secrets(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if _SECRET_NAMES.search(key):
            event[key] = "***"
        elif isinstance(value, str):
            event[key] = _SECRET_VALUES.sub("***", value)
    return event


def get_logger(name: str) -> Any:
    """Return a logger whose calls take the event's name and fields: `log.info("delivery_sent", delivery_id=…)`."""
    return structlog.get_logger(name)
