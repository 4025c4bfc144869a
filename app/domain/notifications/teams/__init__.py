"""Cards in Microsoft Teams: their content, the rate limit, the workflow addresses, and the call."""
