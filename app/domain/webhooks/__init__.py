"""Callbacks (outgoing webhooks): tell others' addresses what happened, signed, in order, retried, logged."""
