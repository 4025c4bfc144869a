"""Forms that customers fill in: read their posts, and ask for submissions that were not posted."""
