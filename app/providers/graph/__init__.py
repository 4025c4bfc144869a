"""A Microsoft 365 mailbox over Graph: read by delta polling, sent through drafts so that a crash never sends twice."""

from app.providers.graph.adapter import GraphMail

__all__ = ["GraphMail"]
