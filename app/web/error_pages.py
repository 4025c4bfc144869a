"""Error pages: they say in plain words what happened, what it means and what to do.

The page of a server error is rendered without a database query for the signed-in user, as the database may have failed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Flask, current_app, g, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, gettext
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from htmx_flask import request
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from werkzeug.wrappers import Response

from app.core.log import get_logger
from app.core.problems import problem_of
from app.core.storage import StorageFailed
from app.core.text import mark as N_
from app.domain.accounts.permissions import Permission
from app.domain.accounts.role_table import permission_words
from app.domain.accounts.views import role_words

log = get_logger(__name__)
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")


KNOWN = {
    400: (
        N_("Invalid request"),
        N_("Something in the web address or the form is wrong. Go back and try again."),
    ),
    401: (N_("Sign in first"), N_("This page is for people who are signed in.")),
    403: (
        N_("You don’t have access to this page"),
        N_("If you need this page for your work, ask an administrator to change your role."),
    ),
    404: (N_("Page not found"), N_("The address may be mistyped, or the page may belong to a brand you cannot see.")),
    405: (
        N_("This cannot be done here"),
        N_("This web address does not support what you tried to do. Go back and use the buttons on the page."),
    ),
    409: (
        N_("A colleague was faster"),
        N_(
            "What you worked on was changed in the meantime. Go back and look at it again. If your change is "
            "still needed, repeat it."
        ),
    ),
    413: (N_("This is too large"), N_("A file or text you sent is too large. Send less at a time, or a smaller file.")),
    415: (N_("Unsupported content type"), N_("We cannot read what you sent; send it in another format.")),
    422: (N_("The form has an error"), N_("Go back, check the form, and send it again.")),
    429: (N_("Too many requests at once"), N_("Wait a minute, then try again.")),
    503: (N_("Temporarily unavailable"), N_("Everything you sent earlier is safe. Try again in a few seconds.")),
}
UNKNOWN = (
    N_("Something went wrong on our side"),
    N_("We logged the error. Try again; if it happens once more, tell an administrator what you were doing."),
)


@dataclass(frozen=True)
class Words:
    """The text of an error page: a heading and the sentences under it."""

    title: str
    text: str
    permission: str = ""  # what the role lacks, by its name, where that is why


def init_app(app: Flask) -> None:
    """Install the error pages for all pages; blueprints with handlers of their own (webhooks, the API) keep those."""
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(OperationalError, _unavailable)
    app.register_error_handler(NoConnectionFree, _unavailable)
    app.register_error_handler(StorageFailed, _storage_failed)


def answer(error: HTTPException) -> ResponseReturnValue:
    """Return the answer for an error: a page, a fragment for an htmx request, or a JSON problem for the API."""
    if request.path.startswith("/api/"):
        return problem_of(error)
    status = error.code or 500
    response = _broken(status) if status >= 500 else _explained(error, status)
    for name, value in error.get_headers():
        if name in KEPT_HEADERS:
            response.headers[name] = value
    return response


def _unavailable(error: Exception) -> ResponseReturnValue:
    log.error("database_unavailable", error=type(error).__name__, path=request.path)
    return answer(ServiceUnavailable(retry_after=5))


def _storage_failed(error: StorageFailed) -> ResponseReturnValue:
    log.error("storage_failed", error=str(error), path=request.path)
    return answer(ServiceUnavailable(retry_after=30))


def _explained(error: HTTPException, status: int) -> Response:
    words = _stale_form() if isinstance(error, CSRFError) else words_for(status)
    permission = getattr(error, "permission", None)
    if permission is not None and current_user.is_authenticated:
        words = replace(words, text=_missing(permission), permission=permission.value)
    template = "errors/fragment.html" if request.htmx else "errors/page.html"
    return make_response(render_template(template, status=status, words=words), status)


def _broken(status: int) -> Response:
    locale = request.accept_languages.best_match(["en", "nl", "fr"]) or "en"
    name = "errors/fragment.html" if request.htmx else "errors/broken.html"
    g.pop("catalogue", None)  # the catalogue of the signed-in reader, whose language is not used here
    with force_locale(locale):
        # Not render_template: its context would look up who is signed in.
        body = current_app.jinja_env.get_template(name).render(status=status, words=words_for(status), locale=locale)
    return make_response(body, status)


def _(text: str) -> str:
    return str(gettext(text))


def _missing(permission: Permission) -> str:
    """Return a sentence that names the permission the user's role lacks, and whom to ask for it."""
    said = {"role": role_words(current_user.role), "what": permission_words(permission)}
    return str(gettext("Your role, %(role)s, lacks the permission “%(what)s”. If you need it, ask an administrator.", **said))


def _stale_form() -> Words:
    return Words(
        _("Please send the form again"),
        _("The form was open too long or came from another site. Go back, reload the page, and send it again."),
    )


def words_for(status: int) -> Words:
    """Return the heading and text of a status code."""
    title, text = KNOWN.get(status, UNKNOWN if status >= 500 else KNOWN[400])
    return Words(_(title), _(text))
