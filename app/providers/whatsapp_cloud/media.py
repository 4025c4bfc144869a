"""Upload and fetch media files: the kind a file is sent as, and how a customer's file is fetched.

A customer's file is fetched in two steps: request its address, which is valid for five minutes, then fetch it with the
token. If the address has expired (404), it is requested once more. Limits:
https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.contract.base import ChannelAccount, OutgoingAttachment, ProviderError, Reason
from app.contract.fetching import FetchedMedia
from app.core.text import known
from app.core.text import mark as N_
from app.providers.whatsapp_cloud.api import CloudApi
from app.providers.whatsapp_cloud.errors import cannot_send
from app.providers.whatsapp_cloud.reading import Json, hex_sha256, sha256_hex, text_of

_NOT_TAKEN = known("WhatsApp does not accept %(type)s")
_CONVERT_FIRST = known("Convert the file to %(type)s first.")
_TOO_LARGE = known("The file is larger than %(limit)s MB")
_NOT_AT_HEAD = known("This template does not accept %(type)s")
_WANTED = known("Accepted: %(types)s.")
_WITHOUT = known("The answer from WhatsApp has no “%(name)s”")

_MB = 1_048_576


@dataclass(frozen=True)
class MediaKind:
    """A kind of file as WhatsApp knows it; empty `content_types` take any type."""

    name: str
    max_bytes: int
    content_types: frozenset[str] = frozenset()
    takes_caption: bool = True


DOCUMENT = MediaKind("document", 100 * _MB)
KINDS = (
    MediaKind("image", 5 * _MB, frozenset({"image/jpeg", "image/png"})),
    MediaKind("video", 16 * _MB, frozenset({"video/mp4", "video/3gpp"})),
    MediaKind(
        "audio", 16 * _MB, frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}), takes_caption=False
    ),
    DOCUMENT,
)
_CONVERT = {
    "image/heic": "JPEG",
    "image/heif": "JPEG",
    "image/webp": "JPEG or PNG",
    "audio/webm": "OGG (Opus) or MP3",
    "video/webm": "MP4",
}


def bare_type(content_type: str) -> str:
    """Return a mime type without its parameters, lower case."""
    return content_type.split(";")[0].strip().lower()


def kind_for(attachment: OutgoingAttachment) -> MediaKind:
    """Return the kind a file is sent as: its own kind if its size fits, else a document, which leaves a large photo unchanged.

    Raises ProviderError (permanent) for a file that WhatsApp would not accept in any kind.
    """
    content_type, size = bare_type(attachment.content_type), len(attachment.content)
    problem = find_file_problem(content_type, size)
    if problem is not None:
        raise ProviderError(replace(problem, detail=attachment.filename), permanent=True)
    return _kind(content_type, size)


def find_file_problem(content_type: str, size_bytes: int) -> Reason | None:
    """Return the reason why WhatsApp would refuse a file of this type and size. Return None if it would accept it."""
    bare = bare_type(content_type)
    if bare in _CONVERT:
        return Reason("attachment", _NOT_TAKEN % {"type": bare}, advice=_CONVERT_FIRST % {"type": _CONVERT[bare]})
    if not size_bytes:
        return Reason("attachment", N_("The file is empty"), advice=N_("Attach it again."))
    if size_bytes > DOCUMENT.max_bytes:
        too_large = _TOO_LARGE % {"limit": DOCUMENT.max_bytes // _MB}
        return Reason("attachment", too_large, advice=N_("Send a smaller file, or a link to the file."))
    return None


def find_header_problem(header: str, content_type: str, size_bytes: int) -> Reason | None:
    """Return the reason why a file of this type and size cannot be the header of a template. Return None if it can.

    `header` is the kind of file that the template requires ("image", "video", "document").
    """
    kind = next((kind for kind in KINDS if kind.name == header), None)
    bare = bare_type(content_type)
    if kind is None or (kind.content_types and bare not in kind.content_types):
        wanted = ", ".join(sorted(kind.content_types)) if kind else header
        return Reason("attachment", _NOT_AT_HEAD % {"type": bare}, advice=_WANTED % {"types": wanted})
    if size_bytes > kind.max_bytes:
        too_large = _TOO_LARGE % {"limit": kind.max_bytes // _MB}
        return Reason("attachment", too_large, advice=N_("Send a smaller file, or a link to the file."))
    return find_file_problem(bare, size_bytes)


def takes_caption(content_type: str) -> bool:
    """Return whether a file of this type can have a caption."""
    bare = bare_type(content_type)
    return not any(bare in kind.content_types and not kind.takes_caption for kind in KINDS)


def _kind(content_type: str, size: int) -> MediaKind:
    fitting = (
        kind for kind in KINDS if size <= kind.max_bytes and (not kind.content_types or content_type in kind.content_types)
    )
    return next(fitting, DOCUMENT)


def upload(api: CloudApi, attachment: OutgoingAttachment, *, account: ChannelAccount) -> str:
    """Upload a file and return its media id, good for 30 days. Raises ProviderError."""
    content_type = bare_type(attachment.content_type)
    answer = api.upload(
        f"{account.address}/media",
        account=account,
        fields={"messaging_product": "whatsapp", "type": content_type},
        file=(attachment.filename, attachment.content, content_type),
    )
    return _needed(answer, "id")


def fetch(api: CloudApi, media_id: str, *, account: ChannelAccount) -> FetchedMedia:
    """Fetch a file that a customer sent.

    Raises ProviderError. It is permanent if the file is gone or too large, and temporary if the file arrived damaged or its
    link does not work.
    """
    for _ in range(2):
        info = api.get(media_id, account=account, params={"phone_number_id": account.address})
        limit = _limit(info)
        answer = api.download(_needed(info, "url"), account=account, max_bytes=limit)
        if answer.status != 404:
            _check_sum(info, answer.body)
            return FetchedMedia(answer.body, text_of(info, "mime_type") or answer.headers.get("content-type", ""))
    raise ProviderError(
        Reason("media_expired", N_("WhatsApp's link to the file does not work")), permanent=False, status_code=404
    )


def _limit(info: Json) -> int:
    """Return the largest size in bytes for a file of the announced type. Raises ProviderError if the announced size is larger."""
    content_type = bare_type(text_of(info, "mime_type"))
    limit = next((kind.max_bytes for kind in KINDS if content_type in kind.content_types), DOCUMENT.max_bytes)
    size = text_of(info, "file_size")
    if size.isdecimal() and int(size) > limit:
        raise cannot_send("media_too_large", _TOO_LARGE % {"limit": limit // _MB}, N_("Ask for a smaller file."), f"{size} bytes")
    return limit


def _check_sum(info: Json, content: bytes) -> None:
    """Raise ProviderError if the content does not have the announced checksum. The error is temporary: the next try may
    succeed."""
    announced = hex_sha256(text_of(info, "sha256"))
    if announced and announced != sha256_hex(content):
        raise ProviderError(
            Reason("media_checksum", N_("The file arrived damaged"), advice=N_("We will fetch the file again automatically.")),
            permanent=False,
        )


def _needed(answer: Any, name: str) -> str:
    value = text_of(answer, name)
    if not value:
        raise ProviderError(Reason("bad_answer", _WITHOUT % {"name": name}), permanent=False)
    return value
