"""Adapter and simulator over real HTTP: fetching what a customer sent."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from app.contract.base import ProviderError
from app.core.http import HttpClient
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from tests.sandbox.simulators.whatsapp_world import JAN, World

PHOTO = b"\xff\xd8\xff a photo of a fuse box"
INFO = r"/v26.0/[0-9]+$"


class Customer:
    def __init__(self, world: World, adapter: WhatsAppAdapter, account: Any) -> None:
        self.world = world
        self.adapter = adapter
        self.account = account

    def sends(self, content: bytes = PHOTO, *, type: str = "image", mime_type: str = "image/jpeg") -> Any:
        media = {"content_base64": base64.b64encode(content).decode(), "mime_type": mime_type, "filename": "x.bin"}
        self.world.emit(kind="message", **{"from": JAN}, type=type, media=media)
        (message,) = self.adapter.parse(self.world.webhook.next().body, account=self.account).messages
        return message.attachments[0]

    def fetched(self, attachment: Any, *, account: Any = None) -> Any:
        return self.adapter.fetch_media(
            media_id=attachment.provider_media_id, url=attachment.provider_url, account=account or self.account
        )

    def failing(self, attachment: Any) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            self.fetched(attachment)
        assert not caught.value.outcome_unknown
        return caught.value


@pytest.fixture
def customer(world, adapter, account) -> Customer:
    return Customer(world, adapter, account)


def test_file_arrives_whole_with_its_type(customer):
    media = customer.fetched(customer.sends())
    assert (media.content, media.content_type) == (PHOTO, "image/jpeg")


def test_type_keeps_its_parameters(customer):
    media = customer.fetched(customer.sends(type="audio", mime_type="audio/ogg; codecs=opus"))
    assert media.content_type == "audio/ogg; codecs=opus"


@pytest.mark.parametrize("form", ["hex", "base64"])
def test_checksum_is_understood_in_both_forms(customer, world, form):
    world.configure(media_sha256=form)
    assert customer.fetched(customer.sends()).content == PHOTO


def test_damaged_file_is_fetched_again_later(customer, world):
    world.fault(path="/lookaside/", body="something else", status=200)
    file = customer.sends()
    error = customer.failing(file)
    assert (error.permanent, error.reason.code) == (False, "media_checksum")
    assert customer.fetched(file).content == PHOTO


def test_expired_address_is_asked_for_again(customer, world):
    world.fault(path="/lookaside/", status=404, body="Not Found")
    assert customer.fetched(customer.sends()).content == PHOTO


def test_address_that_never_works_is_tried_later(customer, world):
    world.configure(media_url_clock_seconds=-1)
    error = customer.failing(customer.sends())
    assert (error.permanent, error.reason.code) == (False, "media_expired")


def test_file_is_gone_after_seven_days(customer, world):
    file = customer.sends()
    world.control("clock", advance_seconds=7 * 24 * 3600 + 1)
    error = customer.failing(file)
    assert (error.permanent, error.reason.code) == (True, "100")


def test_file_announced_as_too_large_is_refused(customer, world):
    file = customer.sends()
    world.fault(path=INFO, body={"url": f"{world.url}/lookaside/x", "mime_type": "image/jpeg", "file_size": 5_242_881})
    error = customer.failing(file)
    assert (error.permanent, error.reason.code) == (True, "media_too_large")


def test_file_larger_than_announced_is_refused(customer, world):
    file = customer.sends()
    world.fault(path="/lookaside/", status=200, body="x" * 5_242_881)
    assert customer.failing(file).reason.code == "media_too_large"


@pytest.mark.parametrize(
    "url",
    [
        "http://lookaside.fbsbx.com/x",
        "https://lookaside.fbsbx.com.evil.example/x",
        "https://evil.example/?lookaside.fbsbx.com",
        "http://127.0.0.1:9/x",
        "file:///etc/passwd",
        "//x",
        "https://[",
    ],
)
def test_token_goes_to_no_other_host(customer, world, url):
    file = customer.sends()
    world.fault(path=INFO, body={"url": url, "mime_type": "image/jpeg"})
    error = customer.failing(file)
    assert (error.permanent, error.reason.code) == (True, "media_host")


def test_token_goes_to_a_file_host_of_the_settings(world, account):
    adapter = WhatsAppAdapter(HttpClient(allowed_networks=("127.0.0.0/8",)), world.url, media_hosts=("127.0.0.1",))
    customer = Customer(world, adapter, account)
    file = customer.sends()
    world.fault(path=INFO, body={"url": "https://127.0.0.1:443/x", "mime_type": "image/jpeg"})
    assert customer.failing(file).reason.code.startswith("network_")


@pytest.mark.parametrize("path", [INFO, "/lookaside/"])
@pytest.mark.parametrize(
    "fault", [{"drop_connection": True}, {"status": 500}, {"truncate": 4}, {"status": 200, "body": ""}], ids=str
)
def test_broken_line_is_tried_later(customer, world, path, fault):
    file = customer.sends()
    world.fault(path=path, **fault)
    assert not customer.failing(file).permanent


def test_expired_token_takes_the_channel_down(customer, world):
    file = customer.sends()
    world.configure(token_is_expired=True)
    assert customer.failing(file).channel_down
