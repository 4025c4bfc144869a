"""Pages of outgoing webhooks and of the log of their deliveries."""
