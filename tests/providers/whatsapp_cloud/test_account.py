"""The health of an account, and the window."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from app.contract.base import Sender, WebhookReceiver
from app.contract.fetching import MediaSource
from app.providers.whatsapp_cloud.adapter import WhatsAppAdapter
from app.providers.whatsapp_cloud.window import window_closes_at


def test_adapter_is_a_sender_a_receiver_and_a_source_of_files(offline_adapter):
    sender: Sender = offline_adapter
    receiver: WebhookReceiver = offline_adapter
    source: MediaSource = offline_adapter
    assert sender is receiver is source
    assert isinstance(offline_adapter, WhatsAppAdapter)


def test_healthy_account_says_who_it_is(adapter, account):
    health = adapter.check(account=account)
    assert health.ok
    assert health.detail == "Connected as 31201234567 (ChargeCars) · quality GREEN"
    assert health.checked == ("access token", "phone number", "webhook subscription")


def test_expired_token_is_told_with_what_to_do(adapter, account, world):
    world.configure(token_is_expired=True)
    health = adapter.check(account=account)
    assert not health.ok
    assert "expired" in health.detail
    assert "renew" in health.detail


def test_wrong_number_is_told(adapter, account):
    health = adapter.check(account=replace(account, address="1"))
    assert not health.ok
    assert "'1' does not exist" in health.detail


def test_app_that_is_not_subscribed_is_told(adapter, account, world):
    world.configure(subscribed=False)
    assert "subscribe" in adapter.check(account=account).detail


def test_provider_that_does_not_answer_is_told(adapter, account, world):
    world.fault(path="", drop_connection=True)
    assert "could not be reached" in adapter.check(account=account).detail


def test_window_closes_two_minutes_before_a_day_has_passed():
    written_at = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
    assert window_closes_at(written_at) == datetime(2026, 11, 21, 9, 58, tzinfo=UTC)
