"""Simulate a mail server: SMTP to send, IMAP to read, over real sockets on loopback; and its customers outside."""

from app.sandbox.simulators.mailserver.app import MailServerSimulator, start_mail_server

__all__ = ["MailServerSimulator", "start_mail_server"]
