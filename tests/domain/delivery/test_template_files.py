"""Templates with a file at their head: chosen in the composer, checked before anything is sent, and sent with it."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.delivery.catalogue import read_templates
from app.domain.threads.models import Attachment, Message, Thread
from app.providers.whatsapp_cloud.media import find_header_problem
from tests.support.chat_desk import ChatDesk

TEMPLATE = "foto_offerte/nl"
FIELD = f"header:{TEMPLATE}"
PICTURE = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xa7\x9a\xa0\xa0\x00\x00\x00\x00IEND\xaeB`\x82"
)


@pytest.fixture
def closed(chat: ChatDesk) -> ChatDesk:
    """Jan wrote two days ago, and the channel's templates are known."""
    chat.customer(text="Hoi")
    chat.session.execute(sa.update(Thread).values(window_opened_at=utc_now() - timedelta(days=2)))
    chat.session.commit()
    read_templates(chat.channel.id)
    chat.session.expire_all()
    return chat


def send(chat: ChatDesk, **fields: Any) -> str:
    return chat.reply(template=TEMPLATE, **{f"value:{TEMPLATE}:1": "Jan", **fields}).text


def picture(content: bytes = PICTURE, name: str = "paal.png") -> dict[str, Any]:
    return {FIELD: (io.BytesIO(content), name)}


def sent_head(chat: ChatDesk) -> list[dict[str, Any]]:
    return [part for part in chat.asked(type="template")[0]["template"]["components"] if part["type"] == "header"]


def test_the_picker_asks_for_the_file(closed: ChatDesk) -> None:
    page = closed.page()
    assert f'type="file" name="{FIELD}" accept="image/jpeg,image/png"' in page
    assert f'name="{FIELD}:kept"' not in page  # the conversation has no picture yet


def test_the_picture_goes_at_the_head_and_stands_on_the_message(closed: ChatDesk) -> None:
    send(closed, **picture())
    closed.deliver()
    message = closed.message("Zo komt de laadpaal te hangen, Jan. Akkoord?")
    assert message.delivery_status == "read", message.delivery_reason
    (head,) = sent_head(closed)
    (value,) = head["parameters"]
    kept = closed.world.simulator.store.files[value["image"]["id"]]
    assert (value["type"], kept.content, kept.mime_type) == ("image", PICTURE, "image/png")
    shown = closed.session.execute(sa.select(Attachment.filename).where(Attachment.message_id == message.id))
    assert list(shown.scalars()) == ["paal.png"]


def test_a_picture_of_the_conversation_can_be_taken_and_stays_where_it_is(closed: ChatDesk) -> None:
    hoi = closed.message("Hoi")
    kept = runtime().storage.put(PICTURE)
    file = Attachment(
        message_id=hoi.id,
        thread_id=hoi.thread_id,
        filename="van-jan.png",
        content_type="image/png",
        size_bytes=kept.size_bytes,
        sha256=kept.sha256,
        storage_key=kept.key,
        created_at=utc_now(),
    )
    closed.session.add(file)
    closed.session.commit()
    assert f'name="{FIELD}:kept"' in closed.page()
    send(closed, **{f"{FIELD}:kept": file.id})
    closed.deliver()
    assert len(sent_head(closed)) == 1
    closed.session.refresh(file)
    assert file.message_id == hoi.id


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ({}, "Choose the picture for the template"),
        (picture(b"%PDF-1.4 " + b"x" * 50, "offerte.pdf"), "This template does not accept application/pdf"),
        ({f"{FIELD}:kept": "01a20704-b7b5-7197-b3fa-d3b2247bb335"}, "Choose the picture for the template"),
    ],
)
def test_a_wrong_file_is_an_error_at_its_field_and_nothing_is_sent(closed: ChatDesk, file: dict[str, Any], said: str) -> None:
    fresh = {
        name: (io.BytesIO(value[0].getvalue()), value[1]) if isinstance(value, tuple) else value for name, value in file.items()
    }
    answer = send(closed, **fresh)
    assert said in answer
    assert f'name="{FIELD}" accept="image/jpeg,image/png" aria-invalid="true" aria-describedby="composer-error"' in answer
    assert closed.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 1
    closed.deliver()
    assert closed.asked(type="template") == []


def test_a_file_that_is_too_large_is_not_offered_and_not_taken(closed: ChatDesk) -> None:
    hoi = closed.message("Hoi")
    kept = runtime().storage.put(PICTURE)
    values = {"filename": "groot.png", "content_type": "image/png", "size_bytes": 5 * 1024 * 1024 + 1, "created_at": utc_now()}
    file = Attachment(message_id=hoi.id, thread_id=hoi.thread_id, storage_key=kept.key, **values)
    closed.session.add(file)
    closed.session.commit()
    assert f'name="{FIELD}:kept"' not in closed.page()
    assert "The file is larger than 5 MB" in send(closed, **{f"{FIELD}:kept": file.id})
    closed.deliver()
    assert closed.asked(type="template") == []


def test_a_file_of_another_thread_is_not_taken(closed: ChatDesk) -> None:
    closed.customer(**{"from": "31687654321"}, text="Van Anna")
    anna = closed.message("Van Anna")
    kept = runtime().storage.put(PICTURE)
    values = {"filename": "a.png", "content_type": "image/png", "size_bytes": kept.size_bytes, "created_at": utc_now()}
    file = Attachment(message_id=anna.id, thread_id=anna.thread_id, storage_key=kept.key, **values)
    closed.session.add(file)
    closed.session.commit()
    jan = closed.message("Hoi").thread_id
    fields = {"channel_id": closed.channel.id, "template": TEMPLATE, f"value:{TEMPLATE}:1": "Jan", f"{FIELD}:kept": file.id}
    assert "Choose the picture for the template" in closed.post(f"/threads/{jan}/messages", **fields).text


@pytest.mark.parametrize(
    ("header", "content_type", "size", "fits"),
    [
        ("image", "image/jpeg", 5 * 1024 * 1024, True),
        ("image", "image/gif", 10, False),
        ("video", "video/mp4", 16 * 1024 * 1024, True),
        ("video", "video/mp4", 16 * 1024 * 1024 + 1, False),
        ("video", "image/png", 10, False),
        ("document", "application/pdf", 10, True),
        ("document", "application/pdf", 0, False),
        ("location", "image/png", 10, False),
    ],
)
def test_what_may_stand_at_the_head(header: str, content_type: str, size: int, fits: bool) -> None:
    assert (find_header_problem(header, content_type, size) is None) is fits
