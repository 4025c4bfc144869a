"""Cards in Microsoft Teams: contents, pace, addresses, and the call."""
