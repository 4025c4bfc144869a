"""Sending through drafts: what the customer gets, and that every way of dying on the way gives them exactly one."""

from __future__ import annotations

from typing import Any

import pytest

from app.contract.base import DeliveryStatus
from tests.providers.graph.support import MAILBOX, World, attachment, outgoing, person


def the_one_mail(world: World) -> dict[str, Any]:
    """What the outside world received: exactly one mail."""
    assert len(world.simulator.ledger()) == 1
    return world.simulator.outbox()[0]


def test_new_mail_arrives_as_written(world: World) -> None:
    message = outgoing(cc=(person("an@example.nl"),), bcc=(person("piet@example.nl"),))
    result = world.sender(message).attempt()
    mail = the_one_mail(world)

    assert (mail["from"], mail["to"], mail["cc"], mail["bcc"]) == (
        MAILBOX,
        ["jan@example.nl", "an@example.nl", "piet@example.nl"],
        ["an@example.nl"],
        ["piet@example.nl"],
    )
    assert (mail["subject"], mail["html"].strip()) == (message.subject, message.html)
    assert (mail["message_id"], mail["reply_to"]) == (message.message_id_header, [message.reply_address])
    assert (mail["reference"], mail["graph_id"]) == (message.reference, result.provider_message_id)
    assert (result.status, result.meta["internet_message_id"]) == (DeliveryStatus.ACCEPTED, message.message_id_header)


def test_text_without_html_is_sent_as_text(world: World) -> None:
    world.sender(outgoing(html="")).attempt()

    assert the_one_mail(world)["text"].startswith("Dag Jan,")
    assert the_one_mail(world)["html"] == ""


def test_answer_threads_with_the_mail_it_answers(world: World) -> None:
    original = world.simulator.deliver(message_id="<vraag-1@example.nl>", references="<eerder@example.nl>")[0]
    world.sender(outgoing(reply_to_external_id=original["graph_id"], subject="Re: Vraag")).attempt()
    mail = the_one_mail(world)

    assert (mail["in_reply_to"], mail["references"]) == ("vraag-1@example.nl", ["eerder@example.nl", "vraag-1@example.nl"])
    assert (mail["subject"], mail["to"], mail["html"].strip()) == ("Re: Vraag", ["jan@example.nl"], outgoing().html)
    assert mail["message_id"] == outgoing().message_id_header


@pytest.mark.parametrize("original", ["AAkALgGone==", "not an id of theirs"])
def test_answer_to_a_mail_that_is_gone_still_threads(world: World, original: str) -> None:
    long_id = f"{'a' * 120}@mail.example.nl"
    message = outgoing(reply_to_external_id=original, in_reply_to=long_id, references=("eerste@example.nl", long_id))
    world.sender(message).attempt()
    mail = the_one_mail(world)

    assert (mail["in_reply_to"], mail["references"]) == (long_id, ["eerste@example.nl", long_id])
    assert (mail["subject"], mail["to"], mail["html"].strip()) == (message.subject, ["jan@example.nl"], message.html)
    assert (mail["message_id"], mail["reply_to"]) == (message.message_id_header, [message.reply_address])
    assert mail["reference"] == message.reference


def test_answer_to_a_mail_that_is_gone_survives_a_crash_too(world: World) -> None:
    house = world.sender(outgoing(in_reply_to="vraag@example.nl", attachments=(attachment("a.pdf", b"1"),)))
    house.crash_at_save, house.crash_before_saving = 2, True
    house.until_sent()

    assert [one["filename"] for one in the_one_mail(world)["attachments"]] == ["a.pdf"]
    assert len([call for call in world.simulator.calls("POST") if call["path"].endswith("/messages")]) == 1


def test_automatic_mail_says_so_and_asks_machines_not_to_answer(world: World) -> None:
    original = world.simulator.deliver(message_id="<vraag@example.nl>")[0]["graph_id"]
    world.sender(outgoing(is_automatic=True, reply_to_external_id=original, in_reply_to="vraag@example.nl")).attempt()

    headers = {one["name"].lower(): one["value"] for one in the_one_mail(world)["headers"]}
    assert (headers["auto-submitted"], headers["x-auto-response-suppress"]) == ("auto-replied", "All")
    assert headers["in-reply-to"] == "<vraag@example.nl>"


def test_files_of_every_size_arrive_whole(world: World) -> None:
    small, large = b"%PDF" + b"a" * 100, bytes(range(256)) * 40_000  # 10 MB: four chunks
    files = (
        attachment("offerte.pdf", small),
        attachment("offerte.pdf", small + b"2"),
        attachment("foto.jpg", large, "image/jpeg"),
        attachment("logo.png", b"\x89PNG", "image/png", content_id="logo@1"),
    )
    world.sender(outgoing(attachments=files)).attempt()
    received = the_one_mail(world)["attachments"]

    assert [(one["filename"], one["size"], one["content_id"]) for one in received] == [
        ("logo.png", 4, "logo@1"),  # shown in the text, so it stands beside it
        ("offerte.pdf", 104, None),
        ("offerte.pdf", 105, None),
        ("foto.jpg", len(large), None),
    ]
    uploads = world.simulator.calls("PUT", "/uploads/")
    assert len(uploads) == 4
    assert not any("authorization" in call["headers"] for call in uploads)


def test_every_call_asks_for_immutable_ids(world: World) -> None:
    original = world.simulator.deliver()[0]
    world.sender(outgoing(reply_to_external_id=original["graph_id"])).attempt()

    calls = world.simulator.calls(path="/v1.0/")
    assert calls
    assert all('IdType="ImmutableId"' in call["headers"]["prefer"] for call in calls)


STEPS = 3  # creating, draft_id, send_requested_at


@pytest.mark.parametrize("before", [True, False], ids=["not saved", "saved"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
@pytest.mark.parametrize("is_answer", [True, False], ids=["answer", "new"])
def test_crash_at_any_saved_step_sends_exactly_one(world: World, step: int, before: bool, is_answer: bool) -> None:
    original = world.simulator.deliver()[0]["graph_id"] if is_answer else None
    message = outgoing(reply_to_external_id=original, attachments=(attachment("a.pdf", b"1"), attachment("a.pdf", b"2")))
    house = world.sender(message)
    house.crash_at_save, house.crash_before_saving = step, before
    house.until_sent()

    mail = the_one_mail(world)
    assert [one["content_base64"] for one in mail["attachments"]] == ["MQ==", "Mg=="]
    assert mail["reference"] == message.reference


def test_whole_send_saves_the_steps_that_are_tested(world: World) -> None:
    house = world.sender(outgoing())
    house.attempt()

    assert house.saves == STEPS


CALLS = [
    ("POST", r"/oauth2/v2.0/token$"),
    ("POST", r"/createReply$"),
    ("PATCH", r"/messages/"),
    ("POST", r"/attachments$"),
    ("POST", r"/createUploadSession$"),
    ("PUT", r"/uploads/"),
    ("POST", r"/send$"),
]
FAULTS: list[dict[str, Any]] = [
    {"drop_connection": True, "when": "before"},
    {"drop_connection": True, "when": "after"},
    {"status": 500, "body": {"error": {"code": "generalException", "message": "oops"}}},
    {"status": 500, "body": {}, "when": "after"},
    {"status": 503, "body": "<html><h1>Service Unavailable</h1></html>", "headers": {"Retry-After": "3"}},
    {"status": 429, "body": {"error": {"code": "ApplicationThrottled"}}, "headers": {"Retry-After": "7"}},
    {"status": 429, "body": ""},
    {"status": 502, "body": "<html>Bad gateway</html>", "when": "after"},
    {"truncate": 3},
    {"status": 200, "body": "<html>Sign in to the hotel network</html>"},
    {"status": 200, "body": {}},
]


def fault_name(fault: dict[str, Any]) -> str:
    return "-".join(f"{name}={value}" for name, value in fault.items() if name not in ("body", "headers"))


@pytest.mark.parametrize("fault", FAULTS, ids=fault_name)
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[1].strip("$").rsplit("/", 1)[-1] or call[0])
def test_any_fault_at_any_call_sends_exactly_one(world: World, call: tuple[str, str], fault: dict[str, Any]) -> None:
    original = world.simulator.deliver()[0]["graph_id"]
    large = 3_500_000 if "pload" in call[1] else 2
    files = (attachment("klein.pdf", b"1"), attachment("groot.pdf", b"x" * large))
    house = world.sender(outgoing(reply_to_external_id=original, attachments=files))
    world.simulator.fault(*call, **fault)
    house.until_sent()

    mail = the_one_mail(world)
    assert [(one["filename"], one["size"]) for one in mail["attachments"]] == [("klein.pdf", 1), ("groot.pdf", large)]
