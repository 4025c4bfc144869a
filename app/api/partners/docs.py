"""Serve the partner API's OpenAPI document, its page and the pages of its errors. They are public: no key is needed."""

from __future__ import annotations

import json
from functools import cache

from flask import Blueprint, Response, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from app.api.partners.document import build_document
from app.api.partners.errors import ADVICE, PATH
from app.core.problems import CATALOGUE
from app.core.runtime import runtime

VERSION = "1.0.0"
docs = Blueprint("partner_docs", __name__)


@docs.get("/partners/openapi.json")
def openapi() -> ResponseReturnValue:
    """Serve the OpenAPI document. It changes only with a release."""
    response = Response(_document(runtime().settings.partner_support), mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=300"
    return response


@cache
def _document(support: str) -> str:
    return json.dumps(build_document(VERSION, support=support), ensure_ascii=False)


@docs.get("/partners/docs")
def browse() -> ResponseReturnValue:
    """Serve the OpenAPI document as an interactive page. All files of the page come from this server."""
    support = runtime().settings.partner_support
    return render_template("api/docs.html", document_url=url_for("partner_docs.openapi"), support=support)


@docs.get(PATH)
def errors() -> ResponseReturnValue:
    """Show the page of all errors, ordered by HTTP status."""
    return _errors([code for code in CATALOGUE if code in ADVICE])


@docs.get(f"{PATH}/<code>")
def error(code: str) -> ResponseReturnValue:
    """Show the page of one error. The status is 404 for an unknown code."""
    return _errors([code], code=code) if code in ADVICE else abort(404)


def _errors(codes: list[str], **more: str) -> str:
    return render_template("api/errors.html", errors=[(code, *CATALOGUE[code], ADVICE[code]) for code in codes], **more)
