"""Sends whose end nobody saw, refusals that are final, sign-in and throttling."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest

from app.contract.base import DeliveryStatus, Found, ProviderError
from tests.providers.graph.support import Crash, House, World, attachment, outgoing, person


def lost_answer(world: World) -> House:
    """A send that was carried out while its answer was lost."""
    house = world.sender(outgoing())
    world.simulator.fault("POST", "/send$", drop_connection=True, when="after")
    with pytest.raises(ProviderError) as failed:
        house.attempt()
    assert failed.value.outcome_unknown
    return house


def look(world: World, house: House) -> Found:
    return world.mail.lookup(house.message, account=world.account, progress=house.progress).found


def test_sent_mail_is_found_and_not_sent_again(world: World) -> None:
    house = lost_answer(world)

    assert look(world, house) == Found.SENT
    result = house.attempt()
    assert result.status == DeliveryStatus.SENT
    assert len(world.simulator.ledger()) == 1


def test_outcome_stays_open_until_the_sent_copy_appears(world: World) -> None:
    world.simulator.config(send_delay_s=60)
    house = lost_answer(world)

    assert look(world, house) == Found.UNKNOWN
    with pytest.raises(ProviderError) as failed:
        house.attempt()
    assert failed.value.outcome_unknown
    world.advance(61)
    assert look(world, house) == Found.SENT
    assert len(world.simulator.ledger()) == 1


def test_mail_that_is_nowhere_after_its_send_is_never_sent_again(world: World) -> None:
    house = lost_answer(world)
    order = {"mailbox": world.account.address, "id": house.progress["draft_id"]}
    world.simulator.control("POST", "remove", order)
    world.advance(86_400)
    world.simulator.control("POST", "expire-tokens")

    assert look(world, house) == Found.UNKNOWN
    with pytest.raises(ProviderError) as failed:
        house.attempt()
    assert failed.value.outcome_unknown
    assert len(world.simulator.ledger()) == 1


def test_draft_still_there_is_waited_for_and_then_sent(world: World) -> None:
    house = world.sender(outgoing())
    world.simulator.fault("POST", "/send$", drop_connection=True, when="before")
    with pytest.raises(ProviderError):
        house.attempt()

    assert look(world, house) == Found.UNKNOWN
    with pytest.raises(ProviderError, match="send_unconfirmed"):
        house.attempt()
    world.advance(31)
    assert look(world, house) == Found.NOT_SENT
    assert house.attempt().status == DeliveryStatus.ACCEPTED
    assert len(world.simulator.ledger()) == 1


def test_request_that_was_never_made_needs_no_question(world: World) -> None:
    house = world.sender(outgoing())
    house.crash_at_save, house.crash_before_saving = 3, True
    with pytest.raises(Crash):
        house.attempt()
    before = len(world.simulator.calls())

    assert look(world, house) == Found.NOT_SENT
    assert len(world.simulator.calls()) == before


def test_draft_deleted_by_a_colleague_is_made_again(world: World) -> None:
    house = world.sender(outgoing())
    house.crash_at_save, house.crash_before_saving = 3, True
    with pytest.raises(Crash):
        house.attempt()
    world.simulator.control("POST", "remove", {"mailbox": world.account.address, "id": house.progress["draft_id"]})
    house.until_sent()

    assert len(world.simulator.ledger()) == 1


def test_draft_whose_id_was_never_learned_is_used_and_not_doubled(world: World) -> None:
    house = world.sender(outgoing(attachments=(attachment("a.pdf", b"1"),)))
    house.crash_at_save, house.crash_before_saving = 2, True
    with pytest.raises(Crash):
        house.attempt()
    house.until_sent()

    assert len(world.simulator.calls("POST", "/messages")) == len(world.simulator.calls("POST", "/messages/")) + 1
    assert len(world.simulator.ledger()) == 1


def test_search_that_is_not_supported_falls_back_to_the_message_id(world: World) -> None:
    house = world.sender(outgoing())
    house.crash_at_save, house.crash_before_saving = 2, True
    with pytest.raises(Crash):
        house.attempt()
    world.simulator.fault("GET", r"/messages$", status=400, body={"error": {"code": "ErrorInvalidUrlQueryFilter"}})
    house.until_sent()

    assert len([call for call in world.simulator.calls("POST") if call["path"].endswith("/messages")]) == 1


def test_replaced_message_id_is_read_back_from_the_sent_copy(world: World) -> None:
    world.simulator.config(replace_message_id=True)
    world.sender(outgoing()).attempt()
    item = world.poll_all()[0]

    assert item.meta["our_reference"] == outgoing().reference
    assert item.meta["internet_message_id"] == world.simulator.ledger()[0]["message_id"] != outgoing().message_id_header


def test_many_deliveries_with_every_send_lost_go_out_once_each(world: World) -> None:
    world.simulator.fault("POST", "/send$", drop_connection=True, when="after", times=10)
    for number in range(10):
        world.sender(outgoing(f"019aa000-0000-7000-8000-00000000{number:04}")).until_sent()

    references = [line["reference"] for line in world.simulator.ledger()]
    assert len(references) == len(set(references)) == 10


@pytest.mark.parametrize(
    ("code", "status", "title"),
    [
        ("ErrorInvalidRecipients", 400, "A recipient's address is invalid"),
        ("ErrorSendAsDenied", 403, "This mailbox is not allowed to send from that address"),
        ("ErrorMessageSizeExceeded", 413, "The email is too large to send from this mailbox"),
        ("SomethingNew", 400, "The provider refused the request"),
    ],
)
def test_final_refusal_is_told_in_plain_words(world: World, code: str, status: int, title: str) -> None:
    house = world.sender(outgoing())
    world.simulator.fault("POST", "/send$", status=status, body={"error": {"code": code, "message": "Their words."}})
    with pytest.raises(ProviderError) as refused:
        house.attempt()

    error = refused.value
    assert (error.permanent, error.outcome_unknown, error.status_code) == (True, False, status)
    assert (error.reason.code, error.reason.title, error.reason.detail) == (code, title, "Their words.")
    assert look(world, house) == Found.NOT_SENT


def test_recipient_graph_refuses_is_a_final_refusal(world: World) -> None:
    with pytest.raises(ProviderError) as refused:
        world.sender(outgoing(to=(person("geen adres"),))).attempt()

    assert refused.value.permanent
    assert refused.value.reason.code == "ErrorInvalidRecipients"


@pytest.mark.parametrize(("header", "seconds"), [("17", 17.0), ("999999", 3600.0), ("soon", None), ("", None)])
def test_throttling_says_how_long_to_wait(world: World, header: str, seconds: float | None) -> None:
    headers = {"Retry-After": header} if header else {}
    world.simulator.fault("POST", r"/messages$", status=429, headers=headers, body={"error": {"code": "ApplicationThrottled"}})
    with pytest.raises(ProviderError) as refused:
        world.sender(outgoing()).attempt()

    assert (refused.value.permanent, refused.value.retry_after_seconds) == (False, seconds)


def test_no_more_than_three_calls_at_a_time_reach_a_mailbox(world: World) -> None:
    world.simulator.config(latency_s=0.05)
    failures: list[BaseException] = []

    def deliver(number: int) -> None:
        try:
            world.sender(outgoing(f"019aa000-0000-7000-8000-00000000{number:04}")).attempt()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=deliver, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(world.simulator.ledger()) == 8
    assert not any(call["status"] == 429 for call in world.simulator.calls())


def test_token_is_asked_for_once_and_again_when_it_expires(world: World) -> None:
    world.poll_all()
    world.poll_all()
    assert len(world.simulator.calls("POST", "/token")) == 1

    world.simulator.control("POST", "clock", {"advance_seconds": 4000})
    world.poll_all()
    assert len(world.simulator.calls("POST", "/token")) == 2


def test_token_refused_twice_is_an_alarm(world: World) -> None:
    world.simulator.fault("GET", "/mailFolders/", status=401, body={"error": {"code": "InvalidAuthenticationToken"}}, times=2)
    with pytest.raises(ProviderError) as refused:
        world.poll()

    assert refused.value.channel_down
    assert len(world.simulator.calls("POST", "/token")) == 2


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"secret_has_expired": True}, "AADSTS7000222"),
        ({"client_secret": "another"}, "AADSTS7000215"),
        ({"client_id": "another"}, "AADSTS700016"),
        ({"tenant_id": "another"}, "AADSTS90002"),
        ({"roles": ["Mail.Send"]}, "ErrorAccessDenied"),
        ({"allowed_mailboxes": ["info@chargecars.example"]}, "ErrorAccessDenied"),
        ({"mailboxes": ["info@chargecars.example"]}, "ErrorInvalidUser"),
    ],
    ids=str,
)
def test_wrong_credentials_and_grants_are_told_with_what_to_do(world: World, settings: dict[str, Any], code: str) -> None:
    world.simulator.config(**settings)
    with pytest.raises(ProviderError) as refused:
        world.poll()

    error = refused.value
    assert (error.reason.code, error.channel_down, error.permanent) == (code, True, False)
    assert error.reason.advice
    health = world.mail.check(account=world.account)
    assert not health.ok
    assert code in health.detail


def test_channel_works_at_once_after_the_secret_was_put_right(world: World) -> None:
    world.simulator.config(secret_has_expired=True)
    assert not world.mail.check(account=world.account).ok
    world.simulator.config(secret_has_expired=False)

    assert world.mail.check(account=world.account).ok


def test_new_secret_is_used_at_once(world: World) -> None:
    world.simulator.config(client_secret="rotated")
    assert not world.mail.check(account=world.account).ok
    rotated = replace(world.account, secrets={"client_secret": "rotated"})

    assert world.mail.check(account=rotated).ok


@pytest.mark.parametrize("missing", ["tenant_id", "client_id", "client_secret"])
def test_channel_without_credentials_says_what_is_missing(world: World, missing: str) -> None:
    settings = {name: value for name, value in world.account.settings.items() if name != missing}
    secrets = {name: value for name, value in world.account.secrets.items() if name != missing}
    health = world.mail.check(account=replace(world.account, settings=settings, secrets=secrets))

    assert not health.ok
    assert "not_configured" in health.detail


def test_working_channel_is_told_what_was_checked(world: World) -> None:
    world.simulator.deliver()
    health = world.mail.check(account=world.account)

    assert (health.ok, health.checked) == (True, ("sign-in", "mailbox"))
    assert health.detail == "Messages in the inbox: 1"


@pytest.mark.parametrize("path", [r"openid-configuration$", r"/token$"])
@pytest.mark.parametrize(
    "fault",
    [
        {"drop_connection": True},
        {"status": 500, "body": "<html>"},
        {"status": 200, "body": "<html>"},
        {"status": 200, "body": {}},
        {"truncate": 9},
    ],
    ids=str,
)
def test_trouble_at_sign_in_passes(world: World, path: str, fault: dict[str, Any]) -> None:
    world.simulator.deliver(subject="vraag")
    world.simulator.fault("", path, **fault)
    with pytest.raises(ProviderError) as refused:
        world.poll()

    assert not refused.value.permanent
    assert len(world.poll_all()) == 1


def test_secret_stays_out_of_every_error(world: World) -> None:
    world.simulator.config(client_secret="another")
    with pytest.raises(ProviderError) as refused:
        world.poll()

    assert world.account.secrets["client_secret"] not in f"{refused.value!r} {vars(refused.value)} {world.account!r}"
