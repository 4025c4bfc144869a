"""Answer webhooks with 503 and Retry-After while the database fails or disk or memory is short."""

from __future__ import annotations

import psycopg
from flask import Blueprint, Response
from sqlalchemy.exc import DBAPIError, TimeoutError

from app.core.log import get_logger
from app.domain.ingest.spool import TooManyLarge

RETRY_AFTER_SECONDS = 5
log = get_logger(__name__)


def answer_outages(blueprint: Blueprint) -> None:
    """Answer 503 with Retry-After on all routes of the blueprint if the database fails, the disk is full, memory is short, or
    there are too many large bodies."""
    for outage in (DBAPIError, psycopg.Error, TimeoutError, OSError, MemoryError, TooManyLarge):
        blueprint.register_error_handler(outage, _come_again)


def _come_again(error: Exception) -> Response:
    log.error("intake_unavailable", error=type(error).__name__)
    return Response(status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
