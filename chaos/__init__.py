"""The chaos test: `python -m chaos`, or `make chaos`. docs/chaos.md says what it does and how to read it."""
