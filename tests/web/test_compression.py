"""What leaves is packed for who reads brotli or gzip, and whole for everybody else."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import brotli
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


@pytest.mark.parametrize(
    ("reads", "encoding", "unpacked"), [("gzip, br", "br", brotli.decompress), ("deflate, gzip, br;q=0", "gzip", gzip.decompress)]
)
def test_pages_and_files_are_packed_and_say_so(
    app: Flask, db_session: Session, page_client: PageClient, reads: str, encoding: str, unpacked: Callable[[bytes], bytes]
) -> None:
    alice = make_user(db_session, "Alice", brands=(make_brand(db_session),))
    db_session.commit()
    client = page_client.plain
    sign_in(client, db_session, alice)
    text = client.get("/inbox").text
    sheet, script = (text.split(before)[1].split('"')[0] for before in ('rel="stylesheet" href="', 'type="module" src="'))
    for path in ("/inbox", sheet, script, "/static/js/lib/focus.js?v=1"):
        whole, packed = client.get(path), client.get(path, headers={"Accept-Encoding": reads})
        assert "Content-Encoding" not in whole.headers
        assert packed.headers["Content-Encoding"] == encoding
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert int(packed.headers["Content-Length"]) == len(packed.data) < len(whole.data) / 2
        if path != "/inbox":  # whose token is signed anew each time
            assert unpacked(packed.data) == whole.data
    for path in (sheet, script):
        assert "immutable" in client.get(path).headers["Cache-Control"]
    assert ".thread-row" in client.get(sheet).text


def test_a_file_that_did_not_change_is_not_sent_again(page_client: PageClient) -> None:
    first = page_client.plain.get("/static/js/main.js", headers={"Accept-Encoding": "gzip"})
    again = page_client.plain.get(
        "/static/js/main.js", headers={"Accept-Encoding": "gzip", "If-None-Match": first.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
