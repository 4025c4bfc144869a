"""Call a channel's provider for reads (polls, files, calendars) through the channel's gate."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.contract.base import ProviderError
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.gate import Gate, Lane
from app.domain.connections.models import Channel


class Resting(Exception):
    """The provider may not be called now. The caller tries again after `seconds`; this does not count as a try."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the channel rests for {seconds:.0f} s")
        self.seconds = seconds


def gate_of(channel: Channel, *, lane: Lane = "send") -> Gate:
    """Build the gate of a channel, with Redis and the budget factor of the running application. Call it only at the edge."""
    factor = runtime().settings.budget_factor
    number = channel.settings.get("number")
    throughput = str(number.get("throughput", "")) if isinstance(number, dict) else ""
    return Gate(runtime().redis, channel.id, channel.channel_type.value, factor=factor, lane=lane, throughput=throughput)


@contextmanager
def reading(channel: Channel) -> Iterator[None]:
    """Wrap one call to the provider, outside any transaction, and report its outcome to the gate. Raises Resting if the channel
    may not be called now."""
    gate, token = gate_of(channel, lane="read"), str(new_id())
    wait = gate.enter(token, now=time.time(), lease_seconds=runtime().settings.lease_seconds)
    if wait > 0:
        raise Resting(wait)
    try:
        yield
        gate.note_success()
    except ProviderError as error:
        tell_gate(gate, error)
        raise
    finally:
        gate.leave(token)


def tell_gate(gate: Gate, error: ProviderError) -> None:
    """Report a failed call to the gate. The gate counts the call as a success if the provider answered with a permanent
    refusal, or refused only this recipient."""
    if error.recipient_only or (error.permanent and not error.channel_down):
        gate.note_success()
    else:
        gate.note_failure(now=time.time(), retry_after_seconds=error.retry_after_seconds)
