"""Write the mails with a link to set a password: invitation and forgotten password."""

from __future__ import annotations

from flask_babel import force_locale
from flask_babel import gettext as _

from app.core.ids import new_id
from app.domain.accounts.models import User
from app.domain.notifications.mail.compose import SystemMail


def invitation_mail(user: User, *, url: str, inviter: str) -> SystemMail:
    """Write the invitation, with the link `url`, in the invited user's language."""
    with force_locale(user.locale):
        subject = _("%(name)s invites you to Switchyard", name=inviter)
        text = _("Choose a password here to sign in:")
        end = _("The link works once, within three days of this email.")
    return SystemMail(user.email, user.name, subject, f"{text}\n{url}\n\n{end}\n", new_id().hex)


def forgotten_mail(user: User, *, url: str) -> SystemMail:
    """Write the mail for a forgotten password in the user's language."""
    with force_locale(user.locale):
        subject = _("Choose a new password for Switchyard")
        text = _("You, or someone using your address, asked for a new password. Choose it here:")
        end = _(
            "The link works once, within one hour of this email. If you did not ask for a new password, ignore "
            "this email: your password will not change."
        )
    return SystemMail(user.email, user.name, subject, f"{text}\n{url}\n\n{end}\n", new_id().hex)
