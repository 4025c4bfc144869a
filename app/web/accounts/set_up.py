"""Page that sets up an empty installation: first administrator and first brand."""

from __future__ import annotations

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.domain.accounts.actions import BadAddress, NewUser, UserExists, check_new_user, create_user
from app.domain.accounts.first_admin import AlreadySetUp, WrongCode, claim_setup, is_empty
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import WeakPassword, check_strength
from app.domain.accounts.permissions import Permission
from app.domain.accounts.sessions import open_session
from app.domain.brands.actions import WrongBrand, create_brand
from app.domain.brands.first_steps import hide_first_steps, read_first_steps
from app.domain.brands.queries import BrandContent
from app.domain.contacts.actions import create_own_contact
from app.web.accounts.blueprint import bp
from app.web.accounts.forms import SetUpForm
from app.web.accounts.session import remember_browser, require
from app.web.pages import page


@bp.get("/setup")
def set_up() -> ResponseReturnValue:
    """Show the form that creates the first administrator and brand. It asks for the code from the link printed at start-up.

    Redirect to the sign-in page if a user exists already.
    """
    if not is_empty(db.session()):
        return redirect(url_for("accounts.sign_in"), 303)
    return _form(SetUpForm(code=request.args.get("code", "")))


@bp.post("/setup")
def finish_set_up() -> ResponseReturnValue:
    """Make the first administrator and brand, and sign the administrator in."""
    form = SetUpForm(request.form)
    if not form.validate():
        return _form(form, status=422)
    try:
        remember_browser(_make(form))
    except AlreadySetUp:
        return redirect(url_for("accounts.sign_in"), 303)
    except WrongCode:
        return _refused(form, "code", _("This is not the code shown when Switchyard started."))
    except (BadAddress, UserExists):
        return _refused(form, "email", _("This is not an email address."))
    except WeakPassword as error:
        return _refused(form, "password", str(error))
    except WrongBrand as error:
        return _refused(form, {"name": "brand"}.get(error.field, error.field), _(str(error)))
    return redirect(url_for("accounts.first_steps"), 303)


@bp.get("/settings/first-steps")
def first_steps() -> ResponseReturnValue:
    """Show the list of first steps after the set-up and which of them are not done."""
    viewer = require(Permission.BRANDS_MANAGE)
    return page("accounts/first_steps.html", steps=read_first_steps(db.session(), viewer.user_id))


@bp.post("/settings/first-steps")
def hide_steps() -> ResponseReturnValue:
    """Hide the list of first steps from the viewer, or show it again."""
    viewer, is_hidden = require(Permission.BRANDS_MANAGE), request.form.get("hidden") == "on"
    with transaction() as session:
        hide_first_steps(session, viewer.user_id, is_hidden=is_hidden)
    return redirect(url_for("inbox.list_view" if is_hidden else "accounts.first_steps"), 303)


def _make(form: SetUpForm) -> str:
    """Create the first administrator and brand, and return the token of the administrator's new session.

    Raises `AlreadySetUp` if a user exists already, and `WrongCode` if the code is wrong.
    """
    name, email, password, now, ip = form.name.data, form.email.data, form.password.data, utc_now(), request.remote_addr
    content = BrandContent(form.brand.data, form.order_prefix.data, form.hue.data, (form.language.data,))
    with transaction() as session:
        claim_setup(session, form.code.data, secret_key=runtime().settings.secret_key)
        check_strength(password, about=(name, email))
        check_new_user(session, email=email, password=password)
        contact = create_own_contact(session, name=name, now=now)
        locale = str(get_locale())
        user = create_user(session, NewUser(email, name, Role.ADMIN, password, contact.id, locale=locale), now=now)
        create_brand(session, content, now=now)
        return open_session(session, user, ip=ip, user_agent=request.user_agent.string, now=now)


def _refused(form: SetUpForm, field: str, text: str) -> ResponseReturnValue:
    form[field].errors = [text]
    return _form(form, status=422)


def _form(form: SetUpForm, *, status: int = 200) -> ResponseReturnValue:
    return page("accounts/set_up.html", form=form, status=status)
