"""Mails found in files: whatever begins with "From " is read, and no byte of it is called empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.ingest.mail_files import MailFile, Source, read_mails

MAIL = b"From: Pieter <pieter@example.nl>\nSubject: Offerte\n\nBericht %d\n"
SEPARATOR = b"From pieter@example.nl Mon Nov 16 09:00:00 2026\n"


def mails_in(folder: Path, content: bytes) -> list[MailFile]:
    path = folder / "old.mbox"
    path.write_bytes(content)
    return list(read_mails(Source(path)))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_an_mbox_is_read_whatever_ends_its_lines(tmp_path: Path, line_end: bytes) -> None:
    box = b"".join(SEPARATOR + MAIL % n + b"\n" for n in (1, 2, 3)).replace(b"\n", line_end)
    found = mails_in(tmp_path, box)
    assert [mail.problem for mail in found] == [""] * 3
    assert [f"Bericht {n}".encode() in mail.content for n, mail in enumerate(found, start=1)] == [True] * 3


@pytest.mark.parametrize("content", [b"From me to you", b"From \r\r", b"From here on\n", b"From Pieter\rwith love\r"])
def test_a_file_that_only_begins_like_an_mbox_is_one_mail(tmp_path: Path, content: bytes) -> None:
    (mail,) = mails_in(tmp_path, content)
    assert (mail.problem, b"From" in mail.content or mail.content.strip() == b"with love") == ("", True)


def test_an_empty_mail_between_others_is_still_told(tmp_path: Path) -> None:
    found = mails_in(tmp_path, SEPARATOR + b"\n" + SEPARATOR + MAIL % 1)
    assert [mail.problem for mail in found] == ["empty", ""]


def test_the_copy_with_other_line_ends_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    mails_in(tmp_path, (SEPARATOR + MAIL % 1).replace(b"\n", b"\r"))
    assert list(folder.iterdir()) == []
