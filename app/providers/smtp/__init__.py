"""A mailbox at any mail server: sent by SMTP, read by IMAP."""

from app.providers.smtp.account import CONNECT_FIELDS
from app.providers.smtp.adapter import MailServerMail

__all__ = ["CONNECT_FIELDS", "MailServerMail"]
