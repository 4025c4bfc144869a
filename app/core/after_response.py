"""Run work after the response has been sent, so that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.db import transaction
from app.core.log import get_logger

log = get_logger(__name__)


def after_answer(response: Response, work: Callable[[Session], object]) -> None:
    """Run `work` in a transaction of its own after `response` has been sent.

    `work` does not run if the server itself sends a file, or if the process ends first. Database errors are only logged. Use
    this only for work that the next request would do as well.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def run() -> None:
        with app.app_context():
            try:
                with transaction() as session:
                    work(session)
            except SQLAlchemyError as error:
                log.warning("after_answer_failed", error=type(error).__name__)

    response.call_on_close(run)
