"""The simulated outside of notifications: a push service, Teams Workflows and a mail server."""
