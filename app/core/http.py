"""The only HTTP client, `HttpClient`: every request that this application makes goes through it.

Guarantees: the name is resolved once, every address of it is checked, and the connection goes to a checked address (a pooled
connection stays on its address). No redirects, proxies, netrc or cookies. The body is read raw and up to a limit. The whole
request, with name, headers and body, ends by its deadline, even if the other side answers slowly. Works in threads and under
gevent. `HttpFailure.request_sent` says whether the other side may have acted.
"""

from __future__ import annotations

import http.client
import io
import json as jsonlib
import re
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import urllib3
from urllib3 import exceptions
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.filepost import encode_multipart_formdata

from app.core.addresses import AddressGuard
from app.core.guarded_connect import Deadline, Resolver, TimedReader, UnableToDial, dial, system_resolver, tls_context
from app.core.metering import Endpoint, Meter
from app.core.text import mark as N_

FailureKind = Literal["bad_url", "refused_address", "dns", "connect", "tls", "timeout", "reset", "too_large", "bad_response"]
FAILURES: Mapping[str, str] = {
    "bad_url": N_("invalid address"),
    "refused_address": N_("address not allowed"),
    "dns": N_("unknown host name"),
    "connect": N_("no connection"),
    "tls": N_("no secure connection: invalid certificate"),
    "timeout": N_("request timed out"),
    "reset": N_("connection reset"),
    "too_large": N_("response too large"),
    "bad_response": N_("invalid HTTP response"),
}
Files = Mapping[str, tuple[str, bytes, str]]
HTTP_PORTS = (80, 443)
UNNAMED = Endpoint("other", "{id}")
_SEND_PIECE_BYTES = 65_536


class HttpFailure(Exception):
    """Raised when a request got no usable answer. `request_sent` is True if bytes may have reached the server. Then the outcome
    of a POST is unknown.

    `status` is the status of the answer if its headers arrived and only the body failed, else None. The message has no text
    of the resolver or socket.
    """

    def __init__(self, kind: FailureKind, *, request_sent: bool, status: int | None = None) -> None:
        super().__init__(f"{kind} ({'after' if request_sent else 'before'} the request was sent)")
        self.kind = kind
        self.request_sent = request_sent
        self.status = status


class CalledInTransaction(RuntimeError):
    """Raised for a bug in our code: a call inside a database transaction. It would keep rows and a connection locked until the
    other side answers."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer with any status, redirects included. `headers` has names in lower case; repeated headers are joined with ", "."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError when it is not JSON."""
        try:
            return jsonlib.loads(self.body)
        except RecursionError as error:
            raise ValueError("JSON nested too deeply") from error


@dataclass
class Trace:
    """The network details of one request, for logs. If the request fails, the details of later steps keep their defaults.

    `address` is the numeric address to which the request went, or "". `connect_ms` is the time to resolve the name and
    connect; None if a pooled connection was used. `headers` are the sent ones, including ours.
    """

    address: str = ""
    connect_ms: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class HttpClient:
    """Makes HTTP requests. Thread-safe; make one for each process and purpose. Connections stay open and are reused for the
    same host.

    `allowed_networks` are CIDR networks that may be called although they are not public, such as "127.0.0.0/8" for the
    simulators. `allowed_places` are single addresses with port for the same purpose. `ports` are the allowed ports of public
    addresses. `meter` counts the calls. `in_transaction` returns whether the caller has a database transaction open, which
    must not wait for a call.
    """

    def __init__(
        self,
        *,
        allowed_networks: Sequence[str] = (),
        allowed_places: Collection[str] = (),
        ports: Collection[int] = HTTP_PORTS,
        user_agent: str = "Switchyard/1",
        resolve: Resolver = system_resolver,
        meter: Meter | None = None,
        in_transaction: Callable[[], bool] = lambda: False,
    ) -> None:
        self._user_agent = user_agent
        self._meter = meter
        self._in_transaction = in_transaction
        self._pools = urllib3.PoolManager(num_pools=32, maxsize=16)
        self._guard, self._resolve = AddressGuard(allowed_networks, ports=ports, places=allowed_places), resolve
        self._pools.pool_classes_by_scheme = _pool_classes(self._guard, resolve)

    def request(
        self,
        method: str,
        url: str,
        *,
        called: Endpoint = UNNAMED,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | Mapping[str, str] | None = None,
        files: Files | None = None,
        connect_timeout: float = 5,
        read_timeout: float = 10,
        deadline: float = 15,
        max_bytes: int = 1_048_576,
        cuts_at_most: bool = False,
        trace: Trace | None = None,
    ) -> HttpResponse:
        """Make one request and return its answer, whatever the status. A redirect is an answer too.

        `called` is the endpoint under which the call is counted. Times are seconds; `deadline` is for the whole request.
        Without `params` the URL is used unchanged. A space in `params` becomes %20, which OData needs and all servers
        accept. `cuts_at_most`: if the body is longer than `max_bytes`, the answer is its beginning instead of a failure.
        Raises `HttpFailure`, and `CalledInTransaction` before anything is sent.
        """
        if self._in_transaction():
            raise CalledInTransaction(f"{called.provider} {method} {called.name}: commit first")
        target = _checked_url(url, params)
        body, content_type = _encoded_body(json=json, data=data, files=files)
        exchange = _Exchange(connect_timeout=connect_timeout, read_timeout=read_timeout, deadline=deadline, trace=trace)
        read = _Reading(max_bytes, cuts_at_most)
        token, began = _EXCHANGE.set(exchange), time.monotonic()
        try:
            return self._perform(method, target, self._headers(headers, content_type), body, exchange, read)
        except HttpFailure:
            raise
        except (exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            raise HttpFailure(_kind_of(error), request_sent=exchange.sent, status=exchange.status) from error
        finally:
            _EXCHANGE.reset(token)
            if self._meter is not None:
                self._meter.note(called, status=exchange.status if exchange.is_whole else None, seconds=time.monotonic() - began)

    def reach(self, url: str, *, deadline: float = 10) -> None:
        """Check that the host of `url` can be reached: connect, and send no request. The rest of the URL may be a secret that
        starts something.

        Raises `HttpFailure` and `CalledInTransaction`.
        """
        if self._in_transaction():
            raise CalledInTransaction("reach: commit first")
        parts, left = urlsplit(_checked_url(url, None)), Deadline(deadline)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        try:
            with dial(host, port, guard=self._guard, patience=lambda: left.patience(5), resolve=self._resolve) as line:
                line.settimeout(left.patience(5))
                if parts.scheme == "https":
                    tls_context().wrap_socket(line, server_hostname=host).close()
        except UnableToDial as error:
            raise HttpFailure(error.kind, request_sent=False) from error
        except OSError as error:
            raise HttpFailure(_kind_of(error), request_sent=False) from error

    def close(self) -> None:
        """Close the idle connections."""
        self._pools.clear()

    def _headers(self, given: Mapping[str, str] | None, content_type: str | None) -> dict[str, str]:
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity"}
        if content_type:
            headers["Content-Type"] = content_type
        replaced = {name.lower() for name in given or {}}
        return {name: value for name, value in headers.items() if name.lower() not in replaced} | dict(given or {})

    def _perform(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, exchange: _Exchange, reading: _Reading
    ) -> HttpResponse:
        exchange.trace.headers = headers
        answer = self._pools.connection_from_url(url).urlopen(
            method,
            _request_target(url),
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            assert_same_host=False,
            timeout=urllib3.Timeout(connect=exchange.connect_timeout, read=exchange.read_timeout),
            preload_content=False,
            decode_content=False,
        )
        exchange.status = answer.status
        try:
            content, is_all = reading.read(answer)
        except BaseException:
            answer.close()
            raise
        if is_all:
            answer.release_conn()
        else:
            answer.close()
        exchange.is_whole = True
        names = {name.lower() for name in answer.headers}
        return HttpResponse(answer.status, {name: answer.headers[name] for name in names}, content)


class _Exchange(Deadline):
    """Deadline and progress of the request the current thread (or greenlet) is making."""

    def __init__(self, *, connect_timeout: float, read_timeout: float, deadline: float, trace: Trace | None) -> None:
        super().__init__(deadline)
        self.trace = trace or Trace()
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.sent = False
        self.status: int | None = None
        self.is_whole = False  # the answer's last byte is there


# A context variable because a pooled connection outlives requests: it must find the clock of the one it is serving now.
_EXCHANGE: ContextVar[_Exchange] = ContextVar("http_exchange")


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(TimedReader(sock, self.fp.detach(), _patience_of_now))


def _patience_of_now() -> float:
    exchange = _EXCHANGE.get()
    return exchange.patience(exchange.read_timeout)


def _pool_classes(guard: AddressGuard, resolve: Resolver) -> dict[str, type[HTTPConnectionPool]]:
    """Return urllib3 pool classes by scheme. Their connections resolve the name once, check the addresses and connect to a
    checked one; TLS checks the certificate for the host's name."""

    class Guarded(HTTPConnection):
        response_class = _TimedResponse

        def _new_conn(self) -> socket.socket:
            return _connect(self._dns_host, self.port, guard, resolve)

        def send(self, data: Any) -> None:
            _send_in_pieces(self, data, super().send)

    class Plain(Guarded):
        pass

    class Secure(Guarded, HTTPSConnection):
        pass

    # For the first request that needs it, not for every client.
    kept_context = cache(tls_context)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, ssl_context=kept_context(), **options)

    return {"http": PlainPool, "https": SecurePool}


def _send_in_pieces(connection: HTTPConnection, data: Any, send: Callable[[Any], None]) -> None:
    """Send `data` within the deadline. Before the first piece, note in the exchange that the server may act from now on."""
    exchange = _EXCHANGE.get()
    if connection.sock is None:
        connection.connect()
    exchange.trace.address = str(connection.sock.getpeername()[0])
    view = memoryview(data)
    for start in range(0, len(view), _SEND_PIECE_BYTES):
        connection.sock.settimeout(exchange.patience(exchange.read_timeout))
        exchange.sent = True
        send(view[start : start + _SEND_PIECE_BYTES])


def _connect(host: str, port: int, guard: AddressGuard, resolve: Resolver) -> socket.socket:
    exchange, began = _EXCHANGE.get(), time.monotonic()
    try:
        return dial(host, port, guard=guard, patience=lambda: exchange.patience(exchange.connect_timeout), resolve=resolve)
    except UnableToDial as error:
        raise HttpFailure(error.kind, request_sent=False) from error
    finally:
        exchange.trace.connect_ms = round((time.monotonic() - began) * 1000)


def _checked_url(url: str, params: Mapping[str, str] | None) -> str:
    """Return the URL with `params` added.

    Raises `HttpFailure` if the URL is not http(s) with a host, or has credentials, spaces, control characters or
    backslashes.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        usable = False
    if not usable or re.search(r"[\x00-\x20\x7f\\]", url):
        raise HttpFailure("bad_url", request_sent=False)
    if not params:
        return url
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, urlencode(params, quote_via=quote))))))


def _request_target(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def _encoded_body(*, json: Any, data: bytes | Mapping[str, str] | None, files: Files | None) -> tuple[bytes | None, str | None]:
    if files is not None:
        return encode_multipart_formdata([*(data.items() if isinstance(data, Mapping) else ()), *files.items()])
    if json is not None:
        return jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if isinstance(data, Mapping):
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    return data, None


@dataclass(frozen=True)
class _Reading:
    max_bytes: int
    cuts: bool

    def read(self, answer: urllib3.BaseHTTPResponse) -> tuple[bytes, bool]:
        """Return the body, and whether it is complete. Raises `HttpFailure` if it is longer than `max_bytes` and must not be
        cut."""
        pieces: list[bytes] = []
        size = 0
        while piece := answer.read1(_SEND_PIECE_BYTES, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > self.max_bytes and not self.cuts:
                raise HttpFailure("too_large", request_sent=True, status=answer.status)
            if size > self.max_bytes:
                return b"".join(pieces)[: self.max_bytes], False
        return b"".join(pieces), True


def _kind_of(error: Exception) -> FailureKind:
    causes = [error, *(arg for arg in error.args if isinstance(arg, Exception)), error.__cause__]
    if any(isinstance(cause, exceptions.TimeoutError | TimeoutError) for cause in causes):
        return "timeout"
    if any(isinstance(cause, exceptions.SSLError | ssl.SSLError) for cause in causes):
        return "tls"
    if isinstance(error, exceptions.LocationParseError | exceptions.LocationValueError | UnicodeError):
        return "bad_url"
    if any(isinstance(cause, http.client.BadStatusLine | ConnectionError | exceptions.IncompleteRead) for cause in causes):
        return "bad_response" if _is_garbage(causes) else "reset"
    return "bad_response"


def _is_garbage(causes: Sequence[BaseException | None]) -> bool:
    """Return whether the server sent a status line that is not HTTP. `RemoteDisconnected`, a subclass, does not count: there
    was no line."""
    return any(type(cause) is http.client.BadStatusLine for cause in causes)
