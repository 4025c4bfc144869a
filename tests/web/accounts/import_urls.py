"""The URLs of imports and exports, and who may use them; part of the table in every_url.py."""

from __future__ import annotations

from tests.web.accounts.audiences import LEADS, LEADS_OF_BRAND, TOKEN, TOKEN_OF_ANY_LEAD, TOKEN_OF_IMPORTERS, Entry, api

IMPORTS = (
    Entry("GET", "/imports", LEADS),
    Entry("POST", "/imports", LEADS, data={"kind": "orders"}),
    Entry("GET", "/imports/<uuid:import_id>", LEADS_OF_BRAND),
    Entry("POST", "/imports/<uuid:import_id>/columns", LEADS_OF_BRAND),
    Entry("POST", "/imports/<uuid:import_id>/start", LEADS_OF_BRAND),
    Entry("POST", "/imports/<uuid:import_id>/undo", LEADS_OF_BRAND),
    Entry("POST", "/imports/<uuid:import_id>/again", LEADS_OF_BRAND),
    Entry("GET", "/imports/<uuid:import_id>/errors.csv", LEADS_OF_BRAND),
    *api("POST", "/imports", TOKEN),
    *api("GET", "/imports", TOKEN_OF_ANY_LEAD),
    *api("GET", "/imports/<uuid:id>", TOKEN_OF_IMPORTERS),
    *api("GET", "/imports/<uuid:id>/rows", TOKEN_OF_IMPORTERS),
    *api("PUT", "/imports/<uuid:id>/columns", TOKEN_OF_IMPORTERS, {"columns": []}),
    *api("POST", "/imports/<uuid:id>/steps", TOKEN_OF_IMPORTERS, {"step": "start"}),
    Entry("GET", "/orders/export", LEADS),
    Entry("GET", "/settings/articles/export", LEADS),
    Entry("GET", "/settings/articles/prices/export", LEADS),
)
