"""Simulate a mail server over real sockets on loopback (SMTP to send, IMAP to read), and the customers who write to it."""

from app.sandbox.simulators.mailserver.app import MailServerSimulator, start_mail_server

__all__ = ["MailServerSimulator", "start_mail_server"]
