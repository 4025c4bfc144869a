"""The HTTP client against servers that behave badly. Every server is a real socket on loopback."""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from app.core.http import FAILURES, CalledInTransaction, FailureKind, HttpClient, HttpFailure
from app.core.metering import Endpoint
from tests.core.raw_server import Answer, serving
from tests.support.certificates import write_certificate

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def dripping(server_gone: Callable[[], bool], head: bytes, drop: bytes) -> Answer:
    """Sends `head`, then `drop` every 20 ms for as long as somebody listens."""

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(head)
        while not server_gone():
            connection.sendall(drop)
            threading.Event().wait(0.02)

    return answer


def reset(connection: socket.socket, _: bytes) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@pytest.fixture
def client() -> Iterator[HttpClient]:
    made = HttpClient(allowed_networks=["127.0.0.0/8"])
    yield made
    made.close()


def failure(client: HttpClient, url: str, method: str = "GET", **options: Any) -> HttpFailure:
    with pytest.raises(HttpFailure) as caught:
        client.request(method, url, **options)
    return caught.value


def test_every_kind_of_failure_has_words() -> None:
    assert FAILURES.keys() == set(get_args(FailureKind))


def test_no_call_is_made_while_a_transaction_is_open() -> None:
    is_open = True
    client = HttpClient(allowed_networks=["127.0.0.0/8"], in_transaction=lambda: is_open)
    with pytest.raises(CalledInTransaction, match="twilio POST sms: commit first"):
        client.request("POST", "http://127.0.0.1:1/", called=Endpoint("twilio", "sms"))
    with pytest.raises(CalledInTransaction):
        client.reach("http://127.0.0.1:1/")
    is_open = False
    assert failure(client, "http://127.0.0.1:1/").kind == "connect"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0"]
)
def test_loopback_in_any_spelling_is_refused_and_reached_by_no_request(host: str) -> None:
    with serving(OK) as server:
        refused = failure(HttpClient(), f"http://{host}:{server.port}/")

        assert (refused.kind, refused.request_sent, server.connections) == ("refused_address", False, 0)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/", "file:///etc/passwd", "//example.com/", "http://", "http:///x", "http://user:pw@127.0.0.1/",
        "http://127.0.0.1@example.com/", "http://example.com\\@127.0.0.1/", "http://exam ple.com/", "http://a/\r\nX: y",
        "http://example.com:99999/", "http://①②⑦.0.0.1/", "http://[::1/", "",
    ],
)  # fmt: skip
def test_unusable_url_is_refused(url: str) -> None:
    refused = failure(HttpClient(), url)

    assert refused.kind in ("bad_url", "refused_address")
    assert not refused.request_sent


@pytest.mark.parametrize("port", [22, 25, 5432, 6379, 8080])
def test_public_host_is_not_called_on_another_port(port: int) -> None:
    client = HttpClient(resolve=lambda host, port: ("192.0.1.1",))

    assert failure(client, f"http://partner.example:{port}/").kind == "refused_address"


def test_cloud_metadata_name_is_refused_whatever_it_resolves_to() -> None:
    client = HttpClient(allowed_networks=["127.0.0.0/8"], resolve=lambda host, port: ("127.0.0.1",))

    assert failure(client, "http://metadata.google.internal./computeMetadata").kind == "refused_address"


def test_name_with_one_refused_address_among_good_ones_is_refused() -> None:
    with serving(OK) as server:
        client = HttpClient(allowed_networks=["127.0.0.1/32"], resolve=lambda host, port: ("127.0.0.1", "10.0.0.1"))

        assert failure(client, f"http://partner.example:{server.port}/").kind == "refused_address"
        assert server.connections == 0


def test_name_that_changes_its_address_is_judged_by_the_address_connected_to() -> None:
    answers = iter([("127.0.0.1",), ("127.0.0.2",)])
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok") as server:
        client = HttpClient(allowed_networks=["127.0.0.1/32"], resolve=lambda host, port: next(answers))
        url = f"http://rebinding.example:{server.port}/"

        assert client.request("GET", url).text == "ok"
        assert failure(client, url).kind == "refused_address"
        assert len(server.requests) == 1


def test_name_is_resolved_once_per_connection_and_the_connection_is_kept() -> None:
    lookups: list[str] = []

    def resolve(host: str, port: int) -> tuple[str, ...]:
        lookups.append(host)
        return ("127.0.0.1",)

    with serving(OK) as server:
        client = HttpClient(allowed_networks=["127.0.0.1/32"], resolve=resolve)
        for _ in range(3):
            client.request("GET", f"http://kept.example:{server.port}/")
        client.close()

        assert (lookups, server.connections, len(server.requests)) == (["kept.example"], 1, 3)
        assert b"Host: kept.example:" in server.requests[0]


def test_redirect_is_answered_not_followed(client: HttpClient) -> None:
    with serving(OK) as target:
        with serving(f"HTTP/1.1 302 Found\r\nLocation: {target.url}/\r\nContent-Length: 0\r\n\r\n".encode()) as server:
            answer = client.request("GET", server.url)

        assert (answer.status, answer.headers["location"], target.connections) == (302, f"{target.url}/", 0)


def test_environment_proxy_is_ignored(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(OK) as proxy, serving(OK) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        client.request("GET", server.url)

        assert (proxy.connections, len(server.requests)) == (0, 1)


def test_cookie_is_not_sent_back(client: HttpClient) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n") as server:
        client.request("GET", server.url)
        client.request("GET", server.url)

        assert b"cookie" not in server.requests[1].lower()


def test_endless_body_is_cut_off_at_the_limit(client: HttpClient) -> None:
    with serving(dripping(lambda: False, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)) as server:
        cut = failure(client, server.url, max_bytes=100_000)

        assert (cut.kind, cut.request_sent, cut.status) == ("too_large", True, 200)


def test_body_of_exactly_the_limit_passes(client: HttpClient) -> None:
    with serving(OK) as server:
        assert client.request("GET", server.url, max_bytes=2).body == b"ok"
        assert failure(client, server.url, max_bytes=1).kind == "too_large"


@pytest.mark.parametrize(
    ("head", "drop", "status"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", 200),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 200),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x", None),
        (b"HTTP", b"/", None),
    ],
    ids=["body", "chunked body", "header", "status line"],
)
def test_dripping_answer_is_cut_at_the_deadline(client: HttpClient, head: bytes, drop: bytes, status: int | None) -> None:
    gone = threading.Event()
    with serving(dripping(gone.is_set, head, drop)) as server:
        started = time.monotonic()
        cut = failure(client, server.url, read_timeout=20, deadline=1.5)
        took = time.monotonic() - started
        gone.set()

    assert (cut.kind, cut.request_sent, cut.status) == ("timeout", True, status)
    assert took > 1.4  # and not for ever: the drops come for as long as somebody listens


def test_silent_server_is_given_up_after_the_read_timeout(client: HttpClient) -> None:
    with serving(lambda connection, _: connection.recv(1) and None) as server:
        silent = failure(client, server.url, read_timeout=0.2)

        assert (silent.kind, silent.request_sent) == ("timeout", True)


def test_receiver_that_stops_reading_is_given_up_at_the_deadline(client: HttpClient) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    with listener:
        stuck = failure(client, f"http://127.0.0.1:{listener.getsockname()[1]}/", "PUT", data=b"x" * 50_000_000, deadline=2)

    assert (stuck.kind, stuck.request_sent) == ("timeout", True)


def test_resolver_that_hangs_is_given_up_without_a_request() -> None:
    hang = threading.Event()
    client = HttpClient(resolve=lambda host, port: (hang.wait(60), ("127.0.0.1",))[1])
    slow = failure(client, "http://slow.example/", connect_timeout=0.1)
    hang.set()

    assert (slow.kind, slow.request_sent) == ("timeout", False)


def test_unknown_name_is_a_dns_failure() -> None:
    def resolve(host: str, port: int) -> tuple[str, ...]:
        raise socket.gaierror(-2, "Name or service not known")

    unknown = failure(HttpClient(resolve=resolve), "http://nowhere.example/")
    assert (unknown.kind, unknown.request_sent, str(unknown)) == ("dns", False, "dns (before the request was sent)")


def test_refused_connection_was_never_sent(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    refused = failure(client, f"http://127.0.0.1:{port}/", "POST", json={})
    assert (refused.kind, refused.request_sent) == ("connect", False)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reset, "reset"),
        (lambda connection, _: connection.close(), "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\nshort", "reset"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "bad_response"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "bad_response"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n", "bad_response"),
    ],
    ids=["reset", "closed", "truncated", "not HTTP", "200 headers", "bad chunk"],
)
def test_broken_answer_after_the_request_leaves_the_outcome_open(client: HttpClient, answer: Any, kind: str) -> None:
    def answer_and_close(connection: socket.socket, request: bytes) -> None:
        if isinstance(answer, bytes):
            connection.sendall(answer)
            connection.close()
        else:
            answer(connection, request)

    with serving(answer_and_close) as server:
        broken = failure(client, server.url, "POST", json={"a": 1})

        assert (broken.kind, broken.request_sent, len(server.requests)) == (kind, True, 1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for partner.example and its key, in one PEM file."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "partner.pem", name="partner.example")


def secure_client() -> HttpClient:
    return HttpClient(allowed_networks=["127.0.0.0/8"], resolve=lambda host, port: ("127.0.0.1",))


def test_certificate_is_checked_against_the_name_in_the_url(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with serving(OK, certificate) as server:
        assert secure_client().request("GET", f"https://partner.example:{server.port}/").text == "ok"
        refused = failure(secure_client(), f"https://other.example:{server.port}/")

        assert (refused.kind, refused.request_sent, len(server.requests)) == ("tls", False, 1)


def test_who_is_only_reached_is_asked_nothing_and_has_to_show_its_certificate(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(OK, certificate) as server:
        url = f"https://partner.example:{server.port}/secret"
        with pytest.raises(HttpFailure, match="tls"):
            secure_client().reach(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        secure_client().reach(url)
        secure_client().reach(url.replace("https", "http"))
        with pytest.raises(HttpFailure, match="refused_address"):
            HttpClient().reach(f"http://127.0.0.1:{server.port}/")

        assert not any(server.requests)


def test_certificate_the_system_does_not_trust_is_refused_before_the_request(certificate: Path) -> None:
    with serving(OK, certificate) as server:
        refused = failure(secure_client(), f"https://partner.example:{server.port}/")

        assert (refused.kind, refused.request_sent, server.requests) == ("tls", False, [])


def test_dripping_answer_over_tls_is_cut_at_the_deadline(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    gone = threading.Event()
    with serving(dripping(gone.is_set, b"HTTP/1.1 200 OK\r\nX: ", b"x"), certificate) as server:
        cut = failure(secure_client(), f"https://partner.example:{server.port}/", read_timeout=20, deadline=3)
        gone.set()

        assert (cut.kind, cut.request_sent) == ("timeout", True)


def test_server_that_never_finishes_the_handshake_is_given_up_before_the_request(client: HttpClient) -> None:
    with serving(lambda connection, _: None) as server:
        silent = failure(client, f"https://127.0.0.1:{server.port}/", connect_timeout=0.2)

        assert (silent.kind, silent.request_sent) == ("timeout", False)


def test_answer_is_not_decompressed(client: HttpClient) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nJUNK") as server:
        assert client.request("GET", server.url).body == b"JUNK"
        assert b"Accept-Encoding: identity" in server.requests[0]


def test_bodies_are_encoded_by_kind(client: HttpClient) -> None:
    with serving(OK) as server:
        client.request("POST", server.url, json={"naam": "Zoë"})
        client.request("POST", server.url, data={"a": "1 2", "b": "ü"})
        client.request("POST", server.url, data={"a": "1"}, files={"file": ("foto.png", b"\x89PNG", "image/png")})
        client.request("PUT", server.url, data=b"raw", headers={"content-type": "application/x-own"})

        json_request, form, multipart, raw = server.requests
        assert b"Content-Type: application/json" in json_request
        assert '{"naam":"Zoë"}'.encode() in json_request
        assert form.endswith(b"a=1+2&b=%C3%BC")
        assert b'filename="foto.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in multipart
        assert raw.endswith(b"raw")
        assert raw.lower().count(b"content-type") == 1


def test_url_is_sent_as_it_stands_and_params_are_added(client: HttpClient) -> None:
    with serving(OK) as server:
        client.request("GET", f"{server.url}/a('b')/c?$skiptoken=x%3D%7E&y=+1")
        client.request("GET", f"{server.url}/a?b=1#part", params={"$filter": "id eq '<x@y>'"})

        assert server.requests[0].startswith(b"GET /a('b')/c?$skiptoken=x%3D%7E&y=+1 HTTP/1.1")
        assert server.requests[1].startswith(b"GET /a?b=1&%24filter=id%20eq%20%27%3Cx%40y%3E%27 HTTP/1.1")


def test_headers_are_lower_case_and_repeats_joined(client: HttpClient) -> None:
    with serving(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nX-a: 2\r\n\r\n") as server:
        assert client.request("DELETE", server.url).headers == {"x-a": "1, 2"}


def test_json_that_is_none_raises_value_error(client: HttpClient) -> None:
    with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<p>") as server, pytest.raises(ValueError):
        client.request("GET", server.url).json()


def test_header_injection_is_refused(client: HttpClient) -> None:
    with serving(OK) as server:
        refused = failure(client, server.url, headers={"X": "a\r\nY: b"})

        assert (refused.request_sent, server.requests) == (False, [])


def test_client_keeps_its_deadline_under_gevent() -> None:
    script = """
from gevent import monkey; monkey.patch_all()
import gevent
from app.core.http import HttpClient, HttpFailure
from tests.core.raw_server import Answer, serving
from gevent.server import StreamServer
now = most = 0
def drip(sock, _):
    global now, most
    now += 1; most = max(most, now)
    try:
        sock.recv(65536); sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 9999\\r\\n\\r\\n")
        while True: sock.sendall(b"x"); gevent.sleep(0.02)
    finally: now -= 1
server = StreamServer(("127.0.0.1", 0), drip); server.start()
client = HttpClient(allowed_networks=["127.0.0.0/8"])
def call():
    try: client.request("GET", f"http://127.0.0.1:{server.server_port}/", deadline=1)
    except HttpFailure as error: return error.kind
jobs = [gevent.spawn(call) for _ in range(10)]; gevent.joinall(jobs)
print({job.value for job in jobs}, most > 1)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=False)
    assert run.stdout.strip() == "{'timeout'} True", run.stderr
