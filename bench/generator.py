"""Load from processes of its own: as fast as it goes, or at a fixed rate, where a stall counts against the server."""


from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4


@dataclass(frozen=True)
class Target:
    url: str
    secret: bytes
    phone_number_id: str


def signed(target: Target) -> tuple[bytes, dict[str, str]]:
    """One webhook with a message nobody has sent before."""
    message = {
        "id": f"wamid.{uuid4().hex}",
        "from": f"316{uuid4().int % 10**8:08d}",
        "timestamp": str(int(time.time())),
        "type": "text",
        "text": {"body": "hoi, wanneer komt de monteur?"},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": target.phone_number_id},
        "contacts": [{"profile": {"name": "Bench"}, "wa_id": message["from"]}],
        "messages": [message],
    }
    body = json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}
    ).encode()
    signature = "sha256=" + hmac.new(target.secret, body, hashlib.sha256).hexdigest()
    return body, {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}


def full_speed(target: Target, *, seconds: float, connections: int = 16) -> float:
    """Accepted posts per second over keep-alive connections; raises if any is refused."""
    prepared = max(1, int(seconds * 400))
    with ProcessPoolExecutor(2) as pool:
        results = list(pool.map(_hammer, [target] * 2, [seconds] * 2, [connections // 2] * 2, [prepared] * 2))
    return sum(count / took for count, took in results)


def _hammer(target: Target, seconds: float, connections: int, prepared: int) -> tuple[int, float]:
    posts = [[signed(target) for _ in range(prepared)] for _ in range(connections)]
    began = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        counts = list(pool.map(lambda mine: _post_until(target, mine, began + seconds), posts))
    return sum(counts), time.monotonic() - began


def _post_until(target: Target, posts: list[tuple[bytes, dict[str, str]]], deadline: float) -> int:
    connection, path = _connect(target.url)
    done = 0
    for body, headers in posts:
        if time.monotonic() > deadline:
            break
        _post(connection, path, body, headers)
        done += 1
    return done


def at_rate(target: Target, *, per_second: int, seconds: int) -> list[float]:
    """Milliseconds from the instant each post was due to its answer."""
    began = time.monotonic() + 0.5
    due = [began + n / per_second for n in range(per_second * seconds)]
    with ThreadPoolExecutor(16) as pool:
        return sorted(pool.map(lambda at: _post_at(target, at), due))


def _post_at(target: Target, at: float) -> float:
    body, headers = signed(target)
    time.sleep(max(0.0, at - time.monotonic()))
    connection, path = _connect(target.url)
    _post(connection, path, body, headers)
    connection.close()
    return (time.monotonic() - at) * 1000


def _connect(url: str) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=30), parts.path


def _post(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]) -> None:
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"answered {answer.status}")
