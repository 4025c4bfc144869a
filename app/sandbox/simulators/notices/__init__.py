"""Simulate the receivers of notifications: a push service, Teams workflows and a mail server."""
