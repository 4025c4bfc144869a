"""Callbacks (outgoing webhooks): post events to other parties' endpoints, signed, in order, retried, logged."""
