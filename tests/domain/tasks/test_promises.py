"""What counts as a promise in a reply, and when it is due. It is Saturday 21 November 2026, 11:00 in Amsterdam."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from app.domain.tasks.promises import find_promise

ZONE = "Europe/Amsterdam"
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
TODAY, TOMORROW, MONDAY = date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)
MORNING, EVENING = time(9), time(17)


@pytest.mark.parametrize(
    ("text", "day", "at"),
    [
        ("I will call you back tomorrow.", TOMORROW, MORNING),
        ("Sorry about that. We'll get back to you on Monday!", MONDAY, MORNING),
        ("I'm going to send you the quote the day after tomorrow", MONDAY, MORNING),
        ("I’ll let you know today", TODAY, EVENING),
        ("Tomorrow, I will phone you about the fuse box.", TOMORROW, MORNING),
        ("I will check this today and call you tomorrow", TOMORROW, MORNING),
        ("You will hear from us next week.", MONDAY, MORNING),
        ("We will reply within 2 working days", date(2026, 11, 24), MORNING),
        ("We will reply within 24 hours", TOMORROW, time(11)),
        ("I'll call you tomorrow at 2:30 pm", TOMORROW, time(14, 30)),
        ("We will email you before the end of Tuesday", date(2026, 11, 24), MORNING),
        ("I will update you on 3 December.", date(2026, 12, 3), MORNING),
        ("Don't worry, I will call you tomorrow", TOMORROW, MORNING),
        ("Ik kom er maandag op terug.", MONDAY, MORNING),
        ("We bellen u morgen.", TOMORROW, MORNING),
        ("Ik bel u morgen om 10:00 terug.", TOMORROW, time(10)),
        ("We sturen u maandag voor 12 uur de offerte", MONDAY, time(12)),
        ("Ik stuur u morgen het onderdeel, om 10.50 euro te besparen", TOMORROW, MORNING),
        ("I will call you at 10:30 tomorrow about it", TOMORROW, time(10, 30)),
        ("Morgen bel ik u terug over de laadpaal", TOMORROW, MORNING),
        ("Dan neem ik maandag contact met u op", MONDAY, MORNING),
        ("Ik laat het je morgenmiddag weten!", TOMORROW, MORNING),
        ("Ik zal u vandaag nog mailen", TODAY, EVENING),
        ("Wij sturen u volgende week de offerte", MONDAY, MORNING),
        ("U hoort dinsdag van ons", date(2026, 11, 24), MORNING),
        ("Ik ga het uitzoeken en ik bel je binnen twee werkdagen", date(2026, 11, 24), MORNING),
        ("Ik heb de monteur niet te pakken gekregen, ik bel u morgen om 14.30 uur", TOMORROW, time(14, 30)),
        ("U wordt maandag teruggebeld", MONDAY, MORNING),
        ("Ik bel je maandag a.s. even", MONDAY, MORNING),
        ("We reageren in de loop van maandag op uw mail van vrijdag", MONDAY, MORNING),
        ("Nous vous rappelons demain.", TOMORROW, MORNING),
        ("Je vous rappellerai lundi à 14h30", MONDAY, time(14, 30)),
        ("Je reviens vers vous après-demain", MONDAY, MORNING),
        ("Demain, je vous envoie le devis.", TOMORROW, MORNING),
        ("Nous allons vous recontacter la semaine prochaine", MONDAY, MORNING),
        ("Vous aurez de nos nouvelles lundi", MONDAY, MORNING),
        ("Je vous rappelle le 3 décembre", date(2026, 12, 3), MORNING),
    ],
)
def test_a_promise_is_found(text: str, day: date, at: time) -> None:
    found = find_promise(text, at=NOW, zone=ZONE)
    assert found is not None
    assert (found.due_date, found.due_time) == (day, at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "You promised to call me back tomorrow.",
        "You said I will call you tomorrow",
        "I can't promise I'll call you tomorrow",
        "I will not call you tomorrow",
        "I cannot call you back tomorrow",
        "Shall we call you tomorrow?",
        "I will call you tomorrow if you like",
        "The technician comes tomorrow.",
        "Will you call us tomorrow",
        "I will get back to you as soon as possible",
        "I will be on holiday tomorrow",
        "Thank you for your mail of today, I will answer",
        "Ik kan niets beloven voor morgen",
        "Ik bel u morgen niet",
        "Zal ik u morgen bellen?",
        "U kunt ons morgen bellen",
        "U had beloofd dat ik u morgen bel",
        "Als u dat wilt, bel ik u morgen",
        "We hebben u vandaag een e-mail gestuurd",
        "Ik kreeg uw e-mail vandaag",
        "Hierbij stuur ik u de planning voor maandag",
        "Goede morgen, ik bel u",
        "Ik reageer op uw bericht van maandag",
        "De monteur komt maandag langs",
        "Nous vous rappelons que demain nous sommes fermés",
        "Nous vous rappelons votre rendez-vous de demain",
        "Je ne vous rappelle pas demain",
        "Vous avez dit que je vous rappelle demain",
        "Si vous le souhaitez, je vous rappelle demain",
        "Puis-je vous rappeler demain ?",
        "Je vous informe que lundi nous sommes fermés",
        "> I will call you back tomorrow",
        "Thanks!\n\nOn Mon 16 Nov 2026 at 10:12 Jan wrote:\nI will call you tomorrow",
        "Dank!\n\nOp ma 16 nov. 2026 om 10:12 schreef Jan <jan@example.org>:\nik bel u morgen",
        "Merci\n-- \nOn vous rappelle demain",
        "Bedankt.\nMet vriendelijke groet,\nWij bellen u morgen BV",
        "Zie hieronder.\n---------- Doorgestuurd bericht ----------\nIk bel u morgen",
        'U schreef "ik bel u morgen" in uw mail',
    ],
)
def test_what_is_no_promise(text: str) -> None:
    assert find_promise(text, at=NOW, zone=ZONE) is None


def test_a_day_is_that_of_the_writer() -> None:
    late = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)  # past midnight in Amsterdam
    in_amsterdam, in_new_york = (find_promise("Ik bel u morgen", at=late, zone=zone) for zone in (ZONE, "America/New_York"))
    assert in_amsterdam is not None
    assert in_new_york is not None
    assert (in_amsterdam.due_date, in_new_york.due_date) == (MONDAY, TOMORROW)


def test_today_after_work_is_due_at_the_end_of_the_day() -> None:
    found = find_promise("I'll call you today", at=datetime(2026, 11, 21, 18, tzinfo=UTC), zone=ZONE)
    assert found is not None
    assert (found.due_date, found.due_time) == (TODAY, None)


def test_the_same_weekday_is_that_of_next_week() -> None:
    found = find_promise("Ik bel je zaterdag", at=NOW, zone=ZONE)
    assert found is not None
    assert found.due_date == date(2026, 11, 28)


def test_a_date_that_has_passed_is_next_year_or_none() -> None:
    soon = find_promise("We sturen u op 4 januari bericht", at=NOW, zone=ZONE)
    assert soon is not None
    assert soon.due_date == date(2027, 1, 4)
    assert find_promise("We sturen u op 4 november bericht", at=NOW, zone=ZONE) is None
    assert find_promise("We sturen u op 31 februari bericht", at=NOW, zone=ZONE) is None


def test_what_is_promised_is_said_in_its_own_words() -> None:
    found = find_promise("Beste Jan,\nDank je. Ik bel je   morgen terug!\nGroet, Alice", at=NOW, zone=ZONE)
    assert found is not None
    assert found.what == "Ik bel je morgen terug"
    long = find_promise("I will call you tomorrow about " + "this and " * 60, at=NOW, zone=ZONE)
    assert long is not None
    assert len(long.what) <= 200
