"""Serve /dev/components: every component in every state, for whoever designs or builds. In the demo and in development alone."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

bp = Blueprint("dev", __name__)
blueprints = (bp,)


@bp.get("/dev/components")
def components() -> ResponseReturnValue:
    """Show the components. Nobody needs to be signed in, and the database is not used."""
    names = Path(current_app.static_folder or "", "img", "icons.txt").read_text().split()
    return render_template("dev/components.html", icon_names=names)
