"""What is counted, how it is kept in bounds, and that no id gets into a name."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from app.contract.base import ChannelAccount, ProviderError
from app.core import metering
from app.core.http import HttpClient, HttpFailure
from app.core.metering import STEPS_MS, Endpoint, Key, Meter, Tally, shape_of
from app.providers.graph.client import GraphClient
from app.providers.twilio.api import TwilioApi
from app.providers.whatsapp_cloud.api import CloudApi
from tests.core.raw_server import serving

DAY = date(2026, 11, 22)
GET = Endpoint("graph", "GET messages/{id}", "a")
APP = Path(metering.__file__).parents[1]


class Kept:
    """What a meter wrote; `broken` while the database is away."""

    def __init__(self) -> None:
        self.written: list[Mapping[Key, Tally]] = []
        self.broken = False

    def __call__(self, counted: Mapping[Key, Tally]) -> None:
        if self.broken:
            raise OSError("away")
        self.written.append(counted)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_calls_of_an_endpoint_are_one_row_a_day_whatever_became_of_them(kept: Kept) -> None:
    meter = Meter(kept, every_seconds=0)
    for status, seconds in ((200, 0.05), (404, 0.051), (429, 1.0), (None, 61.0)):
        meter.note(GET, status=status, seconds=seconds, day=DAY)
    meter.note(GET, status=200, seconds=0.01, day=date(2026, 11, 23))
    meter.flush()
    meter.flush()
    (counted,) = kept.written
    tally = counted[GET, DAY]
    assert (len(counted), tally.requests, tally.failures, tally.throttled) == (2, 4, 3, 1)
    assert tally.seconds == pytest.approx(62.101)
    ends = (*STEPS_MS, None)
    assert [(end, n) for end, n in zip(ends, tally.steps, strict=True) if n] == [(50, 1), (100, 1), (1000, 1), (None, 1)]


def test_what_could_not_be_written_is_written_with_the_next(kept: Kept) -> None:
    meter = Meter(kept, every_seconds=0)
    kept.broken = True
    meter.note(GET, status=200, seconds=0.1, day=DAY)
    meter.flush()
    kept.broken = False
    meter.note(GET, status=500, seconds=0.1, day=DAY)
    meter.flush()
    (counted,) = kept.written
    assert (counted[GET, DAY].requests, counted[GET, DAY].failures) == (2, 1)


def test_memory_is_bounded_however_many_endpoints_there_are(kept: Kept) -> None:
    meter = Meter(kept, every_seconds=0)
    for place in range(metering.MOST_KEYS + 100):
        meter.note(Endpoint("x", str(place)), status=200, seconds=0, day=DAY)
    meter.flush()
    assert len(kept.written[0]) == metering.MOST_KEYS


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("messages/AAMkAD=/send?token=s", "messages/{id}/send"), ("/messages//x/", "messages/{id}"), ("secret", "{id}"),
        ("a/" * 50, "{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}"), ("", ""),
    ],
)  # fmt: skip
def test_only_words_we_know_get_into_the_name_of_an_endpoint(path: str, shape: str) -> None:
    assert shape_of(path, ("messages", "send")) == shape


def test_no_adapter_puts_an_id_or_a_secret_into_a_name(kept: Kept) -> None:
    account = ChannelAccount("c1", "x", "x", "jan@example.nl", {"account_sid": "AC9", "tenant_id": "t", "client_id": "c"},
                             {"access_token": "geheim", "signing_secret": "geheim", "client_secret": "geheim"})  # fmt: skip
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as server:
        meter = Meter(kept, every_seconds=0)
        http = HttpClient(allowed_networks=["127.0.0.0/8"], meter=meter)
        CloudApi(http, server.url, "v26.0", (), 5).get("31612345678/messages", account=account, params={"q": "geheim"})
        TwilioApi(http, server.url).get("Messages/SM31612345678.json", account=account)
        GraphClient(http, graph_base_url=server.url, login_authority=server.url).put_upload(
            f"{server.url}/geheim?t=1", b"x", content_range="", account_id="c1"
        )
        with pytest.raises(ProviderError):
            GraphClient(http, graph_base_url=server.url, login_authority=server.url).call(account, "GET", "messages/AAMkAD")
        meter.flush()
    names = {(one.provider, one.name, one.account) for one, _day in kept.written[0]}
    assert names == {
        ("whatsapp", "GET {id}/messages", "c1"),
        ("twilio", "GET 2010-04-01/Accounts/{id}/{id}/{id}", "c1"),
        ("graph", "PUT upload", "c1"),
        ("microsoft_sign_in", "GET description", ""),
    }


def test_a_call_without_an_answer_is_a_failure_and_one_cut_short_too(kept: Kept) -> None:
    meter = Meter(kept, every_seconds=0)
    http = HttpClient(allowed_networks=["127.0.0.0/8"], meter=meter)
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789") as server:
        http.request("GET", server.url, called=GET)
        with pytest.raises(HttpFailure):
            http.request("GET", server.url, called=GET, max_bytes=1)
    with pytest.raises(HttpFailure):
        http.request("GET", "http://10.0.0.1/", called=GET)
    meter.flush()
    (tally,) = kept.written[0].values()
    assert (tally.requests, tally.failures) == (3, 2)


def test_a_process_that_ends_writes_what_it_has_and_one_that_goes_on_writes_by_itself() -> None:
    script = """
import sys, time
from app.core.metering import Endpoint, Meter
meter = Meter(lambda counted: print(sum(one.requests for one in counted.values()), flush=True), every_seconds=float(sys.argv[1]))
for _ in range(3): meter.note(Endpoint("x", "GET y"), status=200, seconds=0.1)
if sys.argv[1] != "600": sys.stdin.read()
"""
    ended = subprocess.run([sys.executable, "-c", script, "600"], capture_output=True, text=True, timeout=300, check=True)
    assert ended.stdout.split() == ["3"]
    with subprocess.Popen(
        [sys.executable, "-c", script, "0.01"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline().split() == ["3"]  # it is waiting for us, so nobody but its thread can have written
        running.communicate("")


def test_every_call_of_the_application_says_what_it_is() -> None:
    """A call without a name would be counted as "other": nobody could say what it was."""
    nameless = []
    for path in APP.rglob("*.py"):
        text = path.read_text()
        if {"simulators", "demo", "launch"} & set(path.relative_to(APP).parts) or "http.request" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("http.request", "_http.request")):
                nameless += [] if "called" in {one.arg for one in node.keywords} else [f"{path.name}:{node.lineno}"]
    assert nameless == []
