"""Stateful HTTP stand-ins for providers, each a real server in its own process; used by the demo, tests, bench and chaos alike."""
