"""So many calls at a time over all processes, and what happens when one dies or Valkey is away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest
from flask import Flask

from app.contract.base import ChannelAccount, ProviderError
from app.core.http import HttpClient
from app.core.runtime import runtime
from app.core.semaphore import LocalSlots, NoSlot, SharedSlots
from app.providers.graph.client import CALLS_AT_ONCE, GraphClient
from tests.core.raw_server import serving
from tests.core.test_foreign_urls import answer, sign_in_answer
from tests.support.nowhere import valkey_nowhere


@pytest.fixture
def two(app_context: Flask) -> tuple[SharedSlots, SharedSlots]:
    """As two processes have them."""
    return SharedSlots(runtime().redis), SharedSlots(runtime().redis)


def take(stack: ExitStack, slots: SharedSlots | LocalSlots, name: str = "box") -> None:
    stack.enter_context(slots.one_of(name, at_once=2, wait_seconds=0))


def test_processes_share_what_there_is_and_names_do_not(two: tuple[SharedSlots, SharedSlots]) -> None:
    with ExitStack() as first, ExitStack() as second:
        take(first, two[0])
        take(second, two[1])
        with pytest.raises(NoSlot):
            take(second, two[0])
        take(second, two[0], "another box")
        first.close()
        take(second, two[1])


def test_who_died_gives_it_back_with_the_lease(app_context: Flask) -> None:
    dying, other = SharedSlots(runtime().redis, lease_seconds=-1), SharedSlots(runtime().redis)
    with ExitStack() as never_left, ExitStack() as stack:
        take(never_left, dying)
        take(stack, other)
        take(stack, other)


def test_without_valkey_each_process_counts_for_itself() -> None:
    nowhere = SharedSlots(valkey_nowhere())
    for slots in (nowhere, LocalSlots()):
        with ExitStack() as stack:
            take(stack, slots)
            take(stack, slots)
            with pytest.raises(NoSlot):
                take(stack, slots)


class Crowd:
    """A server that holds each call for a moment, and knows how many it had at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = self.all = 0

    def hold(self) -> None:
        with self._lock:
            self._now, self.all = self._now + 1, self.all + 1
            self.most = max(self.most, self._now)
        threading.Event().wait(0.02)
        with self._lock:
            self._now -= 1


@pytest.fixture
def crowd() -> Iterator[tuple[Crowd, str]]:
    made = Crowd()

    def speak(connection: socket.socket, request: bytes) -> None:
        signing_in = sign_in_answer(request, server.url)
        if signing_in is None:
            made.hold()
        connection.sendall(signing_in or answer())

    with serving(speak) as server:
        yield made, server.url


def test_a_mailbox_has_three_calls_at_a_time_whoever_makes_them(
    two: tuple[SharedSlots, SharedSlots], crowd: tuple[Crowd, str]
) -> None:
    seen, url = crowd
    http = HttpClient(allowed_networks=["127.0.0.0/8"])
    clients = [GraphClient(http, graph_base_url=url, login_authority=url, slots=slots) for slots in two]
    account = ChannelAccount(
        "1", "email_outlook", "x", "a@x.example", {"tenant_id": "t", "client_id": "c"}, {"client_secret": "s"}
    )
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda place: clients[place % 2].call(account, "GET", "messages"), range(24)))
    assert (seen.all, seen.most) == (24, CALLS_AT_ONCE)


def test_who_waits_in_vain_is_told_when_to_come_again(app_context: Flask, crowd: tuple[Crowd, str]) -> None:
    class Full:
        def one_of(self, name: str, *, at_once: int, wait_seconds: float) -> ExitStack:
            raise NoSlot

    client = GraphClient(
        HttpClient(allowed_networks=["127.0.0.0/8"]), graph_base_url=crowd[1], login_authority=crowd[1], slots=Full()
    )
    with pytest.raises(ProviderError) as caught:
        client.call(ChannelAccount("1", "x", "x", "a@x.example"), "GET", "messages")
    assert (caught.value.reason.code, caught.value.retry_after_seconds) == ("mailbox_busy", 10)
