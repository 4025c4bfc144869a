"""Receive forms that customers fill in. Posts are read as they arrive, and the provider is polled for submissions that were not
posted."""
