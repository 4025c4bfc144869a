"""Callbacks: what happened here is told to addresses of others, signed, in order, tried again, with a log of every call."""
