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
    """Do `work` in a transaction of its own once `response` has gone out.

    It is not done where a file is handed over to the server to be sent or the process ends first, and its failure is logged and
    seen by nobody: only for what the next request would do as well.
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
