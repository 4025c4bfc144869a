"""`mail import`: any file, in any order, any number of times; each mail in exactly one reported state."""

from __future__ import annotations

import json
import logging
import os
import random
import sys
from collections import Counter
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message
from app.process.cli import send_logs_to_stderr
from tests.factories import make_brand, make_channel
from tests.process.cli.conftest import Run
from tests.support.full import amount

CORPUS = Path(__file__).parents[2] / "mail" / "corpus"
RESULTS = {"threaded", "new", "automatic", "bounce", "duplicate", "quarantined"}
KEYS = {"file", "result", "reason", "thread_id", "message_id"}


@pytest.fixture
def channel(app: Flask, db_session: Session) -> Channel:
    with app.app_context():
        keyring = runtime().keyring
    address = "service@chargecars.example"
    channel = make_channel(
        db_session, make_brand(db_session), ChannelType.EMAIL, keyring=keyring, address=address, name="Archive"
    )
    make_channel(db_session, make_brand(db_session, "laderthuis"), keyring=keyring, name="Chat")
    db_session.commit()
    return channel


def mail(n: int, *refs: int, subject: str = "Offerte") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Pieter <pieter@example.nl>", "service@chargecars.example", subject
    message["Message-ID"], message["Date"] = f"<m{n}@example.nl>", f"Mon, 16 Nov 2026 09:{n:02}:00 +0000"
    if refs:
        message["In-Reply-To"] = f"<m{refs[-1]}@example.nl>"
        message["References"] = " ".join(f"<m{r}@example.nl>" for r in refs)
    message.set_content(f"Bericht {n}")
    return message.as_bytes()


def records(result: Result) -> list[dict[str, str]]:
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert all(set(record) == KEYS and record["result"] in RESULTS for record in found)
    return found


def imported(run: Run, *paths: Path) -> list[dict[str, str]]:
    result = run("mail", "import", *map(str, paths), "--channel", "Archive", "--json")
    assert result.exit_code == 0, result.output
    return records(result)


def partition(session: Session) -> set[frozenset[str]]:
    groups: dict[object, set[str]] = {}
    for row in session.execute(sa.select(Message.thread_id, Message.external_id)):
        groups.setdefault(row.thread_id, set()).add(row.external_id)
    return {frozenset(ids) for ids in groups.values()}


def test_a_chain_becomes_one_thread_and_each_mail_says_what_became_of_it(
    run: Run, channel: Channel, tmp_path: Path, db_session: Session
) -> None:
    for n, content in enumerate((mail(1), mail(2, 1), mail(3, 1, 2), mail(4, subject="Iets anders"))):
        (tmp_path / f"{n}.eml").write_bytes(content)
    found = imported(run, tmp_path)
    assert [record["result"] for record in found] == ["new", "threaded", "threaded", "new"]
    assert len({record["thread_id"] for record in found[:3]}) == 1
    assert [Path(record["file"]).name for record in found] == ["0.eml", "1.eml", "2.eml", "3.eml"]
    stored = set(db_session.execute(sa.select(Message.id)).scalars())
    assert {record["message_id"] for record in found} == {str(message_id) for message_id in stored}


def test_importing_again_reports_duplicates_with_where_they_are_and_changes_nothing(
    run: Run, channel: Channel, tmp_path: Path, db_session: Session
) -> None:
    (tmp_path / "a.eml").write_bytes(mail(1))
    (tmp_path / "b.eml").write_bytes(mail(1))
    first = imported(run, tmp_path)
    again = imported(run, tmp_path)
    assert [r["result"] for r in first] == ["new", "duplicate"]
    assert [r["result"] for r in again] == ["duplicate", "duplicate"]
    assert {r["message_id"] for r in (*first, *again)} == {first[0]["message_id"]}
    assert db_session.execute(sa.select(sa.func.count(Message.id))).scalar_one() == 1


def test_an_mbox_gives_each_of_its_mails_with_its_place(run: Run, channel: Channel, tmp_path: Path) -> None:
    box = b"".join(b"From pieter@example.nl Mon Nov 16 09:00:00 2026\n" + mail(n) + b"\n" for n in (1, 2, 3))
    (tmp_path / "old.mbox").write_bytes(box)
    (tmp_path / "no suffix").write_bytes(box)
    assert [Path(r["file"]).name for r in imported(run, tmp_path / "old.mbox")] == ["old.mbox#1", "old.mbox#2", "old.mbox#3"]
    assert [r["result"] for r in imported(run, tmp_path / "no suffix")] == ["duplicate"] * 3


def test_folders_are_searched_to_the_bottom_maildirs_too_and_other_files_left_alone(
    run: Run, channel: Channel, tmp_path: Path
) -> None:
    for path, content in {
        "a/b/c.EML": mail(1),
        "box/cur/1763.M1P1.host:2,S": mail(2),
        "box/new/1763.M2P2.host": mail(3),
        "README.md": b"not a mail",
        "a/.gitattributes": b"*.eml -text",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    result = run("mail", "import", str(tmp_path), "--channel", "Archive", "--json")
    assert len(records(result)) == 3
    assert "2 other files were left alone" in result.stderr


def test_what_cannot_be_read_is_reported_and_holds_nothing_up(run: Run, channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "empty.eml").write_bytes(b" \r\n")
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.eml")
    (tmp_path / "zgood.eml").write_bytes(mail(1))
    (tmp_path / os.fsdecode(b"\xff\xfe name.eml")).write_bytes(mail(2))
    found = imported(run, tmp_path, tmp_path / "missing.eml")
    by_name = {Path(r["file"]).name: r for r in found}
    assert {name: r["result"] for name, r in by_name.items()} == {
        "empty.eml": "quarantined",
        "gone.eml": "quarantined",
        "pipe.eml": "quarantined",
        "missing.eml": "quarantined",
        "zgood.eml": "new",
        "\ufffd\ufffd name.eml": "new",
    }
    assert "no such file" in by_name["missing.eml"]["reason"]
    assert "no ordinary file" in by_name["pipe.eml"]["reason"]


@pytest.mark.parametrize("content", [b"\x00" * 300, b"\xff\xfe\xfd", b"no headers at all", b"From", b"Subject: =?x?q?y?=\n\n"])
def test_nonsense_is_kept_and_ends_in_one_state(
    run: Run, channel: Channel, tmp_path: Path, content: bytes, db_session: Session
) -> None:
    (tmp_path / "x.eml").write_bytes(content)
    (record,) = imported(run, tmp_path)
    assert record["result"] in RESULTS
    assert db_session.execute(sa.select(InboundEvent.body)).scalar_one() == content


def test_a_mail_that_was_quarantined_is_tried_again_when_imported_again(
    run: Run, channel: Channel, tmp_path: Path, db_session: Session, app: Flask
) -> None:
    (tmp_path / "x.eml").write_bytes(mail(1))
    imported(run, tmp_path)
    db_session.execute(sa.delete(Message))
    db_session.execute(sa.update(InboundEvent).values(state="quarantined", reason="a bug since mended", results=[]))
    db_session.commit()
    (record,) = imported(run, tmp_path)
    assert record["result"] == "new"
    event = db_session.execute(sa.select(InboundEvent).execution_options(populate_existing=True)).scalar_one()
    assert (event.state, event.reason) == ("done", None)


def test_a_person_reads_a_line_for_each_mail_and_a_summary(run: Run, channel: Channel, tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(1))
    lines = run("mail", "import", str(tmp_path), "--channel", "Archive").output.splitlines()
    assert lines[0].startswith("new ")
    assert lines[-1] == "1 mail: 0 threaded, 1 new, 0 automatic, 0 bounce, 0 duplicate, 0 quarantined"


@pytest.mark.parametrize("name, told", [("Nope", "is no channel; there are Archive"), ("Chat", "is no email channel")])
def test_a_channel_that_takes_no_mail_is_refused_in_one_line(
    run: Run, channel: Channel, tmp_path: Path, name: str, told: str
) -> None:
    result = run("mail", "import", str(tmp_path), "--channel", name)
    assert result.exit_code == 1
    assert told in result.output


def test_more_mails_than_a_batch_are_all_there(run: Run, channel: Channel, tmp_path: Path, db_session: Session) -> None:
    for n in range(60):
        (tmp_path / f"{n:02}.eml").write_bytes(mail(n, subject=f"Nr {n}"))
    assert Counter(r["result"] for r in imported(run, tmp_path)) == {"new": 60}
    assert db_session.execute(sa.select(sa.func.count(InboundEvent.id)).where(InboundEvent.state == "done")).scalar_one() == 60


def test_the_whole_corpus_goes_in_without_an_exception_and_twice_without_a_change(
    run: Run, channel: Channel, db_session: Session
) -> None:
    files = sorted(CORPUS.rglob("*.eml"))[:: amount(10, full=1)]
    assert files
    first = imported(run, *files)
    assert len(first) == len(files)
    assert not [r for r in first if r["result"] == "quarantined" and "Error" in (r["reason"] or "")]
    threads = partition(db_session)
    again = imported(run, *random.Random(7).sample(files, len(files) // 2))
    assert {r["result"] for r in again} <= {"duplicate", "quarantined"}
    assert partition(db_session) == threads


def test_what_is_logged_does_not_get_into_what_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    handler = logging.StreamHandler(sys.stdout)
    logging.getLogger().addHandler(handler)
    try:
        send_logs_to_stderr()
        logging.getLogger("test").warning("a line of the log")
    finally:
        logging.getLogger().removeHandler(handler)
    captured = capsys.readouterr()
    assert "a line of the log" not in captured.out
    assert "a line of the log" in captured.err
