"""The simulated Graph refuses what the real one refuses; one that accepts everything would prove nothing."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.http import HttpResponse
from tests.sandbox.simulators.graph_caller import Caller, code_of, running_graph, to


@pytest.fixture
def graph() -> Iterator[Caller]:
    with running_graph() as caller:
        yield caller


@pytest.mark.parametrize(
    ("form", "status", "number"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_id": "nobody"}, 400, 700016),
        ({"grant_type": "password"}, 400, 70003),
        ({"scope": "https://vault.example/.default"}, 400, 500011),
    ],
)
def test_sign_in_is_refused(graph: Caller, form: dict[str, str], status: int, number: int) -> None:
    answer = graph.sign_in(**form)

    assert (answer.status, answer.json()["error_codes"]) == (status, [number])


@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic abc"])
def test_call_without_a_token_is_refused(graph: Caller, authorization: str) -> None:
    assert code_of(graph.call("GET", "messages", headers={"Authorization": authorization})) == (401, "InvalidAuthenticationToken")


def test_expired_token_is_refused(graph: Caller) -> None:
    graph.control("clock", {"advance_seconds": 3600})

    assert code_of(graph.call("GET", "messages")) == (401, "InvalidAuthenticationToken")


def test_role_is_needed_for_each_kind_of_call(graph: Caller) -> None:
    draft = graph.draft(toRecipients=to("jan@example.nl"))["id"]
    graph.control("config", {"roles": ["Mail.Read"]})
    graph.sign_in()

    assert graph.call("GET", "messages").status == 200
    assert code_of(graph.call("POST", "messages", json={})) == (403, "ErrorAccessDenied")
    assert code_of(graph.call("POST", f"messages/{draft}/send")) == (403, "ErrorAccessDenied")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"internetMessageHeaders": [{"name": "In-Reply-To", "value": "<a@b>"}]}, "InvalidInternetMessageHeader"),
        (
            {"internetMessageHeaders": [{"name": f"x-{n}", "value": "1"} for n in range(6)]},
            "InvalidInternetMessageHeaderCollection",
        ),
        ({"toRecipients": to("geen adres")}, "ErrorInvalidRecipients"),
        ({"toRecipients": to(*(f"a{n}@example.nl" for n in range(501)))}, "ErrorExceededMaxRecipientLimit"),
        ({"internetMessageId": "without brackets"}, "ErrorInvalidPropertySet"),
        ({"receivedDateTime": "2026-01-01T00:00:00Z"}, "ErrorInvalidPropertySet"),
        ({"colour": "red"}, "ErrorInvalidPropertySet"),
    ],
)
def test_draft_is_refused(graph: Caller, body: dict[str, Any], code: str) -> None:
    assert code_of(graph.call("POST", "messages", json=body)) == (400, code)
    assert graph.get("mailFolders/drafts")["totalItemCount"] == 0


def test_five_headers_are_taken(graph: Caller) -> None:
    headers = [{"name": f"X-{n}", "value": "1"} for n in range(5)]
    draft = graph.draft(internetMessageHeaders=headers)["id"]

    assert graph.get(f"messages/{draft}?$select=internetMessageHeaders")["internetMessageHeaders"] == headers


@pytest.mark.parametrize("name", ["internetMessageHeaders", "singleValueExtendedProperties"])
def test_marks_cannot_be_added_later(graph: Caller, name: str) -> None:
    draft = graph.draft()["id"]

    assert code_of(graph.call("PATCH", f"messages/{draft}", json={name: []})) == (400, "ErrorInvalidPropertySet")


def test_received_mail_can_be_marked_but_not_rewritten(graph: Caller) -> None:
    received = graph.deliver()

    assert graph.call("PATCH", f"messages/{received}", json={"isRead": True, "categories": ["In behandeling"]}).json()["isRead"]
    assert code_of(graph.call("PATCH", f"messages/{received}", json={"subject": "x"})) == (400, "ErrorInvalidPropertySet")


def test_comment_and_body_together_are_refused(graph: Caller) -> None:
    received = graph.deliver()
    both = {"comment": "ja", "message": {"body": {"contentType": "text", "content": "nee"}}}

    assert graph.call("POST", f"messages/{received}/createReply", json=both).status == 400


def test_mime_that_is_not_base64_is_refused(graph: Caller) -> None:
    answer = graph.call("POST", "messages", headers={"Content-Type": "text/plain"}, data=b"Subject: x\r\n\r\n")

    assert code_of(answer) == (400, "ErrorMimeContentInvalidBase64String")


def test_broken_json_is_refused(graph: Caller) -> None:
    answer = graph.call("POST", "messages", headers={"Content-Type": "application/json"}, data=b'{"subject":')

    assert answer.status == 400


def file_of(size: int) -> dict[str, Any]:
    content = base64.b64encode(b"x" * size).decode()
    return {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.bin", "contentBytes": content}


def test_large_file_needs_an_upload_session_and_a_small_one_may_not_have_one(graph: Caller) -> None:
    path = f"messages/{graph.draft()['id']}/attachments"
    session = {"AttachmentItem": {"attachmentType": "file", "name": "a.bin", "size": 3 * 1024 * 1024 - 1}}

    assert graph.call("POST", path, json=file_of(3 * 1024 * 1024)).status == 413
    assert graph.call("POST", path, json=file_of(3 * 1024 * 1024 - 1)).status == 201
    refused = graph.call("POST", f"{path}/createUploadSession", json=session)
    assert code_of(refused) == (400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize")


def test_chunks_must_come_whole_in_order_and_without_our_token(graph: Caller) -> None:
    path = f"messages/{graph.draft()['id']}/attachments/createUploadSession"
    item = {"attachmentType": "file", "name": "a.bin", "size": 5_000_000}
    url = graph.call("POST", path, json={"AttachmentItem": item}).json()["uploadUrl"]

    def put(first: int, size: int, *, stated: int | None = None, **headers: str) -> int:
        ranged = {"Content-Range": f"bytes {first}-{first + (stated or size) - 1}/5000000"}
        plain = {"Authorization": "", "Content-Type": "application/octet-stream"}
        return graph.call("PUT", url, headers={**plain, **ranged, **headers}, data=b"x" * size).status

    assert put(0, 2_000_000, Authorization=f"Bearer {graph.token}") == 401
    assert put(0, 2_000_000, **{"Content-Type": "application/json"}) == 400
    assert put(0, 2_000_000, stated=1_000_000) == 400
    assert put(2_000_000, 2_000_000) == 416
    assert put(0, 4 * 1024 * 1024) == 413
    assert put(0, 2_000_000) == 200
    assert put(0, 2_000_000) == 416
    assert put(2_000_000, 3_000_000) == 201
    assert put(2_000_000, 3_000_000) == 404


def test_send_needs_a_draft_with_somebody_to_send_to(graph: Caller) -> None:
    empty = graph.draft()["id"]
    received = graph.deliver()

    assert code_of(graph.call("POST", f"messages/{empty}/send")) == (400, "ErrorInvalidRecipients")
    assert graph.call("POST", f"messages/{received}/send").status == 400
    assert graph.control("ledger")["entries"] == []


def test_draft_can_be_sent_once(graph: Caller) -> None:
    graph.headers = {"Prefer": 'IdType="ImmutableId"'}
    draft = graph.draft(toRecipients=to("jan@example.nl"))["id"]

    assert graph.call("POST", f"messages/{draft}/send").status == 202
    assert graph.call("POST", f"messages/{draft}/send").status == 400
    assert len(graph.control("ledger")["entries"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        "$filter=contains(subject,'x')",
        "$filter=from/emailAddress/address eq 'x'",
        "$select=colour",
        "$expand=attachments",
        "$search=x&$filter=y",
    ],
)
def test_query_that_is_not_supported_is_refused(graph: Caller, query: str) -> None:
    graph.deliver()

    assert graph.call("GET", "messages?" + query.replace(" ", "%20")).status == 400


@pytest.mark.parametrize("query", ["$search=x", "$orderby=subject", "$filter=isRead eq false", "$deltatoken=invented"])
def test_delta_query_that_is_not_supported_is_refused(graph: Caller, query: str) -> None:
    assert graph.call("GET", "mailFolders/inbox/messages/delta?" + query.replace(" ", "%20")).status == 400


def test_fifth_call_at_a_time_is_refused_with_a_wait(graph: Caller) -> None:
    graph.control("config", {"latency_s": 3})  # six calls meet within that, however busy the machine
    answers: list[HttpResponse] = []
    threads = [threading.Thread(target=lambda: answers.append(graph.call("GET", "mailFolders/inbox"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answer.status for answer in answers) == [200, 200, 200, 200, 429, 429]
    assert {answer.headers.get("retry-after") for answer in answers if answer.status == 429} == {"1"}


def test_unknown_mailbox_folder_mail_and_route_are_not_found(graph: Caller) -> None:
    other = graph.url + "/v1.0/users/nobody@chargecars.example/messages"

    assert code_of(graph.call("GET", other)) == (404, "ErrorInvalidUser")
    assert graph.call("GET", "mailFolders/Postvak%20IN").status == 404
    assert code_of(graph.call("GET", "messages/AAMk")) == (404, "ErrorItemNotFound")
    assert graph.call("GET", "chats").status == 404


def test_setting_that_does_not_exist_is_refused(graph: Caller) -> None:
    answer = graph.http.request("POST", f"{graph.url}/__sim/config", json={"colour": "red"})

    assert answer.status == 400
