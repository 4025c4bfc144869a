"""Files of forms stand in the conversation, each once, or say why they do not; whoever holds them is trusted with nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.db import table_of
from app.core.runtime import runtime
from app.core.work import RETRY_SECONDS
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.integrations.forms.files import read_files
from app.domain.integrations.forms.polling import poll_form
from app.domain.integrations.models import Integration
from app.domain.threads.models import Attachment
from app.providers.fillout.parse import read_submission
from app.sandbox.simulators.common import RunningServer
from app.sandbox.simulators.fillout import EXAMPLE, SHAPES, FormAccount, _shaped
from tests.domain.integrations.conftest import FORM_KEY, NOW, Outside, files_at
from tests.support.providers import OUTSIDE

PATH = f"/webhooks/fillout/{FORM_KEY}"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
Json = dict[str, Any]


@dataclass
class Forms:
    """A customer who uploads, our door and our workers."""

    outside: Outside
    state: FormAccount
    url: str

    def upload(
        self, filename: str = "meterkast.png", content: bytes = PNG, content_type: str = "application/octet-stream"
    ) -> Json:
        file = {"filename": filename, "content": base64.b64encode(content).decode(), "content_type": content_type}
        return self.state.upload(file, base_url=f"{self.url}/")

    def send(self, photos: Sequence[Any], *, shape: str = "envelope", submission_id: str = "", work: bool = True) -> str:
        answers = {**EXAMPLE, "photo": list(photos)}
        made = self.state.submit(answers, submission_id=submission_id)
        assert self.outside.post(PATH, _shaped(shape, dict(made), answers)).status_code == 200
        self.outside.work()
        if work:
            self.fetch()
        return str(made["submissionId"])

    def later(self, hours: int) -> None:
        self.state.now = lambda: NOW + timedelta(hours=hours)

    def fetch(self) -> list[OutboxEntry]:
        """Every promise to fetch, kept twice; each is due again at once."""
        table, wanted = table_of(OutboxEntry), OutboxEntry.handler == "fetch_announced_media"
        for _round in range(2):
            self.outside.session.execute(sa.update(table).where(table.c.state == "ready").values(run_at=NOW))
            self.outside.session.commit()
            for entry_id in self.outside.session.execute(sa.select(OutboxEntry.id).where(wanted)).scalars().all():
                run_outbox_entry(row_id=str(entry_id))
        query = sa.select(OutboxEntry).where(wanted).execution_options(populate_existing=True)
        return list(self.outside.session.execute(query).scalars())

    def fault(self, **order: Any) -> None:
        OUTSIDE.request("POST", f"{self.url}/__sim/fault", json={"match": {"path": "/files"}, **order})

    def files(self) -> list[Attachment]:
        query = sa.select(Attachment).order_by(Attachment.created_at, Attachment.position)
        return list(self.outside.session.execute(query.execution_options(populate_existing=True)).scalars())

    def states(self) -> list[tuple[str, str | None]]:
        return [(one.state, one.error) for one in self.files()]


@pytest.fixture
def forms(app: Flask, outside: Outside, form: Integration, account: tuple[FormAccount, RunningServer]) -> Iterator[Forms]:
    with files_at(app, account[1].url):
        yield Forms(outside, account[0], account[1].url)


@pytest.mark.parametrize("shape", SHAPES)
def test_files_of_each_shape_stand_at_the_message_as_what_they_are(forms: Forms, shape: str) -> None:
    forms.send(
        [forms.upload(), forms.upload("plan.docx", b"PK\x03\x04 x"), forms.upload("a.txt", b"x", "text/plain")], shape=shape
    )
    (message,) = forms.outside.messages()
    kept = [(one.filename, one.content_type, one.state, one.message_id) for one in forms.files()]
    word = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert kept == [
        ("meterkast.png", "image/png", "stored", message.id),
        ("plan.docx", word, "stored", message.id),
        ("a.txt", "text/plain", "stored", message.id),
    ]
    with runtime().storage.open(forms.files()[0].storage_key or "") as file:
        assert file.read() == PNG


def test_the_promise_is_in_the_transaction_of_the_form(forms: Forms) -> None:
    forms.send([forms.upload()], work=False)
    assert forms.states() == [("pending", None)]
    assert [entry.state for entry in forms.fetch()] == ["done"]


def test_a_form_without_a_channel_has_its_files_too(forms: Forms, form: Integration) -> None:
    form.channel_id = None
    forms.outside.session.commit()
    forms.send([forms.upload()])
    assert forms.states() == [("stored", None)]


def test_a_repeat_brings_no_file_twice_though_its_address_is_signed_anew(forms: Forms, form: Integration) -> None:
    photo = forms.upload()
    again = {**photo, "url": photo["url"].replace("signed=1", "signed=2")}
    made = forms.send([photo])
    forms.send([again], submission_id=made, shape="native")
    forms.send([again], submission_id=made, shape="flat")
    assert poll_form(form.id) == 1
    forms.outside.work()
    forms.fetch()
    assert (len(forms.files()), len(forms.outside.messages())) == (1, 1)


def test_a_file_that_is_added_later_comes_with_the_edit_and_without_the_earlier_ones(forms: Forms) -> None:
    first, second = forms.upload(), forms.upload("later.png")
    made = forms.send([first])
    forms.later(1)
    forms.send([first, second], submission_id=made)
    forms.later(2)
    forms.send([second], submission_id=made)
    assert [(one.filename, one.state) for one in forms.files()] == [("meterkast.png", "stored"), ("later.png", "stored")]
    assert len({one.message_id for one in forms.files()}) == len(forms.outside.messages()) == 2


@pytest.mark.parametrize(
    ("name", "content", "content_type", "why"),
    [
        ("empty.png", b"", "image/png", "The file is empty"),
        ("a.pdf", b"<html>Sign in</html>", "text/html; charset=utf-8", "The link leads to a web page, not a file"),
    ],
)
def test_what_is_no_file_says_so(forms: Forms, name: str, content: bytes, content_type: str, why: str) -> None:
    forms.send([forms.upload(name, content, content_type)])
    assert forms.states() == [("failed", why)]


def test_no_claim_makes_a_picture_of_other_bytes(forms: Forms) -> None:
    forms.send([forms.upload("a.png", b"<script>alert(1)</script>", "image/png")])
    assert forms.files()[0].content_type == "application/octet-stream"


def test_a_file_that_is_gone_or_too_large_fails_alone(forms: Forms) -> None:
    gone = {"url": f"{forms.url}/files/none?signed=1", "filename": "gone.png"}
    forms.send([gone, forms.upload(), forms.upload("large.bin", b"\0" * (50 * 1024 * 1024 + 1))])
    assert forms.states() == [
        ("failed", "The file is no longer at its address"),
        ("stored", None),
        ("failed", "The file is too large"),
    ]


def test_it_is_tried_again_after_trouble_and_given_up_in_words_at_the_end(forms: Forms) -> None:
    forms.fault(status=503, times=1)
    forms.send([forms.upload()])
    assert forms.states() == [("stored", None)]
    forms.fault(status=503, times=9)
    forms.send([forms.upload("second.png")])
    assert forms.states()[1] == ("pending", None)
    old = NOW - timedelta(seconds=sum(RETRY_SECONDS), days=9)
    forms.outside.session.execute(sa.update(Attachment).where(Attachment.state == "pending").values(created_at=old))
    entries = forms.fetch()
    assert ("failed", "We could not reach the server where the file is stored") in forms.states()
    assert {entry.state for entry in entries} == {"done"}


def test_whoever_holds_a_file_may_lead_on_once(forms: Forms) -> None:
    photo = forms.upload()
    forms.fault(status=302, times=1, headers={"Location": f"{photo['url']}&again"})
    forms.send([photo])
    assert forms.states() == [("stored", None)]
    forms.fault(status=302, times=2, headers={"Location": photo["url"]})
    forms.send([forms.upload("second.png")])
    assert forms.states()[1] == ("failed", "We cannot download the file")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a.png", "https://10.0.0.1/a.png", "https://[::1]/a.png", "https://localhost/a.png"]
)
def test_a_form_leads_nobody_inside_our_walls_whatever_providers_may_reach(forms: Forms, url: str) -> None:
    assert runtime().settings.outbound_allow == ("127.0.0.0/8",)
    forms.send([{"url": url, "filename": "a.png"}])
    assert forms.states() == [("failed", "The address of the file is not allowed")]


def test_files_are_recognised_by_their_type_or_by_what_they_say() -> None:
    asked = [
        {"id": "1", "name": "Foto", "type": "FileUpload", "value": [{"url": "https://x.example/a%20b.jpg?s=1"}, None, 7]},
        {"id": "2", "name": "Handtekening", "type": "Signature", "value": "https://x.example/?s=1"},
        {"id": "3", "name": "Los", "type": "", "value": {"url": "https://x.example/c", "filename": "../c.pdf"}},
        {"id": "4", "name": "Site", "type": "URLInput", "value": "https://x.example/page"},
        {"id": "5", "name": "Plaats", "type": "LocationCoordinates", "value": {"url": "https://x.example/map"}},
        {
            "id": "6",
            "name": "Bad",
            "type": "FileUpload",
            "value": ["ftp://x.example/a", "https://", "https://[x", "data:image/png,x"],
        },
        {"id": "7", "name": "Foto", "type": "FileUpload", "value": [{"url": f"https://x.example/{n}.jpg"} for n in range(30)]},
    ]
    found = read_files(read_submission(json.dumps({"questions": asked}).encode(), received_at=NOW))
    assert [file.filename for file in found[:4]] == ["a b.jpg", "Handtekening", "c.pdf", "0.jpg"]
    assert len(found) == 20
