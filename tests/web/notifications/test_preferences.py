"""The page of one's notifications and what browsers say to it: choices, quiet hours, devices, test buttons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.allowed_hosts import is_allowed
from app.domain.accounts.models import UserSession
from app.domain.notifications.models import NotificationKind, PushSubscription, Way
from app.domain.notifications.queries import get_preferences
from app.providers.web_push.encryption import CURVE, point_of, to_base64url
from tests.domain.notifications.conftest import House
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, post, sign_in

PATH = "/settings/notifications"
TRUE_ENDPOINT = "https://push.example/1"
KEYS = {"p256dh": to_base64url(point_of(ec.generate_private_key(CURVE).public_key())), "auth": to_base64url(b"a" * 16)}


@dataclass
class Alice:
    house: House
    client: PageClient

    @property
    def session(self) -> Session:
        return self.house.session

    def post(self, path: str = "", data: dict[str, Any] | None = None) -> TestResponse:
        return self.client.post(f"{PATH}{path}", data={**(data or {}), "csrf_token": csrf_token(self.client.plain)})

    def say(self, path: str, body: Any) -> TestResponse:
        return self.client.plain.post(f"{PATH}/devices{path}", json=body, headers={"X-CSRFToken": csrf_token(self.client.plain)})

    def endpoints(self) -> list[str]:
        query = sa.select(PushSubscription.endpoint).where(PushSubscription.user_id == self.house.alice.id)
        return list(self.session.execute(query.order_by(PushSubscription.endpoint)).scalars())


@pytest.fixture
def alice(house: House, page_client: PageClient) -> Alice:
    sign_in(page_client.plain, house.session, house.alice)
    return Alice(house, page_client)


def test_choices_are_kept_and_shown(alice: Alice) -> None:
    before = alice.client.get(PATH).text
    assert before.count('name="wanted"') == 3 * (len(NotificationKind) - 1)  # what rules tell is told in Teams alone
    assert before.count("checked") == 3 * (len(NotificationKind) - 1) - 1  # of visits no mail, unless somebody wants it
    data = {"wanted": ["mention app", "held push"], "quiet_0_from": "22:00", "quiet_0_to": "07:00", "shows_content": "yes"}
    assert alice.post(data=data).status_code == 303
    kept = get_preferences(alice.session, alice.house.alice.id)
    seen = {pair for pair in kept.wanted if pair[1] in (Way.APP, Way.PUSH)}
    assert seen == {(NotificationKind.MENTION, Way.APP), (NotificationKind.HELD, Way.PUSH)}
    assert kept.quiet == ((22 * 60, 7 * 60), None, None, None, None, None, None)
    after = alice.client.get(PATH).text
    assert after.count(" checked>") == 3
    assert 'name="quiet_0_from" value="22:00"' in after


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"quiet_2_from": "22:00"}, "quiet_2_to"),
        ({"quiet_2_to": "22:00"}, "quiet_2_from"),
        ({"quiet_2_from": "25:00", "quiet_2_to": "07:00"}, "quiet_2_from"),
        ({"quiet_2_from": "22:00", "quiet_2_to": "7:0"}, "quiet_2_to"),
        ({"quiet_2_from": "٢٢:00", "quiet_2_to": "07:00"}, "quiet_2_from"),
        ({f"quiet_{day}_{edge}": "00:00" for day in range(7) for edge in ("from", "to")}, "quiet_0_from"),
    ],
)
def test_quiet_hours_that_are_none_are_named(alice: Alice, fields: dict[str, str], wrong: str) -> None:
    answer = alice.post(data=fields)
    assert answer.status_code == 422
    assert f'href="#field-{wrong}"' in answer.text
    assert f'id="field-{wrong}-error"' in answer.text
    assert get_preferences(alice.session, alice.house.alice.id).quiet == (None,) * 7


def test_a_browser_subscribes_is_shown_and_removed(alice: Alice) -> None:
    made = alice.house.outside.browser()["subscription"]
    assert alice.say("", made).status_code == 201
    assert alice.say("", made).status_code == 201  # twice is once
    assert alice.endpoints() == [made["endpoint"]]
    text = alice.client.get(PATH).text
    assert "Never" in text
    assert made["endpoint"] not in text
    action = text.split("/removal")[0].rpartition('action="')[2]
    assert post(alice.client.plain, f"{action}/removal").status_code == 303
    assert alice.endpoints() == []
    assert post(alice.client.plain, f"{action}/removal").status_code == 404


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/push",
        "http://push.example/1",
        "https://push.example:8443/1",
        "https://push.example@evil.example/1",
        "https://user:pw@push.example/1",
        "https://push.example.evil.example/1",
        "https://push.example\\@evil.example/1",
        "https://push.example/\n1",
        "https://127.0.0.1/1",
        "http://169.254.169.254/latest",
        "https://pu\u017fh.example/1",
        "ftp://push.example/1",
        "https://push.example/" + "x" * 3000,
        "//push.example/1",
        "",
        7,
        None,
    ],
)
def test_an_endpoint_elsewhere_is_refused(alice: Alice, endpoint: object) -> None:
    answer = alice.say("", {"endpoint": endpoint, "keys": KEYS})
    assert answer.status_code == 422
    assert alice.endpoints() == []


@pytest.mark.parametrize(
    "body", [None, [], "x", {}, {"endpoint": TRUE_ENDPOINT}, {"endpoint": TRUE_ENDPOINT, "keys": {"auth": "x"}}]
)
def test_what_is_no_subscription_is_refused(alice: Alice, body: object) -> None:
    assert alice.say("", body).status_code == 422


def test_rules_of_hosts() -> None:
    rules = ("push.example", "*.wild.example", "http://127.0.0.1:5103")
    assert is_allowed("https://push.example/a?b=%2F", rules)
    assert is_allowed("https://PUSH.example:443/a", rules)
    assert is_allowed("https://a.b.wild.example/", rules)
    assert is_allowed("http://127.0.0.1:5103/push/1", rules)
    for url in (
        "https://wild.example/",
        "https://xwild.example/",
        "http://127.0.0.1:5104/",
        "https://127.0.0.1:5103/",
        "https://.wild.example/",
    ):
        assert not is_allowed(url, rules), url


def test_an_address_that_fits_but_leads_inside_is_not_called(alice: Alice) -> None:
    """The guard of core/http.py stands behind the list: a name we trust that leads to a private address."""
    made = alice.house.outside.browser()["subscription"]
    alice.say("", made)
    alice.session.execute(sa.update(PushSubscription).values(endpoint="https://push.example/1"))
    alice.session.commit()
    alice.house.assign(alice.house.alice)
    alice.house.carry_out()
    assert "does not allow the browser" in alice.session.execute(sa.select(PushSubscription.problem)).scalar_one()


def test_a_browser_that_changed_hands_belongs_to_whoever_uses_it(alice: Alice) -> None:
    device = alice.house.device(alice.house.bob)
    alice.house.assign(alice.house.alice)
    renewed = alice.say("/renewal", {"old": device.endpoint, "subscription": None})
    assert renewed.status_code == 410
    assert alice.session.execute(sa.select(sa.func.count()).select_from(PushSubscription)).scalar_one() == 0


def test_a_new_subscription_takes_the_place_of_the_old_and_a_strange_one_of_none(alice: Alice) -> None:
    first, second = (alice.house.outside.browser()["subscription"] for _number in range(2))
    alice.say("", first)
    assert alice.say("/renewal", {"old": first["endpoint"], "subscription": second}).status_code == 204
    assert alice.endpoints() == [second["endpoint"]]
    assert alice.say("/renewal", {"old": first["endpoint"], "subscription": first}).status_code == 410
    assert alice.say("/renewal", {"old": second["endpoint"], "subscription": None}).status_code == 410
    assert alice.endpoints() == []


def test_a_renewal_of_nothing_is_refused(alice: Alice) -> None:
    assert alice.say("/renewal", {"nothing": 1}).status_code == 422


def test_signing_out_ends_the_browser_of_that_session_alone(alice: Alice) -> None:
    alice.say("", alice.house.outside.browser()["subscription"])
    other = alice.house.device(alice.house.alice)
    assert alice.session.execute(sa.select(UserSession)).scalars().all()
    assert post(alice.client.plain, "/sign-out").status_code == 303
    assert alice.endpoints() == [other.endpoint]


def test_the_worker_is_served_at_the_root_fresh_and_may_only_call_us(alice: Alice) -> None:
    answer = alice.client.plain.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
    assert "worker-src 'self'" in alice.client.get(PATH).headers["Content-Security-Policy"]
    assert len(alice.client.plain.get(f"{PATH}/key").json["key"]) == 87


def test_the_test_of_browsers_says_what_each_push_service_said(alice: Alice) -> None:
    assert "Your browsers get no notifications yet" in alice.post("/tests/push").text
    alice.house.device(alice.house.alice)
    assert "The push service accepted the notification." in alice.post("/tests/push").text
    assert alice.house.outside.pushes()[0]["payload"]["body"] == "Test: this is how this browser notifies you."
    alice.house.device(alice.house.alice, "gone")
    assert "we removed the device" in alice.post("/tests/push").text
    assert len(alice.endpoints()) == 1


def test_the_test_in_the_app_and_of_what_is_none(alice: Alice) -> None:
    assert "every other Switchyard page you have open" in alice.post("/tests/app").text
    assert alice.client.plain.post(f"{PATH}/tests/pigeon", data={"csrf_token": csrf_token(alice.client.plain)}).status_code == 404
