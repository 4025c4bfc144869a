"""How the simulated mailbox behaves: ids, delta, sending, and the world on the other side."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from email import message_from_bytes
from typing import Any

import pytest

from tests.sandbox.simulators.graph_caller import IMMUTABLE, MAILBOX, Caller, running_graph, to


@pytest.fixture
def graph() -> Iterator[Caller]:
    with running_graph() as caller:
        yield caller


def test_ids_change_on_a_move_unless_immutable_ones_are_asked_for(graph: Caller) -> None:
    immutable = graph.deliver()
    before = graph.get("messages")["value"][0]["id"]
    moved = graph.call("POST", f"messages/{before}/move", json={"destinationId": "archive"})

    assert moved.status == 201
    assert moved.json()["id"] != before
    assert graph.call("GET", f"messages/{before}").status == 404
    assert graph.get(f"messages/{immutable}", headers=IMMUTABLE)["id"] == immutable


def test_folder_names_are_localised_and_their_ids_work(graph: Caller) -> None:
    graph.deliver()
    inbox = next(folder for folder in graph.get("mailFolders")["value"] if folder["displayName"] == "Postvak IN")

    assert (inbox["totalItemCount"], inbox["unreadItemCount"]) == (1, 1)
    assert len(graph.get(f"mailFolders/{inbox['id']}/messages")["value"]) == 1


def test_headers_come_only_when_asked_for_and_never_in_sent_items(graph: Caller) -> None:
    received = graph.deliver(headers={"X-Test": "1"})
    sent = graph.draft(toRecipients=to("jan@example.nl"), internetMessageHeaders=[{"name": "x-a", "value": "1"}])["id"]
    graph.call("POST", f"messages/{sent}/send")
    copy = graph.get("mailFolders/sentitems/messages?$select=internetMessageHeaders,subject")["value"][0]

    assert "internetMessageHeaders" not in graph.get(f"messages/{received}")
    assert {"name": "X-Test", "value": "1"} in graph.get(f"messages/{received}?$select=internetMessageHeaders")[
        "internetMessageHeaders"
    ]
    assert set(copy) == {"@odata.etag", "id", "subject"}


def test_body_can_be_had_as_text(graph: Caller) -> None:
    received = graph.deliver(html="<p>Dag</p><p>Jan</p>", text="Dag")
    as_text = graph.get(f"messages/{received}", headers={"Prefer": 'outlook.body-content-type="text"'})

    assert graph.get(f"messages/{received}")["body"]["contentType"] == "html"
    assert as_text["body"] == {"contentType": "text", "content": "Dag\nJan\n"}


def test_attachments_of_every_kind_are_listed(graph: Caller) -> None:
    inline = {"filename": "logo.png", "content_type": "image/png", "content_base64": "iVBO", "content_id": "logo"}
    only_inline = graph.deliver(html="<img src=cid:logo>", attachments=[inline])
    raw = (
        "From: a@b.nl\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=e\r\n\r\n"
        "--e\r\nContent-Type: message/rfc822\r\n\r\nSubject: binnenin\r\n\r\nhoi\r\n--e\r\n"
        "Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--e--\r\n"
    )
    nested = graph.deliver(mime=raw)
    kinds = [one["@odata.type"].rsplit(".", 1)[-1] for one in graph.get(f"messages/{nested}/attachments")["value"]]
    files = graph.get(f"messages/{nested}/attachments")["value"]

    assert graph.get(f"messages/{only_inline}")["hasAttachments"] is False
    assert kinds == ["itemAttachment", "fileAttachment"]
    assert graph.call("GET", f"messages/{nested}/attachments/{files[1]['id']}/$value").body == b"%PDF"
    assert graph.call("GET", f"messages/{nested}/attachments/{files[0]['id']}/$value").body.startswith(b"Subject: binnenin")


def test_mime_of_a_received_mail_is_what_came(graph: Caller) -> None:
    raw = b"From: \xe9@b.nl\r\nSubject: =?utf-8?q?kapot\r\nContent-Type: text/plain; charset=nonsense\r\n\r\n\xff\xfe\r\n"
    received = graph.deliver(mime_base64=base64.b64encode(raw).decode())

    assert graph.call("GET", f"messages/{received}/$value").body == raw
    assert graph.call("GET", f"messages/{received}").status == 200


def test_invitation_is_an_event_message(graph: Caller) -> None:
    raw = "From: a@b.nl\r\nSubject: x\r\nContent-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n"

    assert graph.get(f"messages/{graph.deliver(mime=raw)}")["@odata.type"] == "#microsoft.graph.eventMessageRequest"


def changes(graph: Caller, link: str) -> tuple[list[dict[str, Any]], str]:
    found: list[dict[str, Any]] = []
    while True:
        page = graph.get(link, headers=IMMUTABLE)
        found += page["value"]
        if "@odata.deltaLink" in page:
            return found, page["@odata.deltaLink"]
        link = page["@odata.nextLink"]


def test_delta_tells_changes_partly_and_departures_with_their_reason(graph: Caller) -> None:
    kept, moved, deleted = (graph.deliver(subject=name) for name in ("blijft", "verhuist", "weg"))
    first, link = changes(graph, "mailFolders/inbox/messages/delta?$select=subject,isRead")
    graph.call("PATCH", f"messages/{kept}", json={"isRead": True})
    graph.call("POST", f"messages/{moved}/move", json={"destinationId": "archive"})
    graph.call("DELETE", f"messages/{deleted}")
    told, link = changes(graph, link)

    assert [set(entry) for entry in first] == [{"@odata.etag", "id", "subject", "isRead"}] * 3
    assert {entry["id"]: entry.get("@removed", {}).get("reason") for entry in told} == {
        kept: None,
        moved: "changed",
        deleted: "deleted",
    }
    assert next(entry for entry in told if entry["id"] == kept).keys() == {"@odata.etag", "id", "isRead"}
    assert changes(graph, link)[0] == []


def test_delta_filter_and_page_size_are_kept_in_the_token(graph: Caller) -> None:
    graph.deliver(subject="oud")
    graph.control("clock", {"advance_seconds": 100})
    for number in range(5):
        graph.deliver(subject=f"nieuw {number}")
    first_of_five = graph.get("messages?$top=50")["value"][4]
    since = first_of_five["receivedDateTime"]
    page = graph.get(
        f"mailFolders/inbox/messages/delta?$filter=receivedDateTime%20ge%20{since}", headers={"Prefer": "odata.maxpagesize=2"}
    )

    assert len(page["value"]) == 2
    assert "skiptoken" in page["@odata.nextLink"]


@pytest.mark.parametrize(("mode", "status"), [("gone", 410), ("not_found", 400)])
def test_lost_delta_state_is_told_in_both_ways(graph: Caller, mode: str, status: int) -> None:
    _, link = changes(graph, "mailFolders/inbox/messages/delta")
    graph.control("expire-delta", {"mode": mode})
    answer = graph.call("GET", link)

    assert answer.status == status
    assert ("location" in answer.headers) == (status == 410)


def test_sent_copy_appears_after_its_delay_under_the_same_immutable_id(graph: Caller) -> None:
    graph.control("config", {"send_delay_s": 30})
    graph.headers = IMMUTABLE
    draft = graph.draft(toRecipients=to("jan@example.nl"))["id"]
    graph.call("POST", f"messages/{draft}/send")

    assert graph.call("GET", f"messages/{draft}").status == 404
    assert len(graph.control("ledger")["entries"]) == 1
    graph.control("clock", {"advance_seconds": 31})
    assert graph.get(f"messages/{draft}")["isDraft"] is False


def test_send_mail_gives_no_id_and_keeps_mime_as_it_is(graph: Caller) -> None:
    raw = b"To: jan@example.nl\r\nMessage-ID: <own@x>\r\nAuto-Submitted: auto-replied\r\n\r\nHoi\r\n"
    answer = graph.call("POST", "sendMail", headers={"Content-Type": "text/plain"}, data=base64.b64encode(raw))
    plain = graph.call("POST", "sendMail", json={"message": {"toRecipients": to("an@example.nl")}, "saveToSentItems": False})

    assert (answer.status, answer.body, plain.status) == (202, b"", 202)
    assert graph.control("ledger")["entries"][0]["message_id"] == "own@x"
    assert b"Auto-Submitted" in graph.http.request("GET", f"{graph.url}/__sim/outbox/0").body
    assert graph.get("mailFolders/sentitems")["totalItemCount"] == 1


def answered(graph: Caller) -> dict[str, Any]:
    """A mail of ours with a signed reply address, already part of a chain, and its line in the outbox."""
    original = graph.deliver(message_id="<vraag@example.nl>", references="<eerder@example.nl>")
    graph.headers = IMMUTABLE
    marks = {"internetMessageHeaders": [{"name": "x-switchyard-delivery", "value": "d-1"}]}
    reply = {**marks, "replyTo": to("service+t.abc@chargecars.example"), "internetMessageId": "<antwoord@mail.example>"}
    draft = graph.call("POST", f"messages/{original}/createReply", json={"message": reply}).json()["id"]
    graph.call("POST", f"messages/{draft}/send")
    return dict(graph.control("outbox?reference=d-1")["mails"][0])


def test_answer_carries_the_chain_and_the_outbox_shows_it(graph: Caller) -> None:
    mail = answered(graph)

    assert (mail["to"], mail["subject"], mail["reference"]) == (["jan@example.nl"], "RE: Vraag", "d-1")
    assert (mail["in_reply_to"], mail["references"]) == ("vraag@example.nl", ["eerder@example.nl", "vraag@example.nl"])
    assert graph.control("outbox?to=JAN@example.nl")["mails"] == [mail]
    assert graph.control("outbox?to=piet@example.nl")["mails"] == []


def test_customer_answers_a_mail_of_ours_as_a_mail_program_would(graph: Caller) -> None:
    mail = answered(graph)
    received = graph.deliver(subject="Re: Vraag", text="Prima!", in_reply_to=mail["message_id"])
    raw = message_from_bytes(graph.call("GET", f"messages/{received}/$value").body)

    assert raw["In-Reply-To"] == "<antwoord@mail.example>"
    assert raw["References"] == "<eerder@example.nl> <vraag@example.nl> <antwoord@mail.example>"
    assert raw["To"] == "service+t.abc@chargecars.example"
    first = graph.get("mailFolders/sentitems/messages")["value"][0]["conversationId"]
    assert graph.get(f"messages/{received}")["conversationId"] == first


@pytest.mark.parametrize(
    ("kind", "content_type", "marker"),
    [
        ("bounce", "multipart/report", b"Action: failed"),
        ("delayed", "multipart/report", b"Action: delayed"),
        ("delivered", "multipart/report", b"Action: delivered"),
        ("read_receipt", "multipart/report", b"MDN-sent-manually; displayed"),
        ("not_read", "multipart/report", b"MDN-sent-manually; deleted"),
        ("out_of_office", "text/plain", b"Auto-Submitted: auto-generated"),
    ],
)
def test_machines_answer_a_mail_of_ours(graph: Caller, kind: str, content_type: str, marker: bytes) -> None:
    mail = answered(graph)
    received = graph.control("answer", {"kind": kind, "message_id": mail["message_id"]})["delivered"][0]["graph_id"]
    raw = graph.call("GET", f"messages/{received}/$value").body

    assert message_from_bytes(raw).get_content_type() == content_type
    assert marker in raw
    assert b"<antwoord@mail.example>" in raw


def test_mail_to_a_bouncing_domain_bounces_by_itself(graph: Caller) -> None:
    draft = graph.draft(toRecipients=to("piet@bounce.example"))["id"]
    graph.call("POST", f"messages/{draft}/send")

    assert graph.get("mailFolders/inbox/messages")["value"][0]["subject"].startswith("Undeliverable")


def test_mail_between_two_of_our_mailboxes_arrives(graph: Caller) -> None:
    graph.control("config", {"mailboxes": [MAILBOX, "info@chargecars.example"]})
    draft = graph.draft(subject="intern", toRecipients=to("info@chargecars.example"))["id"]
    graph.call("POST", f"messages/{draft}/send")

    inbox = graph.get(f"{graph.url}/v1.0/users/info@chargecars.example/mailFolders/inbox/messages")["value"]
    assert [one["subject"] for one in inbox] == ["intern"]


def test_delayed_mail_arrives_when_the_clock_gets_there(graph: Caller) -> None:
    assert graph.control("deliver", {"mailbox": MAILBOX, "subject": "later", "delay_s": 60})["delivered"] == []
    assert graph.get("messages")["value"] == []
    graph.control("clock", {"advance_seconds": 61})
    assert len(graph.get("messages")["value"]) == 1


def test_reset_forgets_mail_and_keeps_settings(graph: Caller) -> None:
    graph.control("config", {"token_seconds": 60})
    graph.deliver()
    graph.control("reset", {})
    graph.sign_in()

    assert graph.get("messages")["value"] == []
    assert graph.control("config")["token_seconds"] == 60


def test_listing_is_paged_and_counted(graph: Caller) -> None:
    for number in range(5):
        graph.deliver(subject=str(number))
    page = graph.get("mailFolders/inbox/messages?$top=2&$count=true&$select=subject")
    following = graph.get(page["@odata.nextLink"])

    assert (len(page["value"]), page["@odata.count"], len(following["value"])) == (2, 5, 2)
