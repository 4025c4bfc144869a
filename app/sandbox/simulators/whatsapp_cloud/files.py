"""Simulate media files at Meta: their upload, description and content, and when they expire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from flask import Response, request

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.checks import UPLOAD_LIMITS
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError, missing_node
from app.sandbox.simulators.whatsapp_cloud.settings import Number, Settings
from app.sandbox.simulators.whatsapp_cloud.store import Store, StoredFile, new_digits


class Files:
    """The files at Meta: their upload, description and content."""

    def __init__(self, store: Store, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._settings = settings

    def take(self, number: Number) -> StoredFile:
        """Store the file of a multipart upload and return it. Raises `GraphError` for a wrong form, type or size."""
        if request.form.get("messaging_product") != "whatsapp":
            raise GraphError(100, "(#100) The parameter messaging_product is required.")
        file = request.files.get("file")
        if file is None:
            raise GraphError(100, "The parameter file is required.")
        bare, content = (file.content_type or "").split(";")[0].strip().lower(), file.read()
        limit = UPLOAD_LIMITS.get(bare)
        if limit is None:
            raise GraphError(
                100, f"Param file must be a file with one of the following types: {', '.join(UPLOAD_LIMITS)}. Got {bare}."
            )
        if not content or len(content) > limit:
            raise GraphError(131053, f"The file has {len(content)} bytes; 1 to {limit} are allowed for {bare}")
        filename = file.filename or ""
        return self._store.keep_file(
            content,
            phone_number_id=number.phone_number_id,
            mime_type=file.content_type or bare,
            filename=filename,
            is_inbound=False,
        )

    def describe(self, file_id: str) -> Json:
        """Return a file's description with its URL, which works for a few minutes of the simulated clock."""
        kept, settings = self._find(file_id), self._settings()
        mark = new_digits()
        kept.url_expires_at[mark] = self._store.clock.now() + timedelta(seconds=settings.media_url_clock_seconds)
        return {
            "messaging_product": "whatsapp",
            "url": f"{request.host_url}lookaside/whatsapp_business/attachments/?mid={kept.id}&hash={mark}",
            "mime_type": kept.mime_type,
            "sha256": kept.sha256(settings.media_sha256),
            "file_size": len(kept.content),
            "id": kept.id,
        }

    def content(self) -> Response:
        """Return the file's bytes, or the file host's plain 404 for a URL that has expired."""
        kept = self._store.files.get(request.args.get("mid", ""))
        expires_at = kept.url_expires_at.get(request.args.get("hash", "")) if kept else None
        if kept is None or expires_at is None or self._store.clock.now() > expires_at:
            return Response("Not Found", 404, content_type="text/plain")
        return Response(kept.content, content_type=kept.mime_type)

    def forget(self, file_id: str) -> Json:
        del self._store.files[self._find(file_id).id]
        return {"success": True}

    def _find(self, file_id: str) -> StoredFile:
        kept = self._store.files.get(file_id)
        wanted_number = request.args.get("phone_number_id")
        if kept is None or kept.is_gone(self._store.clock.now()) or wanted_number not in (None, kept.phone_number_id):
            raise missing_node(file_id)
        return kept
