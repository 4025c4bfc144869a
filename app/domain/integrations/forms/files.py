"""Find the files among the answers of a form. Nothing is fetched here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from app.contract.base import InboundAttachment
from app.contract.forms import Submission
from app.mail.filenames import safe_filename

MOST_FILES, MOST_CHARACTERS = 20, 4000
_FILE_TYPES = ("FileUpload", "AudioRecording", "Signature")


@dataclass(frozen=True)
class FormFile:
    """A file in a form's answers. `key` identifies the file within its submission; it leaves out the changing signature in the
    URL."""

    url: str
    filename: str

    @property
    def key(self) -> str:
        return f"{self.filename} {self.url.partition('?')[0].partition('#')[0]}"

    def announced(self, *, linked_by: str) -> InboundAttachment:
        """Return the file as an attachment that is still to be fetched."""
        return InboundAttachment(self.filename, "application/octet-stream", provider_url=self.url, linked_by=linked_by)


def read_files(submission: Submission) -> tuple[FormFile, ...]:
    """Return the files in a form's answers, in order and without repeats, at most MOST_FILES. Further files remain as links in
    the text.

    A question for files is recognised by its type. If the post gives no types, a value with a URL and a file name is a file.
    """
    found = {
        file.key: file
        for answer in submission.answers
        for file in _files(answer.value, is_file=answer.type in _FILE_TYPES, fallback=answer.name)
    }
    return tuple(found.values())[:MOST_FILES]


def _files(value: Any, *, is_file: bool, fallback: str) -> Iterator[FormFile]:
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict) and (is_file or one.get("filename")):
            yield from _file(one.get("url"), str(one.get("filename") or one.get("name") or ""), fallback)
        elif is_file:
            yield from _file(one, "", fallback)


def _file(url: Any, name: str, fallback: str) -> Iterator[FormFile]:
    """Yield the file at a URL. Yield nothing if the value is not an http(s) URL."""
    try:
        parts = urlsplit(url) if isinstance(url, str) and len(url) <= MOST_CHARACTERS else None
    except ValueError:
        return
    if parts is not None and parts.scheme in ("http", "https") and parts.netloc:
        yield FormFile(url, safe_filename(name or unquote(parts.path).rpartition("/")[2] or fallback))
