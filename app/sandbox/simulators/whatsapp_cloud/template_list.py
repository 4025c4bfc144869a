"""Simulate the template list of a business account: paging, making, deleting."""

from __future__ import annotations

from collections.abc import Callable

from flask import request

from app.sandbox.simulators.common import Json
from app.sandbox.simulators.whatsapp_cloud.graph_error import GraphError, missing_node
from app.sandbox.simulators.whatsapp_cloud.settings import Settings
from app.sandbox.simulators.whatsapp_cloud.store import Store, new_digits
from app.sandbox.simulators.whatsapp_cloud.templates import created


class Templates:
    """The templates of a business account, as the API lists, makes and deletes them."""

    def __init__(self, store: Store, settings: Callable[[], Settings]) -> None:
        self._store = store
        self._settings = settings

    def page(self, waba_id: str) -> Json:
        """Return one page of templates as JSON, following `limit`, `after` (the cursor) and `name` of the request.

        The page has a `next` link only if more templates follow.
        """
        self._check_account(waba_id)
        names = request.args.get("name")
        known = [template.to_json() for template in self._store.templates.values() if names in (None, template.name)]
        limit = min(int(request.args.get("limit", 25)), 100)
        start = int(request.args.get("after") or 0)
        page, end = known[start : start + limit], start + limit
        paging: Json = {"cursors": {"before": str(start), "after": str(min(end, len(known)))}}
        if end < len(known):
            paging["next"] = f"{request.base_url}?limit={limit}&after={end}"
        return {"data": page, "paging": paging}

    def create(self, waba_id: str, body: Json) -> Json:
        self._check_account(waba_id)
        template = created(body, template_id=new_digits(), status=self._settings().template_review)
        with self._store.lock:
            if (template.name, template.language) in self._store.templates:
                raise GraphError(100, "There is already content in this language for this template", subcode=2388024)
            self._store.templates[template.name, template.language] = template
        return {"id": template.id, "status": template.status, "category": template.category}

    def delete(self, waba_id: str, name: str) -> Json:
        self._check_account(waba_id)
        with self._store.lock:
            gone = [key for key in self._store.templates if key[0] == name]
            for key in gone:
                del self._store.templates[key]
        if not gone:
            raise GraphError(100, "There is no template with this name", subcode=2593002)
        return {"success": True}

    def _check_account(self, waba_id: str) -> None:
        if not self._settings().numbers_of(waba_id):
            raise missing_node(waba_id)
