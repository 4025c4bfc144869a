"""Reading a mailbox by delta: every mail once it is there, none twice, none lost, whatever the provider does."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest

from app.contract.base import ProviderError, RemovedItem
from tests.providers.graph.support import Crash, World, outgoing


def subjects(items: Any) -> list[str]:
    return sorted(str(message_from_bytes(item.raw)["Subject"]) for item in items)


def fetches(world: World) -> int:
    return len(world.simulator.calls("GET", "/$value"))


def test_first_round_brings_what_is_there_and_later_ones_what_is_new(world: World) -> None:
    for number in range(3):
        world.simulator.deliver(subject=f"oud {number}")
    assert subjects(world.poll_all()) == ["oud 0", "oud 1", "oud 2"]

    world.simulator.deliver(subject="nieuw")
    assert subjects(world.poll_all()) == ["nieuw"]
    assert world.poll_all() == []


def test_item_is_the_mail_byte_for_byte_with_what_graph_knows_of_it(world: World) -> None:
    raw = "From: jan@example.nl\r\nTo: service@chargecars.example\r\nMessage-ID: <a@example.nl>\r\nX-Odd:  spaced \r\n\r\nDag\r\n"
    delivered = world.simulator.deliver(mime=raw, conversation_id="AAQkConv=")[0]
    item = world.poll_all()[0]

    assert item.raw == raw.encode()
    assert item.key == item.meta["graph_id"] == delivered["graph_id"]
    assert item.meta["internet_message_id"] == "a@example.nl"
    assert (item.meta["conversation_id"], item.meta["folder"], item.meta["is_read"]) == ("AAQkConv=", "inbox", False)
    assert set(item.meta) == {
        "graph_id", "conversation_id", "internet_message_id", "folder", "change_key", "is_read", "parent", "received_at",
    }  # fmt: skip


def test_our_own_mail_is_found_in_sent_items_with_our_reference(world: World) -> None:
    message = outgoing()
    result = world.sender(message).attempt()
    item = world.poll_all()[0]

    assert (item.meta["folder"], item.meta["our_reference"]) == ("sentitems", message.reference)
    assert item.key == result.provider_message_id


def test_our_reference_is_found_when_the_sent_copy_hides_its_headers(world: World) -> None:
    message = outgoing()
    world.sender(message).attempt()
    world.simulator.fault("GET", r"/\$value$", status=200, body="Subject: kopie\r\n\r\nzonder koppen")

    assert world.poll_all()[0].meta["our_reference"] == message.reference


def test_mail_a_colleague_sends_from_outlook_has_no_reference_of_ours(world: World) -> None:
    world.simulator.deliver(folder="sentitems", subject="uit Outlook")
    item = world.poll_all()[0]

    assert "our_reference" not in item.meta


def test_draft_is_left_alone(world: World) -> None:
    house = world.sender(outgoing())
    house.crash_at_save = 3
    with pytest.raises(Crash):
        house.attempt()
    world.simulator.control(
        "POST", "remove", {"mailbox": world.account.address, "id": house.progress["draft_id"], "move_to": "inbox"}
    )

    assert world.poll_all() == []


def test_mail_from_before_the_start_is_left_alone(world: World) -> None:
    world.simulator.deliver(subject="oud")
    world.advance(3600)
    world.account.settings["sync_from"] = (world.clock.now - timedelta(minutes=1)).isoformat()
    world.simulator.deliver(subject="nieuw")

    assert subjects(world.poll_all()) == ["nieuw"]
    assert fetches(world) == 1


def test_many_pages_come_one_at_a_time(world: World) -> None:
    world.simulator.control(
        "POST", "deliver", {"mailbox": world.account.address, "mails": [{"subject": f"{n:03}"} for n in range(60)]}
    )
    pages = []
    while not pages or pages[-1].more:
        pages.append(world.poll())

    assert [len(page.items) for page in pages] == [25, 25, 10, 0]
    assert subjects(item for page in pages for item in page.items) == [f"{n:03}" for n in range(60)]


def test_empty_page_in_the_middle_does_not_end_the_round(world: World) -> None:
    world.simulator.config(delta_empty_pages=True, max_page_size=2)
    for number in range(5):
        world.simulator.deliver(subject=str(number))

    assert subjects(world.poll_all()) == ["0", "1", "2", "3", "4"]


def test_mail_named_twice_is_fetched_once(world: World) -> None:
    world.simulator.config(delta_duplicates=True, max_page_size=2)
    for number in range(5):
        world.simulator.deliver(subject=str(number))

    assert subjects(world.poll_all()) == ["0", "1", "2", "3", "4"]
    assert fetches(world) == 5


def test_same_mail_delivered_twice_is_two_items(world: World) -> None:
    world.simulator.deliver(message_id="<x@example.nl>", duplicate=1)
    items = world.poll_all()

    assert [item.meta["internet_message_id"] for item in items] == ["x@example.nl", "x@example.nl"]
    assert items[0].key != items[1].key


def test_ids_that_differ_in_case_only_are_two_mails(world: World) -> None:
    first = world.simulator.deliver(subject="een")[0]["graph_id"]
    second = world.simulator.deliver(subject="twee", twin_of=first)[0]["graph_id"]
    assert first.lower() == second.lower()
    world.poll_all()
    world.simulator.deliver(subject="drie")

    assert subjects(world.poll_all()) == ["drie"]
    assert fetches(world) == 3


def test_marking_as_read_fetches_nothing(world: World) -> None:
    delivered = world.simulator.deliver()[0]
    world.poll_all()
    world.simulator.control("POST", "mark", {"mailbox": world.account.address, "id": delivered["graph_id"]})

    assert world.poll_all() == []
    assert fetches(world) == 1


def test_change_to_a_mail_long_forgotten_repeats_it_with_the_same_key(world: World) -> None:
    delivered = world.simulator.deliver()[0]
    first = world.poll_all()[0]
    world.state["known"] = []
    world.simulator.control("POST", "mark", {"mailbox": world.account.address, "id": delivered["graph_id"]})

    again = world.poll_all()[0]
    assert (again.key, again.raw, again.meta["is_read"]) == (first.key, first.raw, True)


@pytest.mark.parametrize(("move_to", "back"), [("archive", False), (None, False), ("archive", True)])
def test_mail_that_left_is_told_and_may_come_back(world: World, move_to: str | None, back: bool) -> None:
    delivered = world.simulator.deliver()[0]
    world.poll_all()
    order = {"mailbox": world.account.address, "id": delivered["graph_id"], "move_to": move_to}
    world.simulator.control("POST", "remove", order)
    page = world.poll()

    world.poll()

    place = "Archief" if move_to else ""
    assert (page.removed, page.items) == ((RemovedItem(delivered["graph_id"], "inbox", not move_to, place),), ())
    if back:
        world.simulator.control("POST", "remove", order | {"move_to": "inbox"})
        assert [item.key for item in world.poll_all()] == [delivered["graph_id"]]


def test_mail_moved_in_from_elsewhere_is_read_under_its_one_id(world: World) -> None:
    delivered = world.simulator.deliver(folder="junkemail", subject="geen spam")[0]
    assert world.poll_all() == []
    world.simulator.control("POST", "remove", {"mailbox": world.account.address, "id": delivered["graph_id"], "move_to": "inbox"})

    assert [item.key for item in world.poll_all()] == [delivered["graph_id"]]


@pytest.mark.parametrize("mode", ["gone", "not_found"])
def test_lost_delta_state_starts_again_and_repeats_nothing(world: World, mode: str) -> None:
    for number in range(30):
        world.simulator.deliver(subject=f"oud {number}")
    world.poll_all()
    world.simulator.deliver(subject="nieuw")
    world.simulator.control("POST", "expire-delta", {"mode": mode})

    assert subjects(world.poll_all()) == ["nieuw"]
    assert fetches(world) == 31


def test_delta_state_lost_in_the_middle_of_a_round_loses_no_mail(world: World) -> None:
    world.simulator.config(max_page_size=2)
    for number in range(7):
        world.simulator.deliver(subject=str(number))
    seen = {item.key for item in world.poll().items}
    world.simulator.control("POST", "expire-delta", {"mode": "gone"})
    items = world.poll_all()

    assert len(items) == 5
    assert len(seen | {item.key for item in items}) == 7


def test_round_after_a_loss_passes_over_what_is_long_past(world: World) -> None:
    world.simulator.deliver(subject="lang geleden")
    world.advance(90 * 86_400)
    world.simulator.control("POST", "expire-tokens")
    world.poll_all()
    world.state["known"] = []
    world.simulator.deliver(subject="nieuw")
    world.simulator.control("POST", "expire-delta")

    assert subjects(world.poll_all()) == ["nieuw"]


def test_mail_not_readable_yet_is_fetched_later(world: World) -> None:
    world.simulator.deliver(subject="traag", lag_s=20)
    world.simulator.deliver(subject="snel")
    assert subjects(world.poll_all()) == ["snel"]
    assert world.poll_all() == []

    world.advance(30)
    assert subjects(world.poll_all()) == ["traag"]
    assert world.state["pending"] == []


def test_mail_deleted_before_it_was_read_is_given_up_after_a_while(world: World) -> None:
    delivered = world.simulator.deliver(lag_s=999_999)[0]
    world.poll_all()
    removed: list[str] = []
    for _ in range(12):
        world.advance(120)
        page = world.poll()
        removed += [one.key for one in page.removed]
        world.poll_all()

    assert removed == [delivered["graph_id"]]
    assert world.state["pending"] == []


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_connection": True},
        {"status": 500, "body": "<html>oops</html>"},
        {"status": 503, "headers": {"Retry-After": "3"}},
        {"status": 429, "headers": {"Retry-After": "5"}},
        {"status": 429},
        {"truncate": 10},
        {"status": 404, "body": {"error": {"code": "ErrorItemNotFound"}}},
    ],
    ids=str,
)
def test_trouble_with_one_mail_loses_none_and_holds_up_nothing(world: World, fault: dict[str, Any]) -> None:
    for number in range(4):
        world.simulator.deliver(subject=str(number))
    world.simulator.fault("GET", r"/\$value$", **fault)
    items = world.poll_all()
    world.advance(60)
    items += world.poll_all()

    assert subjects(items) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    "fault",
    [
        {"drop_connection": True, "when": "after"},
        {"status": 500, "body": {"error": {"code": "InternalServerError"}}},
        {"status": 429, "headers": {"Retry-After": "5"}},
        {"truncate": 40},
        {"status": 200, "body": "<html>Sign in</html>"},
        {"status": 200, "body": {}},
        {"status": 404, "body": {}},
    ],
    ids=str,
)
def test_trouble_with_a_page_changes_nothing_and_the_next_poll_has_it(world: World, fault: dict[str, Any]) -> None:
    world.simulator.deliver(subject="vraag")
    world.simulator.fault("GET", r"/messages/delta$", **fault)
    with pytest.raises(ProviderError) as refused:
        world.poll()

    assert not refused.value.permanent
    assert subjects(world.poll_all()) == ["vraag"]


def test_page_not_stored_is_given_again(world: World) -> None:
    world.simulator.config(max_page_size=2)
    for number in range(5):
        world.simulator.deliver(subject=str(number))
    world.poll()
    lost = world.mail.poll(account=world.account, state=world.state)
    world.restart()

    assert subjects(world.poll().items) == subjects(lost.items)


def test_unknown_and_missing_fields_do_no_harm(world: World) -> None:
    delivered = world.simulator.deliver()[0]
    entry = {"id": delivered["graph_id"], "@odata.etag": "W/x", "sentiment": {"score": 3}}
    base = re.sub(r"/$", "", world.simulator.url)
    link = f"{base}/v1.0/users/{world.account.address}/mailFolders/inbox/messages/delta"
    world.simulator.fault("GET", r"/messages/delta$", status=200, body={"value": [entry], "@odata.deltaLink": link, "hint": 1})

    assert [item.key for item in world.poll().items] == [delivered["graph_id"]]


@pytest.mark.parametrize(
    "link", ["https://evil.example/v1.0/delta", "http://127.0.0.1:1/v1.0/delta", "http://127.0.0.1@evil.example/"]
)
def test_link_to_another_host_is_not_followed(world: World, link: str) -> None:
    world.simulator.fault("GET", r"/messages/delta$", status=200, body={"value": [], "@odata.nextLink": link})
    world.poll()
    before = len(world.simulator.calls())
    with pytest.raises(ProviderError) as refused:
        world.poll()

    assert refused.value.reason.code == "foreign_link"
    assert len(world.simulator.calls()) == before


def test_link_is_followed_as_it_was_given(world: World) -> None:
    world.poll_all()
    world.poll_all()

    followed = [call for call in world.simulator.calls("GET", "/messages/delta") if "deltatoken" in call["query"]]
    assert followed
    assert all(call["query"].startswith("$deltatoken=") and "&" not in call["query"] for call in followed)


def test_mails_come_shuffled_and_late_without_loss(world: World) -> None:
    mails = [{"subject": f"{n:02}", "delay_s": (n * 7) % 20} for n in range(20)]
    world.simulator.control("POST", "deliver", {"mailbox": world.account.address, "mails": mails, "reorder": True})
    items = []
    for _ in range(11):
        items += world.poll_all()
        world.advance(2)
    items += world.poll_all()

    assert subjects(items) == [f"{n:02}" for n in range(20)]


def test_bounces_receipts_and_machines_come_in_as_mail(world: World) -> None:
    world.sender(outgoing()).attempt()
    for kind in ("bounce", "delayed", "out_of_office", "read_receipt", "not_read"):
        world.simulator.control("POST", "answer", {"kind": kind, "reference": outgoing().reference})
    kinds = {message_from_bytes(item.raw).get_param("report-type") for item in world.poll_all()}

    assert kinds == {None, "delivery-status", "disposition-notification"}
