"""A Valkey that is not there."""

from __future__ import annotations

import socket
from contextlib import closing

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def valkey_nowhere() -> redis.Redis:
    """A client of a server that does not listen, which asks once: how often and how long to ask again is the library's affair."""
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        return redis.Redis(port=nobody.getsockname()[1], retry=Retry(NoBackoff(), 0))
