"""Doors for providers: verify the post, store the raw event, answer."""
