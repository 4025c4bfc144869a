"""Receive forms that customers fill in: read their posts, and poll for submissions that were not posted."""
