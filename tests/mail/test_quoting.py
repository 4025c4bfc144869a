"""Quoted text is found for folding, nothing is lost, and what the sender wrote stays in sight."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.mail.html import html_to_text
from app.mail.quoting import Section, own_text, split_quoted
from tests.mail.corpus_chains import Chain, chains
from tests.mail.make_corpus import corpus
from tests.mail.parsing import read
from tests.support.full import amount

OUTLOOK = (
    "Van: Service <service@laadpunt.example>\nVerzonden: vrijdag 20 november 2026 16:00\nAan: Jan\nOnderwerp: Offerte\n\n"
    "Kunt u dinsdag?\n"
)
PIECES = [
    "Hallo,\n",
    "> geciteerd\n",
    ">> dieper\n",
    "\n",
    "-- \n",
    "--\n",
    "Jan\n",
    "Op 21-11-2026 om 10:15 schreef Jan:\n",
    "On Sat, Nov 21, 2026 at 10:15 AM Jan <jan@x.example>\nwrote:\n",
    "-----Original Message-----\n",
    "________________________________\n",
    "---------- Forwarded message ---------\n",
    "Van: x@y.example\n",
    "Aan: z\n",
    "Onderwerp: x\n",
    "Verzonden: x\n",
    "Sent from my iPhone\n",
    "Dit bericht is vertrouwelijk en uitsluitend bestemd voor de geadresseerde persoon.\n",
    "zie hieronder\n",
    "geen regeleinde",
    "\r\n",
    "\u2028",
    "\x0c",
]


def kinds(text: str) -> list[str]:
    return [section.kind for section in split_quoted(text)]


@settings(max_examples=amount(100, full=300), deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=20)), max_size=25).map("".join))
def test_the_sections_joined_are_the_text(text: str) -> None:
    sections = split_quoted(text)
    assert "".join(section.text for section in sections) == text
    assert all(section.text for section in sections)
    assert not text.strip() or own_text(text)


@pytest.mark.parametrize("name", list(corpus()))
def test_the_sections_of_every_mail_of_the_corpus_joined_are_its_text(name: str) -> None:
    text = read(corpus()[name]).text
    assert "".join(section.text for section in split_quoted(text)) == text


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: chain.name)
def test_in_each_programs_style_just_what_was_typed_stays_open(chain: Chain) -> None:
    assert [own_text(read(raw).text) for raw in chain.mails] == chain.typed


@pytest.mark.parametrize("chain", [chain for chain in chains() if read(chain.mails[1]).html], ids=lambda chain: chain.name)
def test_the_text_made_of_html_folds_as_well(chain: Chain) -> None:
    texts = [html_to_text(read(raw).html) for raw in chain.mails]
    assert [own_text(text).replace("\n\n\n", "\n\n") for text in texts] == chain.typed


@pytest.mark.parametrize("chain", chains(), ids=lambda chain: chain.name)
def test_each_answer_of_a_chain_names_the_mail_before_it(chain: Chain) -> None:
    messages = [read(raw) for raw in chain.mails]
    for before, after in pairwise(messages):
        assert after.evidence is not None
        assert before.external_id in (*after.evidence.in_reply_to, *after.evidence.references)


def test_answers_between_quoted_lines_stay_open() -> None:
    text = "Op 21-11-2026 om 10:15 schreef Sanne:\n> Schikt dinsdag?\n\nJa.\n\n> En de kabel?\n\nVijf meter.\n"
    assert kinds(text) == ["quote", "own", "quote", "own"]
    assert own_text(text) == "Ja.\n\nVijf meter."


@pytest.mark.parametrize(
    "hint", ["Zie mijn antwoorden hieronder.", "Antwoorden in rood.", "See below.", "FYI", "Siehe unten.", "Ter info"]
)
def test_an_unmarked_quote_stays_open_when_the_sender_points_to_it(hint: str) -> None:
    assert kinds(f"{hint}\n\n{OUTLOOK}") == ["own"]
    assert kinds(f"Dank u wel.\n\n{OUTLOOK}") == ["own", "quote"]


@pytest.mark.parametrize("text", [OUTLOOK, "> alleen citaat\n", "-- \nJan\n", "-----Original Message-----\nFrom: x\n\nTekst\n"])
def test_a_mail_that_would_be_folded_whole_is_not_folded(text: str) -> None:
    assert split_quoted(text) == [Section("own", text)]


@pytest.mark.parametrize(
    "mark", ["---------- Forwarded message ---------", "Begin doorgestuurd bericht:", "-------- Doorgestuurd bericht --------"]
)
def test_what_is_forwarded_stays_open(mark: str) -> None:
    assert kinds(
        f"Kunnen jullie dit oppakken?\n\n{mark}\nVan: Jan <jan@x.example>\nOnderwerp: Laadpaal\nDatum: x\n\nVraag\n"
    ) == ["own"]


@pytest.mark.parametrize(
    "text",
    [
        "On the one hand, 5 meters is enough.\nOn the other hand, she wrote: take 10.\n",
        "Van: Utrecht\nNaar: Amsterdam\nDatum: dinsdag\n\nKunt u dat vervoeren?\n",
        "Mijn vragen:\n- een\n- twee\n-----\nGroet\n",
        "Wat zij schreef:\ndat het 5 euro kost\n",
    ],
)
def test_ordinary_text_is_not_taken_for_a_quote(text: str) -> None:
    assert kinds(text) == ["own"]


def test_signature_device_line_and_disclaimer_are_told_apart() -> None:
    text = (
        "Akkoord.\n\nVerzonden vanaf mijn iPhone\n\n"
        "De informatie verzonden met dit e-mailbericht is uitsluitend bestemd voor de geadresseerde.\n"
    )
    assert kinds(text) == ["own", "signature", "own", "disclaimer"] or kinds(text) == ["own", "signature", "disclaimer"]
    assert kinds("Akkoord.\n\n-- \nJan de Vries\n06-12345678\n") == ["own", "signature"]


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my desk, is much easier than writing to you all.",
        "Sent the money yesterday.",
        "Sent my phone back on Monday, please confirm.",
        "Sent from home, mail me when it has arrived.",
        "Verzonden op maandag, nog niets ontvangen.",
        "Verstuurd heb ik het al, de bon zit erbij.",
    ],
)
def test_a_sentence_that_begins_with_sent_stays_open(line: str) -> None:
    assert kinds(f"Hallo,\n\n{line}\n") == ["own"]


@pytest.mark.parametrize(
    "line",
    [
        "Sent from my iPhone",
        "Sent from my Samsung Galaxy S9, sorry for typos",
        "Sent from Outlook for Android",
        "Sent via Proton Mail",
        "Verstuurd vanaf mijn iPad",
        "Verzonden met de Yahoo Mail-app",
        "Gesendet von meinem Huawei-Mobiltelefon",
        "Envoyé de mon téléphone portable",
        "Envoyé à partir de mon iPhone",
        "Enviado desde mi tablet",
        "Inviato da iPhone",
    ],
)
def test_the_line_of_a_device_is_a_signature(line: str) -> None:
    assert kinds(f"Akkoord.\n\n{line}\n") == ["own", "signature"]


def test_a_disclaimer_in_the_middle_stays_open() -> None:
    text = "Dit bericht is vertrouwelijk en uitsluitend voor u bestemd, zei hij.\n\nMaar ik stuur het toch.\n"
    assert kinds(text) == ["own"]


def test_a_warning_of_a_gateway_is_no_text_of_the_sender() -> None:
    text = "CAUTION: This email originated from outside of the organization.\n\nHallo, dinsdag kan.\n"
    assert kinds(text) == ["disclaimer", "own"]


def test_a_long_text_below_dashes_is_no_signature() -> None:
    assert kinds("Punt een.\n--\n" + "Nog veel meer tekst.\n" * 40) == ["own"]
