"""Templates in the composer: what is offered, what is put in, what is counted, and that no blank goes out."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.reply_templates.actions import archive_template
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateUse
from app.domain.threads.models import Draft, Message
from tests.domain.reply_templates.conftest import Desk
from tests.factories import make_message

JSON = {"Accept": "application/json"}


def url(desk: Desk, what: str = "templates", more: str = "") -> str:
    return f"/threads/{desk.thread.id}/{what}{more}"


def use(desk: Desk, template: ReplyTemplate, more: str = "") -> dict[str, object]:
    answer = desk.post(url(desk, "template-uses", more), template_id=template.id, headers=JSON)
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def offered(desk: Desk, more: str = "", *, target: str = "template-options") -> list[str]:
    text = desk.client.fragment(url(desk, more=more), target=target).text
    return [part.split('"')[0] for part in text.split('data-template="')[1:]]


def count_uses(desk: Desk, *, sent: bool) -> int:
    wanted = ReplyTemplateUse.sent_at.is_not(None) if sent else ReplyTemplateUse.sent_at.is_(None)
    return int(desk.session.execute(sa.select(sa.func.count()).select_from(ReplyTemplateUse).where(wanted)).scalar_one())


def test_what_fits_is_offered_and_nothing_else(desk: Desk) -> None:
    fits = {str(desk.make(name=name, **more).id) for name, more in {"a": {}, "b": {"media": ("whatsapp", "email")}}.items()}
    desk.make(name="mail", media=("email",))
    desk.make(name="other brand", brand_ids=(desk.other.id,))
    gone = desk.make(name="archived")
    note = desk.make(name="for notes", media=("internal",))
    archive_template(desk.session, gone.id, now=utc_now())
    desk.session.commit()
    assert set(offered(desk)) == fits
    assert str(note.id) in offered(desk, "?kind=note")


def test_suggestions_follow_the_words_and_the_language_of_the_last_message(desk: Desk) -> None:
    reset = desk.make(name="Reset", text="Als de laadpaal rood knippert: zet de aardlek uit en aan.")
    english = desk.make(name="Reset (en)", language="en", text="If the charger blinks red, switch it off and on.")
    for name in ("Een", "Twee", "Drie", "Vier"):
        desk.make(name=name, text="Hartelijk dank voor uw vertrouwen.")
    suggested = offered(desk, target="template-suggestions")
    assert len(suggested) == 3
    assert suggested[0] == str(reset.id)
    assert str(english.id) not in suggested
    make_message(desk.session, desk.thread, "Hi, can you tell me why the charger is blinking red?", at=utc_now())
    desk.session.commit()
    assert offered(desk, target="template-suggestions")[0] == str(english.id)


def test_politeness_does_not_count_and_the_subject_does(desk: Desk) -> None:
    desk.make(name="Alles naar wens?", text="Graag horen wij of alles goed is.", media=("whatsapp",))
    move = desk.make(name="Verzetten", text="Wij verzetten de afspraak voor u.")
    desk.thread.subject = "Afspraak verzetten"
    make_message(desk.session, desk.thread, "Donderdag graag", at=utc_now())
    desk.session.commit()
    assert offered(desk)[0] == str(move.id)


def test_a_note_is_offered_first_what_was_written_for_notes(desk: Desk) -> None:
    desk.make(text="De laadpaal knippert rood")
    note = desk.make(name="Overdracht", text="Graag overnemen", media=("internal",))
    assert offered(desk, "?kind=note")[0] == str(note.id)


def test_a_phone_number_is_written_as_one_dials_it(desk: Desk) -> None:
    assert use(desk, desk.make(text="{{contact.phone}}"))["text"] == "+31612345678"


def test_of_two_that_fit_equally_the_one_that_was_sent_comes_first(desk: Desk) -> None:
    first, second = desk.make(name="A", text="Hartelijk dank."), desk.make(name="B", text="Hartelijk dank.")
    assert offered(desk) == [str(first.id), str(second.id)]
    text = use(desk, second)["text"]
    assert offered(desk) == [str(first.id), str(second.id)]  # put in, and not sent yet
    desk.post(f"/threads/{desk.thread.id}/messages", text=text)
    assert offered(desk) == [str(second.id), str(first.id)]


def test_variables_are_filled_by_the_server(desk: Desk) -> None:
    desk.as_user(desk.alice)
    template = desk.make(
        subject="Over {{thread.number}}", text="Dag {{contact.first_name|daar}}, {{contact.email}} {{user.first_name}}"
    )
    filled = use(desk, template)
    assert filled["text"] == "Dag Pieter, ⟦contact.email⟧ Alice"
    assert filled["subject"] == f"Over {desk.thread.number}"
    assert filled["missing"] == ["contact.email"]
    assert "contact.email" in str(filled["said"])


def test_a_use_counts_once_it_is_sent(desk: Desk) -> None:
    template = desk.make()
    text = use(desk, template)["text"]
    assert (count_uses(desk, sent=False), count_uses(desk, sent=True)) == (1, 0)
    desk.post(f"/threads/{desk.thread.id}/notes", text="een notitie telt niet")
    assert count_uses(desk, sent=True) == 0
    assert desk.post(f"/threads/{desk.thread.id}/messages", text=text).status_code == 303
    used = desk.session.execute(sa.select(ReplyTemplateUse)).scalar_one()
    sent = desk.session.execute(sa.select(Message.id).where(Message.text == text)).scalar_one()
    assert used.message_id == sent
    assert '<td data-label="Times used" class="num template-table__uses">1</td>' in desk.client.get("/settings/templates").text


def test_a_reply_with_a_blank_is_not_sent_and_stays_typed(desk: Desk) -> None:
    text = str(use(desk, desk.make(text="Uw adres is {{contact.email}}"))["text"])
    refused = desk.post(f"/threads/{desk.thread.id}/messages", text=text)
    assert refused.status_code == 422
    assert "Fill in the template’s blanks: ⟦contact.email⟧" in refused.text
    assert f"{text}</textarea>" in refused.text
    assert count_uses(desk, sent=True) == 0
    assert desk.post(f"/threads/{desk.thread.id}/messages", text="Uw adres is a@b.nl").status_code == 303
    assert count_uses(desk, sent=True) == 1


def test_without_scripts_what_is_typed_is_kept_and_the_template_comes_behind_it(desk: Desk) -> None:
    template = desk.make(text="Dag {{contact.first_name}}")
    kept = desk.post(url(desk, "template-uses", "?kind=reply"), text="Eerst dit")
    assert kept.status_code == 303
    choice = desk.client.get(kept.location).text
    assert f'<option value="{template.id}">' in choice
    back = desk.post(url(desk, "template-uses", "?kind=reply"), template_id=template.id)
    assert back.status_code == 303
    draft = desk.session.get(Draft, (desk.leila.id, desk.thread.id, "reply"))
    assert draft is not None
    assert draft.text == "Eerst dit\n\nDag Pieter"
    assert "Eerst dit\n\nDag Pieter</textarea>" in desk.client.get(back.location).text


def test_a_strangers_thread_and_a_template_that_does_not_fit_are_refused(desk: Desk) -> None:
    theirs = desk.make(brand_ids=(desk.other.id,))
    assert desk.post(url(desk, "template-uses"), template_id=theirs.id, headers=JSON).status_code == 404
    desk.as_user(desk.moritz)
    assert desk.client.get(url(desk)).status_code == 404
    assert desk.post(url(desk, "template-uses"), template_id=theirs.id).status_code == 404


def test_the_composer_offers_templates_where_free_text_is_open(desk: Desk) -> None:
    shown = desk.client.get(f"/threads/{desk.thread.id}").text
    assert 'data-module="template-picker"' in shown
    assert "No template fits here" in desk.client.get(url(desk)).text


def test_offering_costs_few_queries(desk: Desk) -> None:
    for number in range(30):
        desk.make(name=f"Sjabloon {number}", brand_ids=(desk.brand.id,))
    offered(desk)
    with desk.at_most(8):
        assert len(offered(desk)) == 30
