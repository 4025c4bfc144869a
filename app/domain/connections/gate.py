"""The gate of a channel: rate limit (budget) and circuit breaker over all processes, in Redis.

Without Redis, or if its data is lost, calls are made and only the provider's own limits apply. After `OPENS_AFTER` failed
calls in a row a channel rests, longer each time. Then a single call is made, and other calls follow if it succeeds. Waiting
work is stored as rows, so a rest loses nothing. If the provider limits messages to one person, only messages to that person
wait.

A channel has two lanes, sending and reading (polls, files, calendars), because one server of a provider may fail while
another works. Both lanes share the limit on simultaneous calls, and both wait when the provider says how long.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import redis

from app.core.log import get_logger
from app.providers.registry import budget_of

log = get_logger(__name__)
OPENS_AFTER = 5
REST_SECONDS, LONGEST_REST_SECONDS = 20, 600
PROBE_SECONDS = 60  # so long one call may take to try a channel that rested
FORGET_SECONDS = 3600
MINUTE = 60
Lane = Literal["send", "read"]
Why = Literal["", "rests", "pace", "person"]


# The person's turn is the instant at which all they were sent has been paid for, one message every so many seconds.
_ENTER = """
local now, at_once, per_minute = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local per_second, every, burst = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local rests = tonumber(redis.call('HGET', KEYS[1], 'until') or '0')
if rests > now then return {tostring(rests - now), 'rests'} end
local turn = math.max(now, tonumber(every > 0 and redis.call('GET', KEYS[4]) or '0'))
local early = turn - now - (burst - 1) * every
if every > 0 and early > 0 then return {tostring(early), 'person'} end
if tonumber(redis.call('HGET', KEYS[1], 'failures') or '0') >= tonumber(ARGV[6]) then
    local probe = tonumber(redis.call('HGET', KEYS[1], 'probe') or '0')
    if probe > now then return {tostring(math.min(probe - now, 5)), 'rests'} end
    redis.call('HSET', KEYS[1], 'probe', now + tonumber(ARGV[7]), 'prober', ARGV[4])
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) >= at_once then return {'1', 'pace'} end
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - 60)
if per_minute > 0 and redis.call('ZCARD', KEYS[3]) >= per_minute then
    return {tostring(tonumber(redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES')[2]) + 60 - now), 'pace'}
end
local first = per_second > 0 and redis.call('ZREVRANGE', KEYS[3], per_second - 1, per_second - 1, 'WITHSCORES')[2]
if first and tonumber(first) + 1 > now then return {tostring(tonumber(first) + 1 - now), 'pace'} end
redis.call('ZADD', KEYS[2], now + tonumber(ARGV[5]), ARGV[4])
if per_minute > 0 then redis.call('ZADD', KEYS[3], now, ARGV[4]) end
if every > 0 then redis.call('SET', KEYS[4], string.format('%.6f', turn + every)) end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, 3600) end
return {'0', ''}
"""
# Whoever tried and cannot say how it went (it looked only, or the message was not wanted any more) leaves the try to the next.
_LEAVE = """
redis.call('ZREM', KEYS[2], ARGV[1])
if redis.call('HGET', KEYS[1], 'prober') == ARGV[1] then redis.call('HDEL', KEYS[1], 'probe', 'prober') end
"""


@dataclass(frozen=True)
class Wait:
    """How many seconds to wait before a call (0: no wait), and why: the channel rests, or the budget of the channel or of the
    recipient is used up."""

    seconds: float
    why: Why = ""


@dataclass(frozen=True)
class Look:
    """The state of a gate. `left`: the number of messages that may still be sent in this minute, out of `per_minute`.
    `rests_seconds`: how long the channel still rests, 0 if it does not. `failures`: the number of failed calls in a row,
    since `since` (Unix time)."""

    left: int
    per_minute: int
    rests_seconds: float
    failures: int
    since: float = 0


class Gate:
    """The gate of one channel in one lane ("send" or "read"). `factor` multiplies the budget. `throughput` is the class that
    the provider grants the account, or "" if it is unknown.

    Every `now` is Unix time in seconds.
    """

    def __init__(
        self,
        connection: redis.Redis,
        channel_id: uuid.UUID,
        channel_type: str,
        *,
        factor: int = 1,
        lane: Lane = "send",
        throughput: str = "",
    ) -> None:
        self._redis = connection
        self._lane = lane
        self._budget = budget_of(channel_type, throughput=throughput).times(factor)
        lanes: tuple[Lane, ...] = ("send", "read")
        self._states = {one: f"gate:{channel_id}:{one}" for one in lanes}
        self._state, self._running, self._sent = self._states[lane], f"gate:{channel_id}:running", f"gate:{channel_id}:sent"
        self._persons = f"gate:{channel_id}:person:"

    def enter(self, token: str, *, now: float, lease_seconds: int) -> float:
        """Take the right to make one call now and return 0, or return how many seconds to wait. Returns 0 if Redis is not
        available."""
        return self.admit(token, now=now, lease_seconds=lease_seconds).seconds

    def admit(self, token: str, *, now: float, lease_seconds: int, person: str = "") -> Wait:
        """Take the right to make one call now (a wait of 0 seconds), or return how long to wait and why. There is no wait if
        Redis is not available.

        `token` identifies the call; pass it to `leave` when the call is over. `person` is the recipient's address, or "".
        """
        keys = (self._state, self._running, self._sent, self._persons + hashlib.sha256(person.encode()).hexdigest())
        sends, pace = self._lane == "send", self._budget.person if person else None
        limits = (self._budget.per_second if sends else 0, *((pace.every_seconds, pace.burst) if pace and sends else (0, 0)))
        per_minute = self._budget.per_minute if sends else 0
        values = (now, self._budget.at_once, per_minute, token, lease_seconds, OPENS_AFTER, PROBE_SECONDS, *limits)
        try:
            seconds, why = self._redis.eval(_ENTER, len(keys), *keys, *values)
        except redis.RedisError as error:
            log.warning("gate_unknown", error=type(error).__name__)
            return Wait(0)
        return Wait(float(seconds), _read_why(why))

    def leave(self, token: str) -> None:
        """Note that the call has ended, with or without success."""
        self._quietly(lambda: self._redis.eval(_LEAVE, 2, self._state, self._running, token))

    def note_success(self) -> None:
        """Note that the provider answered, which ends a rest and clears the count of failures."""
        self._quietly(lambda: self._redis.delete(self._state))

    def open(self) -> None:
        """End all pauses after failures of this channel, because a check found that the account works."""
        self._quietly(lambda: self._redis.delete(*self._states.values()))

    def note_failure(self, *, now: float, retry_after_seconds: float | None) -> None:
        """Note that a call failed at the provider's side. `retry_after_seconds`: how long the provider asked to wait, None if it
        did not say.
        """
        self._quietly(lambda: self._fail(now, retry_after_seconds))

    def look(self, *, now: float) -> Look | None:
        """Return the state of the gate, or None if Redis is not available."""
        try:
            used = int(self._redis.zcount(self._sent, now - MINUTE, "+inf"))
            rests, failures, since = self._redis.hmget(self._state, ["until", "failures", "since"])
        except redis.RedisError:
            return None
        left = max(0, self._budget.per_minute - used)
        return Look(left, self._budget.per_minute, max(0.0, float(rests or 0) - now), int(failures or 0), float(since or 0))

    def _fail(self, now: float, retry_after_seconds: float | None) -> None:
        self._redis.hsetnx(self._state, "since", str(now))
        if retry_after_seconds is not None:
            for state in self._states.values():
                self._redis.hset(state, "until", str(now + min(retry_after_seconds, LONGEST_REST_SECONDS)))
                self._redis.expire(state, FORGET_SECONDS)
        else:
            failures = int(self._redis.hincrby(self._state, "failures", 1))
            rest = min(REST_SECONDS * 2 ** max(0, failures - OPENS_AFTER), LONGEST_REST_SECONDS)
            if failures >= OPENS_AFTER:
                self._redis.hset(self._state, "until", str(now + rest))
        self._redis.expire(self._state, FORGET_SECONDS)

    def _quietly(self, act: Callable[[], object]) -> None:
        try:
            act()
        except redis.RedisError as error:
            log.warning("gate_unknown", error=type(error).__name__)


def _read_why(said: bytes | str) -> Why:
    text = said.decode() if isinstance(said, bytes) else said
    known: tuple[Why, ...] = ("rests", "pace", "person")
    return next((why for why in known if why == text), "")
