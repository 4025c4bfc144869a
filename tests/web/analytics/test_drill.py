"""Every number of the page, clicked, lists exactly as many as it says: as each role, for random filters, rolled up or not."""

from __future__ import annotations

import random
import re
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from app.domain.accounts.models import Role
from app.domain.analytics.measures import MEASURES, Shape
from app.domain.analytics.rollups import roll_next
from app.domain.threads.models import Priority, ThreadType
from tests.factories import make_user
from tests.support.full import amount
from tests.web.analytics.conftest import Office

NUMBERS = re.compile(r'<a class="an-figure" href="(/analytics/list[^"]+)"[^>]*>([^<]+)</a>')
LISTED = re.compile(r'<h2 id="list-title">[^<]*: <span class="num">(\d+)</span>')
OF = re.compile(r"(\d+) of (\d+)")
CLICKS = 3
"""On each page; together they reach each kind of number."""


def address(dice: random.Random, office: Office) -> str:
    """A report as somebody might ask for it: mostly one filter, sometimes two or none."""
    options = {
        "medium": ["email", "whatsapp"],
        "channel": [str(office.desk.mail.id), str(office.desk.chat.id)],
        "person": [str(office.desk.alice.id), str(office.desk.bob.id), "none"],
        "team": ["none"],
        "type": [ThreadType.CUSTOMER_SUPPORT.value, ThreadType.COMPLAINT.value],
        "priority": [Priority.NORMAL.value, Priority.HIGH.value],
        "brand": [str(office.desk.brand.id)],
    }
    chosen = dice.sample(sorted(options), dice.choice((0, 1, 1, 2)))
    args = {name: dice.choice(options[name]) for name in chosen}
    args |= {
        "period": dice.choice(("today", "7", "28", "90", "month")),
        "chart": dice.choice(("received", "first_promise", "resolution")),
    }
    return "/analytics?" + urlencode({**args, **dice.choice(({}, {"time": "wall"}, {"compare": "off"}))})


def check(office: Office, href: str, words: str) -> None:
    (key,) = parse_qs(urlsplit(href).query)["m"]
    found = LISTED.search(office.get(href))
    assert found, href
    count, shape, part = int(found[1]), MEASURES[key].shape, OF.fullmatch(words)
    if shape == Shape.COUNT and "weekday=" not in href:
        assert count == int(words.replace(",", "")), (href, words)
    elif part:
        assert count == int(part[2]), (href, words)
    else:
        assert count > 0, href


@pytest.mark.parametrize("role", ["lead", "manager", "admin", "agent"])
def test_every_number_lists_as_many_as_it_says(office: Office, role: str) -> None:
    dice, desk = random.Random(f"drill {role}"), office.desk
    people = {"lead": desk.lena, "admin": desk.noah, "agent": desk.alice}
    office.as_user(people.get(role) or make_user(office.session, "Mira", role=Role.MANAGER, brands=(desk.brand,)))
    clicked = 0
    rounds = amount(4, full=125)
    for number in range(rounds):
        if number == rounds // 2:
            while roll_next(office.session, now=desk.now) is not None:
                pass
            office.session.commit()
        numbers = sorted(set(NUMBERS.findall(office.get(address(dice, office)))))
        for href, words in dice.sample(numbers, min(CLICKS, len(numbers))):
            check(office, unescape(href), unescape(words).strip())
            clicked += 1
    assert clicked >= rounds
