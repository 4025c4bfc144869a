"""An address that somebody else wrote leads to nobody inside our walls, whichever way it is gone and however it is spelled.

A listener on 127.0.0.1 is what must not be reached; a server on 127.0.0.2, which is allowed, plays the world outside. That each
way does reach the listener when it may is tested first: what follows would mean nothing otherwise.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.contract.base import ProviderError
from app.core.guarded_connect import system_resolver
from app.core.http import UNNAMED
from app.core.runtime import runtime
from app.providers.fetch_link import fetch_linked
from app.providers.smtp import KEY as EMAIL_SMTP
from tests.core.foreign_ways import (
    BY_HTTP,
    BY_MAIL,
    GIVEN_BY_PROVIDERS,
    Traveller,
    Way,
    account,
    file_of_a_form,
    media_of_twilio,
    sign_in_at_microsoft,
)
from tests.core.raw_server import RawServer, serving

WAYS = (*BY_HTTP, *BY_MAIL)
INSIDE, OUTSIDE = "127.0.0.1", "127.0.0.2"
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
each_way_by_http = pytest.mark.parametrize("way", BY_HTTP, ids=lambda way: way.__name__)


def answer(status: str = "200 OK", body: bytes = b"{}", **headers: str) -> bytes:
    told = {"Content-Length": str(len(body)), "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + body


@dataclass
class Place:
    """The listener inside, and the world, both on one port. `reply` is what the world says, but to those who sign in."""

    listener: RawServer
    world: RawServer
    reply: bytes

    @property
    def port(self) -> int:
        return self.listener.port


def names(host: str, port: int) -> Sequence[str]:
    """ "inside.example" leads inside, "outside.example" out; numbers are read as the system reads them."""
    known = {"inside.example": INSIDE, "outside.example": OUTSIDE}
    return (known[host],) if host in known else system_resolver(host, port)


def sign_in_answer(request: bytes, base: str) -> bytes | None:
    base = base.replace("http://", "https://")  # as msal will have it; our client turns it back
    if b"openid-configuration" in request:
        places = {f"{name}_endpoint": f"{base}/{name}" for name in ("authorization", "token", "device_authorization")}
        return answer(body=json.dumps({**places, "issuer": f"{base}/t"}).encode())
    if request.startswith(b"POST /token"):
        return answer(body=json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}).encode())
    return None


@pytest.fixture
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    is_mail = "way" in request.fixturenames and request.getfixturevalue("way") in BY_MAIL
    with serving(answer()) as listener:

        def speak(connection: socket.socket, request: bytes) -> None:
            connection.sendall(sign_in_answer(request, made.world.url) or made.reply)

        with serving(speak, address=(OUTSIDE, listener.port)) as world:
            made = Place(listener, world, answer())
            listener.hangs_up = world.hangs_up = is_mail  # who waits for a greeting waits long
            yield made


@pytest.fixture
def traveller(app_context: Flask, client: FlaskClient, db_session: Session, place: Place) -> Traveller:
    return Traveller(app_context, client, db_session, (f"{OUTSIDE}/32",), names, place.world.url)


@each_way
def test_the_listener_is_reached_where_it_may_be(traveller: Traveller, place: Place, way: Way) -> None:
    way(replace(traveller, allowed=("127.0.0.0/8",)), f"http://inside.example:{place.port}/x")
    assert place.listener.connections > 0


def test_networks_opened_to_providers_are_open_to_nothing_that_anybody_may_have_written(
    app_context: Flask, client: FlaskClient, settings: Settings, place: Place
) -> None:
    assert settings.outbound_allow == ("127.0.0.0/8",)
    url = f"http://{INSIDE}:{place.port}/x"
    link = URLSafeTimedSerializer(str(app_context.secret_key), salt="remote-image").dumps(url)
    assert client.get(f"/remote-image/{link}").status_code == 404
    with pytest.raises(ProviderError):
        fetch_linked(runtime().foreign_http, url, filename="a.png", called=UNNAMED, allows_http=True)
    assert place.listener.connections == 0
    assert runtime().http.request("GET", url).status == 200


def test_networks_opened_to_providers_are_not_open_to_mail_servers(app_context: Flask, settings: Settings, place: Place) -> None:
    place.listener.hangs_up = True
    named = account(smtp_host=INSIDE, smtp_port=str(place.port), smtp_security="none")
    closed = create_app(replace(settings, outbound_allow_mail=()))
    with closed.app_context():
        runtime().adapters.checkers[EMAIL_SMTP].check(account=named)
    assert place.listener.connections == 0
    runtime().adapters.checkers[EMAIL_SMTP].check(account=named)
    assert place.listener.connections > 0


SPELLED = {
    "plain": "http://127.0.0.1:{port}/x",
    "decimal": "http://2130706433:{port}/x",
    "octal": "http://0177.0.0.1:{port}/x",
    "hexadecimal": "http://0x7f000001:{port}/x",
    "mixed and short": "http://0x7f.1:{port}/x",
    "zero": "http://0:{port}/x",
    "mapped": "http://[::ffff:7f00:1]:{port}/x",
    "last of the network": "http://127.255.255.255:{port}/x",
    "localhost with a dot": "http://localhost.:{port}/x",
    "a name": "http://inside.example:{port}/x",
    "circled figures": "http://①②⑦.0.0.1:{port}/x",
    "wide figures and dots": "http://127。0。0。1:{port}/x",
    "somebody before an at": "http://outside.example@127.0.0.1:{port}/x",
    "an address before an at": "http://127.0.0.1:{port}@127.0.0.1:{port}/x",
    "backslash": "http://127.0.0.1:{port}\\@outside.example:{port}/x",
    "a long name": "http://" + "a." * 400 + "example:{port}/x",
    "a long label": "http://" + "a" * 300 + ".example:{port}/x",
}


@each_way
@pytest.mark.parametrize("spelled", SPELLED.values(), ids=SPELLED)
def test_no_spelling_of_an_inner_address_reaches_it(traveller: Traveller, place: Place, way: Way, spelled: str) -> None:
    way(traveller, spelled.format(port=place.port))
    assert place.listener.connections == 0


@each_way
def test_a_name_that_is_public_first_and_inside_later_is_judged_again(traveller: Traveller, place: Place, way: Way) -> None:
    """Each line is judged by the address it goes to: as often as the name is asked, only the first answer is a good one."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        if host != "rebinding.example":
            return names(host, port)
        asked.append(host)
        return (OUTSIDE,) if len(asked) == 1 else (INSIDE,)

    turned = replace(traveller, resolve=rebinding)
    for _ in range(3):
        way(turned, f"http://rebinding.example:{place.port}/x")

    assert len(asked) > 1
    assert (place.world.connections > 0, place.listener.connections) == (True, 0)


@each_way
def test_a_name_with_a_good_and_an_inner_address_is_not_called_at_all(traveller: Traveller, place: Place, way: Way) -> None:
    both = replace(traveller, resolve=lambda host, port: (OUTSIDE, INSIDE))
    way(both, f"http://both.example:{place.port}/x")
    assert (place.world.connections, place.listener.connections) == (0, 0)


@each_way
def test_a_slow_resolver_changes_nothing(traveller: Traveller, place: Place, way: Way) -> None:
    slow = threading.Event()
    late = replace(traveller, resolve=lambda host, port: (slow.wait(0.02), (INSIDE,))[1])
    way(late, f"http://slow.example:{place.port}/x")
    assert place.listener.connections == 0


@each_way_by_http
@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 X"])
def test_a_redirect_leads_nobody_inside(traveller: Traveller, place: Place, way: Way, status: str) -> None:
    place.reply = answer(status, Location=f"http://inside.example:{place.port}/x")
    way(traveller, f"http://outside.example:{place.port}/x")
    assert (place.world.connections > 0, place.listener.connections) == (True, 0)


def test_the_one_redirect_that_is_followed_is_followed_without_our_sign_in(traveller: Traveller, place: Place) -> None:
    place.reply = answer("307 Temporary Redirect", Location=f"http://outside.example:{place.port}/elsewhere")
    media_of_twilio(traveller, f"http://outside.example:{place.port}/x")
    first, second = place.world.requests
    assert (b"Authorization: Basic" in first, b"Authorization" in second) == (True, False)


def test_a_file_of_a_form_may_be_led_on_once_and_needs_tls(traveller: Traveller, place: Place) -> None:
    place.reply = answer("302 Found", Location=f"http://outside.example:{place.port}/elsewhere")
    file_of_a_form(traveller, f"http://outside.example:{place.port}/x")
    assert [request.split(b" ")[1] for request in place.world.requests] == [b"/x", b"/elsewhere"]
    with pytest.raises(ProviderError):
        fetch_linked(traveller.http(), f"http://outside.example:{place.port}/x", filename="a", called=UNNAMED)
    assert len(place.world.requests) == 2


@pytest.mark.parametrize("way", GIVEN_BY_PROVIDERS, ids=lambda way: way.__name__)
def test_a_provider_sends_us_to_nobody_else(traveller: Traveller, place: Place, way: Way) -> None:
    """Not even to a host that may be called: our token would go with us."""
    at_home = replace(traveller, provider=f"http://outside.example:{place.port}", allowed=("127.0.0.0/8",))
    for host in (
        "127.0.0.1:{port}",
        "outside.example@127.0.0.1:{port}",
        "inside.example:{port}",
        "127.0.0.2:{port}",
        "127.0.0.2:1",
    ):
        way(at_home, f"http://{host.format(port=place.port)}/x")
    assert (place.listener.connections, [r for r in place.world.requests if b"GET /x" in r or b"PUT /x" in r]) == (0, [])


def test_a_sign_in_page_that_names_an_inner_place_for_tokens_is_not_believed(traveller: Traveller, place: Place) -> None:
    place.world.url = f"http://inside.example:{place.port}"
    sign_in_at_microsoft(traveller, f"http://outside.example:{place.port}/x")
    assert (place.world.connections > 0, place.listener.connections) == (True, 0)
