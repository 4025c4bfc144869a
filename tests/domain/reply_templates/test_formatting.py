"""A template with formatting: cleaned, filled in with text that stays text, and plain wherever nothing is formatted."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.contacts.models import Contact
from app.domain.reply_templates.formatting import cleaned, fill_html, marked_html, own_plain, plain_of
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateVersion
from tests.domain.reply_templates.conftest import Desk
from tests.factories import make_channel

HTML = "<p>Beste <strong>{{contact.first_name|klant}}</strong>,</p><ul><li>Zet hem uit</li></ul>"
TEXT = "Beste klant"


def test_value_is_text_whatever_it_holds() -> None:
    values = {"contact.first_name": '<b>Eva</b> & "co"'}
    filled = fill_html("<p>Beste <em>{{contact.first_name}}</em></p>", values)
    assert filled == '<p>Beste <em>&lt;b&gt;Eva&lt;/b&gt; &amp; "co"</em></p>'


def test_value_in_a_link_stays_in_it() -> None:
    filled = fill_html('<p><a href="https://example.com/{{thread.number}}">zaak</a></p>', {"thread.number": '1" onclick="x()'})
    assert "onclick=" not in re.sub(r'"[^"]*"', "", filled)
    assert (
        fill_html('<p><a href="{{contact.email}}">x</a> <em>y</em></p>', {"contact.email": "javascript:x()"}).count("href") == 0
    )


def test_fallback_that_cuts_a_tag_in_two_leaves_whole_markup() -> None:
    source = "<p>{{contact.name|<strong>}}Hallo</strong></p>"
    assert fill_html(source, {"contact.name": "Eva"}) in ("", "<p>EvaHallo</p>")
    assert fill_html(source, {}).count("<strong>") == fill_html(source, {}).count("</strong>")


def test_what_is_missing_leaves_its_mark() -> None:
    assert "⟦contact.phone⟧" in fill_html("<p><em>{{contact.phone}}</em></p>", {})


def test_preview_marks_what_was_filled_in_and_nothing_inside_a_tag() -> None:
    shown = marked_html('<p><a href="https://example.com/{{thread.number}}">{{contact.name|u}}</a></p>', {"thread.number": "7"})
    assert 'href="https://example.com/7"' in shown
    assert '<mark class="filled filled--fallback">u</mark>' in shown
    evil = marked_html("<p><em>{{contact.name}}</em></p>", {"contact.name": "\ue100value <script>\ue101"})
    assert "<script>" not in evil
    assert not re.search("[\ue100-\ue102]", evil)


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p>Gewoon</p>", ""),
        ("<p><script>x()</script><strong onclick='x()'>Let op</strong></p>", "<p><strong>Let op</strong></p>"),
        ('<p><strong>x</strong><img src="https://example.com/t.gif"></p>', "<p><strong>x</strong></p>"),
    ],
)
def test_only_known_formatting_is_kept(source: str, kept: str) -> None:
    assert cleaned(source) == kept


def test_plain_version_is_made_or_ones_own() -> None:
    made = plain_of(HTML)
    assert own_plain(made, HTML) == ""
    assert own_plain("Kort", HTML) == "Kort"
    assert own_plain("Kort", "") == ""


def saved(session: Session) -> ReplyTemplate:
    query = sa.select(ReplyTemplate).order_by(ReplyTemplate.created_at.desc()).limit(1)
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def test_page_saves_formatting_and_makes_the_plain_version(desk: Desk) -> None:
    answer = desk.post("/settings/templates", **desk.fields(text="wat de browser zag", html=HTML))
    assert answer.status_code == 303, answer.text
    template = saved(desk.session)
    assert template.html == HTML
    assert template.text == plain_of(HTML)
    page = desk.client.get(f"/settings/templates/{template.id}").text
    assert "&lt;strong&gt;" in page
    assert '<mark class="filled filled--value">Lotte</mark>' in page


def test_ones_own_plain_version_is_kept_beside_it(desk: Desk) -> None:
    desk.post("/settings/templates", **desk.fields(text="x", html=HTML, plain="Beste {{contact.first_name|klant}}, zet hem uit."))
    template = saved(desk.session)
    assert template.text == "Beste {{contact.first_name|klant}}, zet hem uit."
    assert "zet hem uit.</textarea>" in desk.client.get(f"/settings/templates/{template.id}").text


def test_without_scripts_formatting_stays_while_its_words_do(desk: Desk) -> None:
    template = desk.make(html=HTML, text=plain_of(HTML))
    path = f"/settings/templates/{template.id}"
    assert desk.post(path, **desk.fields(text=plain_of(HTML), subject="Uw laadpaal")).status_code == 303
    assert saved(desk.session).html == HTML
    assert desk.post(path, **desk.fields(text="Andere woorden")).status_code == 303
    assert saved(desk.session).html == ""


def test_version_keeps_its_formatting(desk: Desk) -> None:
    template = desk.make(html=HTML, text=plain_of(HTML))
    desk.post(f"/settings/templates/{template.id}", **desk.fields(text="Kaal", html=""))
    first = desk.session.get_one(ReplyTemplateVersion, (template.id, 1))
    assert first.content["html"] == HTML
    assert "&lt;strong&gt;" in desk.client.get(f"/settings/templates/{template.id}?version=1").text


@pytest.mark.parametrize("html", ["<p><em>{{contact.nickname}}</em></p>", "<p>{{<strong>contact</strong>.name}}</p>"])
def test_bad_variable_in_formatting_is_named(desk: Desk, html: str) -> None:
    text = plain_of(html)
    answer = desk.post("/settings/templates", **desk.fields(text=text, html=html))
    assert answer.status_code == 422
    assert "field-text-error" in answer.text


def test_picker_gives_formatting_to_a_mail_and_text_to_all_else(desk: Desk) -> None:
    contact = desk.session.get_one(Contact, desk.thread.contact_id)
    contact.name = "<b>Eva</b> Jansen"
    with desk.client.plain.application.app_context():
        mail = make_channel(
            desk.session, desk.brand, keyring=runtime().keyring, channel_type=ChannelType.EMAIL_OUTLOOK, address="s@c.example"
        )
    template = desk.make(html=HTML, text=plain_of(HTML))
    path, accept = f"/threads/{desk.thread.id}/template-uses", {"Accept": "application/json"}
    in_mail = desk.post(path, headers=accept, template_id=template.id, channel_id=mail.id).json
    in_chat = desk.post(path, headers=accept, template_id=template.id, channel_id=desk.channel.id).json
    assert in_mail is not None
    assert in_chat is not None
    assert "<strong>&lt;b&gt;Eva&lt;/b&gt;</strong>" in in_mail["html"]
    assert in_chat["html"] == ""
    assert in_chat["text"].startswith("Beste <b>Eva</b>,")
