"""The controls every simulator shares, on a provider of one route."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask, Response, jsonify, request

from app.sandbox.simulators.common import BadOrder, RunningServer, install_controls, serve

PATIENCE_SECONDS = 120


class Counter:
    """A provider that counts what it carried out."""

    def __init__(self) -> None:
        self.count = 0
        self.app = Flask(__name__)
        self.app.add_url_rule("/count", view_func=self.add, methods=["POST"])
        self.controls = install_controls(self.app, reset=self.reset, emit=self.emit, configure=lambda changes: changes)
        self.server: RunningServer = serve(self.app)

    def add(self) -> Response:
        self.count += 1
        return jsonify(count=self.count, got=request.get_data(as_text=True))

    def reset(self) -> None:
        self.count = 0

    def emit(self, order: dict[str, Any]) -> dict[str, Any]:
        if "wrong" in order:
            raise BadOrder("wrong is not an order")
        return order

    def post(self, *, timeout: float = PATIENCE_SECONDS, **arguments: Any) -> requests.Response:
        return requests.post(f"{self.server.url}/count", timeout=timeout, **arguments)

    def control(self, path: str, method: str = "POST", **body: Any) -> requests.Response:
        return requests.request(method, f"{self.server.url}/__sim/{path}", json=body or None, timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def running() -> Iterator[Counter]:
    counter = Counter()
    yield counter
    counter.server.stop()


@pytest.fixture
def provider(running: Counter) -> Counter:
    running.control("reset")
    return running


def test_without_a_fault_the_provider_answers(provider):
    assert provider.post(data="x").json() == {"count": 1, "got": "x"}


def test_fault_before_leaves_the_request_undone_and_lasts_once(provider):
    provider.control("fault", status=503, headers={"Retry-After": "3"}, body={"no": 1})
    answer = provider.post()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "3", {"no": 1})
    assert provider.count == 0
    assert provider.post().ok


def test_fault_after_carries_the_request_out(provider):
    provider.control("fault", status=500, body="<html>", when="after")
    assert provider.post().text == "<html>"
    assert provider.count == 1


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_connection_is_cut_before_or_after(provider, when, count):
    provider.control("fault", drop_connection=True, when=when)
    with pytest.raises(requests.ConnectionError):
        provider.post()
    assert provider.count == count


def test_answer_is_cut_short_of_its_promised_length(provider):
    provider.control("fault", truncate=5)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        provider.post()
    assert provider.count == 1


@pytest.mark.parametrize("fault", [{"delay_s": 5}, {"body_delay_s": 5}])
def test_slow_answer_and_slow_body_outlast_the_caller(provider, fault):
    provider.control("fault", **fault)
    with pytest.raises((requests.Timeout, requests.ConnectionError)):
        provider.post(timeout=0.3)


def test_fault_matches_method_and_path_and_lasts_as_told(provider):
    provider.control("fault", match={"method": "GET"}, status=500)
    provider.control("fault", match={"path": "^/other"}, status=500)
    provider.control("fault", match={"method": "post", "path": "count$"}, status=418, times=2)
    assert [provider.post().status_code for _ in range(3)] == [418, 418, 200]


def test_endless_fault_ends_when_taken_back(provider):
    provider.control("fault", status=500, times=None)
    assert [provider.post().status_code for _ in range(3)] == [500] * 3
    provider.control("fault", "DELETE")
    assert provider.post().ok


@pytest.mark.parametrize("fault", [{"colour": 1}, {"when": "never"}, {"match": {"path": "("}}])
def test_fault_that_makes_no_sense_is_refused(provider, fault):
    answer = provider.control("fault", **fault)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_requests_are_kept_raw(provider):
    provider.post(data=b"\xff", headers={"X-One": "1"})
    (kept,) = provider.control("requests", "GET").json()["requests"]
    assert (kept["method"], kept["path"], kept["body_base64"], kept["headers"]["x-one"], kept["status"]) == (
        "POST",
        "/count",
        "/w==",
        "1",
        200,
    )


def test_clock_moves_and_returns(provider):
    before = provider.controls.clock.now()
    provider.control("clock", advance_seconds=3600)
    assert 3600 <= (provider.controls.clock.now() - before).total_seconds() < 3700
    provider.control("reset")
    assert (provider.controls.clock.now() - before).total_seconds() < 100


def test_emit_and_settings_reach_the_simulator(provider):
    assert provider.control("emit", a=1).json() == {"a": 1}
    assert provider.control("emit", wrong=1).json() == {"error": "wrong is not an order"}
    assert provider.control("config", "PUT", b=2).json() == {"b": 2}
    assert provider.control("config", "GET").json() == {}
