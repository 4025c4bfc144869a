"""Callbacks (outgoing webhooks): post events to the endpoints of other parties, signed, in order, with retries and a log."""
