"""A mailbox at any mail server: sent by SMTP, read by IMAP."""

from app.channels.email.smtp.account import CONNECT_FIELDS
from app.channels.email.smtp.adapter import MailServerMail

__all__ = ["CONNECT_FIELDS", "MailServerMail"]
