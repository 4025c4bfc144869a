"""What the reader makes of mails it was not counted on: 80 of the layouts it knows, 40 of layouts nothing was made for."""

from __future__ import annotations

import pytest

from app.domain.partners.order_mail.confidence import ENOUGH, UNKNOWN_AT_MOST, sure_of, sure_of_order
from app.domain.partners.order_mail.labels import REFERENCE
from app.domain.partners.order_mail.lines import Kind, lines_of
from app.domain.partners.order_mail.reader import Reading, read_mail, with_confidence
from tests.domain.partners.order_mail.corpus import KNOWN, UNSEEN, Mail, make_mails
from tests.domain.partners.order_mail.fit import SEED
from tests.domain.partners.order_mail.judge import HINTS, is_right, read, rights

HELD_OUT = 2
assert HELD_OUT != SEED


def _read(mail: Mail, most: float = 1.0) -> Reading:
    reading = read(mail)
    return with_confidence(reading, {one.bucket: min(most, sure_of(one.bucket, {})) for one in reading.fields.values()})


@pytest.mark.unit
def test_what_is_sure_is_right_and_most_mails_of_known_layouts_need_no_hand() -> None:
    mails = make_mails(HELD_OUT, KNOWN, 10)
    read_ones = [(mail, _read(mail)) for mail in mails]
    told = [(good, one.fields[path].confidence) for mail, one in read_ones for path, good in rights(mail, one).items()]
    sure = [good for good, confidence in told if confidence >= ENOUGH]
    assert sum(sure) / len(sure) >= 0.99
    assert len(sure) / len(told) >= 0.95
    alone = [mail for mail, one in read_ones if sure_of_order(one, {}) >= ENOUGH]
    assert len(alone) / len(mails) >= 0.7
    assert not [mail for mail, one in read_ones if mail in alone and not is_right(mail, one)]


@pytest.mark.unit
def test_a_layout_nobody_looked_at_is_never_sure() -> None:
    readings = [_read(mail, UNKNOWN_AT_MOST) for mail in make_mails(HELD_OUT, UNSEEN, 10)]
    assert not [one for one in readings if sure_of_order(one, {}) >= ENOUGH]
    assert max(one.confidence for reading in readings for one in reading.fields.values()) < ENOUGH


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "html", "subject"),
    [
        ("", '<p>Ordernummer: ALV-1</p><p style="display:none">Ordernummer: ALV-2</p>', "x"),
        ("Ordernummer: ALV-1\n\nMet vriendelijke groet,\nOrdernummer: ALV-2", "", "x"),
        ("Ordernummer: ALV-1\n\nOp maandag schreef Jan:\n> Ordernummer: ALV-2", "", "RE: x"),
        ("Ordernummer: ALV-1\nKvK: 34112233\nIBAN: NL91ABNA0417164300", "", "x"),
        ("Order\u200bnummer: ALV-\u200b1", "", "x"),
    ],
    ids=["hidden", "signature", "quoted", "other numbers", "invisible signs"],
)
def test_what_nobody_wrote_as_a_number_of_this_order_is_none(text: str, html: str, subject: str) -> None:
    found = read_mail(lines_of(text, html, subject=subject), subject=subject, hints=HINTS).fields[REFERENCE]
    assert (found.value, found.others) == ("ALV-1", ())


@pytest.mark.unit
def test_a_table_inside_a_cell_is_lines_of_its_own() -> None:
    lines = lines_of("", "<table><tr><td>x<table><tr><td>Naam</td><td>Jan</td></tr></table></td></tr></table>")
    assert [(line.cells, line.kind) for line in lines] == [(("x",), Kind.BODY), (("Naam", "Jan"), Kind.BODY)]
