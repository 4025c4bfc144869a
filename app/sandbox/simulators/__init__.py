"""Stateful HTTP stand-ins for providers, each a real server in its own process, for the demo, tests, bench and chaos."""
