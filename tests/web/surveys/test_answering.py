"""A link in a mail: opened by programs, twice, late, changed, forged, by two people; the table of what then counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from werkzeug.test import Client, TestResponse

from app.core.clock import utc_now
from app.domain.contacts.models import ConsentPurpose, ContactConsent
from app.domain.surveys.models import SurveyAnswer, SurveyInvitation
from tests.domain.surveys.conftest import Desk
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

Act = Callable[["Customer"], object]


class Customer:
    """Whoever has the link: the customer, a program of their mail provider, a colleague it was forwarded to."""

    def __init__(self, desk: Desk, client: Client, row: SurveyInvitation) -> None:
        self.desk, self.client, self.link = desk, client, desk.link(row)

    def open(self, score: int | None = None, method: str = "GET") -> TestResponse:
        return self.client.open(self.link + (f"?score={score}" if score else ""), method=method)

    def send(self, score: object, link: str = "", **more: object) -> int:
        self.desk.session.commit()
        status = self.client.post(link or self.link, data={"score": score, **more}).status_code
        self.desk.session.expire_all()
        return status

    def wait(self, **by: float) -> None:
        self.desk.let_pass(**by)


def scanner(customer: Customer) -> None:
    """Opens each link, by GET and HEAD."""
    for score in range(1, 6):
        assert customer.open(score).status_code == 200
        assert customer.open(score, "HEAD").status_code == 200
    customer.client.get(customer.link, headers={"Sec-Purpose": "prefetch"})
    customer.client.get(f"{customer.link}/stop")


def hasty_scanner(customer: Customer) -> None:
    """One that fills in forms, too."""
    for score in range(1, 6):
        customer.send(score)


def twice(customer: Customer) -> None:
    customer.send(4)
    customer.send(4)


def changed(customer: Customer) -> None:
    customer.send(2, comment="Traag")
    customer.wait(minutes=3)
    customer.send(5, comment="Toch goed")


def scanned_then_answered(customer: Customer) -> None:
    scanner(customer)
    customer.send(4)


def answered_then_scanned(customer: Customer) -> None:
    customer.send(5)
    customer.wait(minutes=10)
    for score in (1, 2, 3):
        customer.send(score)


def scanned_by_forms_then_answered(customer: Customer) -> None:
    hasty_scanner(customer)
    customer.wait(minutes=1)
    customer.send(4)


def late(customer: Customer) -> None:
    customer.wait(days=15)
    assert customer.open().status_code == 410
    assert customer.send(5) == 410


def changed_late(customer: Customer) -> None:
    customer.send(3)
    customer.wait(days=15)
    assert customer.send(5) == 410


def forged(customer: Customer) -> None:
    for link in (customer.link[:-1] + ("A" if customer.link[-1] != "A" else "B"), "/s/" + "A" * 22, "/s/x", "/s/%00"):
        assert customer.send(1, link=link) == 410


def no_score(customer: Customer) -> None:
    for score in ("", "0", "6", "1e0", "٤", "-1", "99999999999999999999"):
        assert customer.send(score) == 422


def two_people(customer: Customer) -> None:
    """A colleague answers what was forwarded; the last word counts, and both are kept."""
    customer.send(5)
    customer.wait(hours=2)
    customer.send(3)


TABLE: dict[str, tuple[Act, list[tuple[int, bool]], int]] = {
    "a program opens every link": (scanner, [], 0),
    "a program opens every link, then the customer answers": (scanned_then_answered, [(4, False)], 1),
    "a program sends every form": (hasty_scanner, [(5, True)], 5),
    "a program sends every form, then the customer answers": (scanned_by_forms_then_answered, [(4, False)], 6),
    "the customer answers, then a program sends forms": (answered_then_scanned, [(5, False)], 4),
    "the same answer twice": (twice, [(4, False)], 1),
    "another answer later": (changed, [(5, False)], 2),
    "too late": (late, [], 0),
    "changed too late": (changed_late, [(3, False)], 1),
    "a made-up address": (forged, [], 0),
    "no score of the scale": (no_score, [], 0),
    "two people with one link": (two_people, [(3, False)], 2),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_counts_of_a_link(surveys: Desk, page_client: PageClient, case: str) -> None:
    act, answers, versions = TABLE[case]
    act(Customer(surveys, page_client.plain, surveys.asked()))
    assert (surveys.answers(), surveys.versions()) == (answers, versions)


def test_an_answer_in_the_first_seconds_is_kept_and_counts_for_nothing(surveys: Desk, page_client: PageClient) -> None:
    row = surveys.asked()
    row.sent_at = utc_now() - timedelta(seconds=3)
    surveys.session.commit()
    customer = Customer(surveys, page_client.plain, row)
    assert customer.send(1) == 303
    assert surveys.answers() == [(1, True)]
    assert surveys.tasks() == []


def test_the_page_speaks_the_customers_language_and_shows_what_was_chosen(surveys: Desk, page_client: PageClient) -> None:
    surveys.pieter.language = "fr"
    customer = Customer(surveys, page_client.plain, surveys.asked())
    text = unescape(page_client.get(f"{customer.link}?score=4").text)
    assert 'lang="fr"' in text
    assert "Êtes-vous satisfait" in text
    assert 'value="4" required checked' in text
    headers = customer.open().headers
    assert (headers["Cache-Control"], headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "noindex" in headers["X-Robots-Tag"]
    customer.send(4, solved="yes", speed="5", reach="3", comment="Merci !\x00")
    answer = surveys.session.execute(SurveyAnswer.__table__.select()).one()
    assert (answer.score, answer.is_solved, answer.speed, answer.reach, answer.comment) == (4, True, 5, 3, "Merci !")
    assert "Merci !" in page_client.get(f"{customer.link}?done=yes").text


def test_one_of_us_cannot_answer_for_a_customer(surveys: Desk, page_client: PageClient) -> None:
    customer = Customer(surveys, page_client.plain, surveys.asked())
    sign_in(page_client.plain, surveys.session, surveys.alice)
    assert customer.send(5) == 403
    assert surveys.answers() == []


def test_no_more_questions_takes_a_button_and_holds(surveys: Desk, page_client: PageClient) -> None:
    customer = Customer(surveys, page_client.plain, surveys.asked())
    page_client.get(f"{customer.link}/stop")
    key = (surveys.pieter.id, ConsentPurpose.SURVEY)
    assert surveys.session.get(ContactConsent, key) is None
    for _again in range(2):
        assert page_client.plain.post(f"{customer.link}/stop", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    surveys.session.expire_all()
    assert surveys.session.get_one(ContactConsent, key).is_given is False
    surveys.let_pass(days=40)
    surveys.resolve(surveys.matter())
    assert surveys.outcomes()[-1] == ("withheld", "The contact opted out of surveys.")
