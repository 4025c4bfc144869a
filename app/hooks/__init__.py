"""Receive providers' webhooks: verify the post, store the raw event, answer."""
