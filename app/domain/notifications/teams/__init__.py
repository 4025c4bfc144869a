"""Cards in Microsoft Teams: what they look like, how fast they may come, where they go, and the call."""
