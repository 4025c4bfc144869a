"""The simulated Twilio by itself: what it refuses, what it posts, and how it signs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from tests.sandbox.simulators.twilio_world import ACCOUNT, JAN, OURS, TOKEN, World, running_world


@pytest.fixture(scope="module")
def twilio_process() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def twilio(twilio_process: World) -> World:
    twilio_process.start_afresh()
    return twilio_process


def send(world: World, auth: tuple[str, str] = (ACCOUNT, TOKEN), account: str = ACCOUNT, **fields: str) -> requests.Response:
    url = f"{world.url}/2010-04-01/Accounts/{account}/Messages.json"
    data = {"To": JAN, "From": OURS, "Body": "Hallo", **fields}
    return requests.post(url, data=data, auth=auth, timeout=30)


@pytest.mark.parametrize(("fields", "code"), [
    ({"To": ""}, 21604), ({"To": "12345"}, 21211), ({"To": "+31201112222"}, 21614), ({"To": "+15005550001"}, 21211),
    ({"To": "+15005550004"}, 21610), ({"To": "+15005550429"}, 20429), ({"Body": ""}, 21602), ({"Body": "a" * 1601}, 21617),
    ({"From": "+31600000000"}, 21606), ({"From": "Much Too Long A Name"}, 21212), ({"MessagingServiceSid": "MG1"}, 21705),
    ({"StatusCallback": "https://my_host.example/x"}, 21609), ({"ValidityPeriod": "36001"}, 21609),
])  # fmt: skip
def test_what_the_real_one_refuses_is_refused(twilio: World, fields: dict[str, str], code: int) -> None:
    answer = send(twilio, **fields)
    assert (answer.status_code, answer.json()["code"]) == (429 if code == 20429 else 400, code)
    assert twilio.texts() == []


@pytest.mark.parametrize(("auth", "account", "status"), [
    ((ACCOUNT, "wrong"), ACCOUNT, 401), (("", ""), ACCOUNT, 401), ((ACCOUNT, TOKEN), "AC1", 404),
])  # fmt: skip
def test_nobody_else_is_let_in(twilio: World, auth: tuple[str, str], account: str, status: int) -> None:
    assert send(twilio, auth, account).status_code == status


def test_statuses_are_posted_where_the_text_asked_and_signed(twilio: World) -> None:
    url = f"{twilio.webhook_url}/webhooks/sms/status?reference=7"
    assert send(twilio, StatusCallback=url).status_code == 201
    arrived = [twilio.webhook.next() for _ in range(2)]
    assert {post.form["MessageStatus"] for post in arrived} == {"sent", "delivered"}
    for post in arrived:
        assert RequestValidator(TOKEN).validate(url, MultiDict(post.form), post.headers["x-twilio-signature"])


@pytest.mark.parametrize("variant", ["", "repeated", "json", "sha256"])
def test_posts_are_signed_over_the_configured_address_in_every_way(twilio: World, variant: str) -> None:
    twilio.configure(signed_base="https://app.example.nl", shared_key="shared")
    twilio.emit(kind="sms", **{"from": JAN}, body="é 😀", variant=variant)
    post = twilio.webhook.next()
    validator = RequestValidator("shared" if variant == "sha256" else TOKEN)
    url = post.url.replace(twilio.webhook_url, "https://app.example.nl")
    params: Any = post.body.decode() if variant == "json" else MultiDict(post.form)
    algorithm = "HMAC_SHA256" if variant == "sha256" else None
    assert validator.validate(url, params, post.headers["x-twilio-signature"], algorithm)


def test_somebody_who_said_stop_is_sent_nothing_until_they_say_start(twilio: World) -> None:
    twilio.emit(kind="sms", **{"from": JAN}, body="stop")
    assert send(twilio).json()["code"] == 21610
    twilio.emit(kind="sms", **{"from": JAN}, body="START")
    assert send(twilio).status_code == 201


def test_a_failing_number_takes_the_text_and_does_not_deliver_it(twilio: World) -> None:
    send(twilio, To="+31600000037")
    twilio.settle()
    [text] = twilio.texts()
    assert (text["status"], text["error_code"]) == ("undelivered", 30007)


def test_a_text_that_waits_is_not_found_by_its_date_of_sending(twilio: World) -> None:
    twilio.configure(sent_s=None, delivered_s=None)
    send(twilio)
    url = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    for query, count in (("", 1), ("?DateSent%3E=2020-01-01", 0), ("?To=%2B31600000001", 0)):
        found = requests.get(url + query, auth=(ACCOUNT, TOKEN), timeout=30).json()["messages"]
        assert len(found) == count, query


@pytest.mark.parametrize(("fragment", "tries"), [("", 1), ("#rc=2&rp=all", 3)])
def test_a_post_is_repeated_only_where_the_address_asks_for_it(twilio: World, fragment: str, tries: int) -> None:
    twilio.configure(sms_url=f"{twilio.webhook_url}/webhooks/sms{fragment}")
    twilio.webhook.answers = [500, 500]
    twilio.emit(kind="sms", **{"from": JAN}, body="hoi")
    twilio.settle()
    [posted] = twilio.posted()
    assert posted["tries"] == tries


def test_an_answer_that_takes_too_long_is_given_up(twilio: World) -> None:
    twilio.configure(sms_url="http://127.0.0.1:9/webhooks/sms", answer_within_s=0.2)
    twilio.emit(kind="sms", **{"from": JAN}, body="hoi")
    twilio.settle()
    [posted] = twilio.posted()
    assert (posted["acknowledged"], posted["status"]) == (False, None)


@pytest.mark.parametrize(("outcome", "states"), [
    ("answered", ["completed"]), ("missed", ["no-answer"]), ("busy", ["busy"]), ("failed", ["failed"]),
])  # fmt: skip
def test_a_call_is_told_leg_by_leg(twilio: World, outcome: str, states: list[str]) -> None:
    posts = twilio.emit(kind="call", **{"from": JAN}, outcome=outcome)["posts"]
    arrived = [twilio.webhook.next().form for _ in range(posts)]
    own = sorted((post for post in arrived if "ParentCallSid" not in post), key=lambda post: int(post["SequenceNumber"]))
    legs = sorted((post for post in arrived if "ParentCallSid" in post), key=lambda post: int(post["SequenceNumber"]))
    assert [post["CallStatus"] for post in own] == ["ringing", "in-progress", "completed"]
    assert [legs[-1]["CallStatus"]] == states
    assert {post["ParentCallSid"] for post in legs} == {own[0]["CallSid"]}
