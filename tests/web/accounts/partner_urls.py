"""Every URL of partners: their pages, their place in the application's API, and the API that their own programs call."""

from __future__ import annotations

from tests.web.accounts.audiences import ADMINS, PUBLIC, SIGN_IN, TOKEN_OF_ADMINS, Audience, Entry, api, change, partner_api

ADMINS_OF_THINGS = Audience(SIGN_IN, 403, 403, 404, 403, 403)  # there is no endpoint and no delivery in this world

PARTNERS = (
    Entry("GET", "/settings/partners", ADMINS),
    Entry("POST", "/settings/partners", ADMINS, data={"name": ""}),
    Entry("GET", "/settings/partners/new", ADMINS),
    Entry("GET", "/settings/partners/<uuid:partner_id>", ADMINS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/activity", ADMINS, data={"active": "1"}),
    Entry("GET", "/settings/partners/<uuid:partner_id>/settings", ADMINS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/settings", ADMINS, data={"name": ""}),
    Entry("POST", "/settings/partners/<uuid:partner_id>/statuses", ADMINS, data={"out_new": "RECEIVED"}),
    Entry("GET", "/settings/partners/<uuid:partner_id>/orders", ADMINS),
    Entry("GET", "/settings/partners/<uuid:partner_id>/calls", ADMINS, query="failed=1"),
    Entry("POST", "/settings/partners/<uuid:partner_id>/keys", ADMINS, data={"scopes": "orders:read"}),
    Entry("POST", "/settings/partners/<uuid:partner_id>/keys/<uuid:partner_key_id>/rotation", ADMINS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/keys/<uuid:partner_key_id>/revocation", ADMINS),
    Entry("GET", "/settings/partners/<uuid:partner_id>/products", ADMINS, query="sku=GRO-1"),
    Entry("POST", "/settings/partners/<uuid:partner_id>/products", ADMINS, data={"partner_sku": ""}),
    Entry("POST", "/settings/partners/<uuid:partner_id>/products/table", ADMINS, data={"table": "partner_sku;article\nA;B"}),
    Entry("POST", "/settings/partners/<uuid:partner_id>/products/<uuid:product_id>/removal", ADMINS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/callbacks/<environment>", ADMINS, data={"url": "nowhere"}),
    Entry("POST", "/settings/partners/<uuid:partner_id>/callbacks/<environment>/secret", ADMINS_OF_THINGS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/callbacks/<environment>/test", ADMINS_OF_THINGS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/deliveries/<uuid:delivery_id>/retry", ADMINS_OF_THINGS),
    Entry("GET", "/settings/partners/<uuid:partner_id>/commissions", ADMINS, query="month=2026-11"),
    Entry("GET", "/settings/partners/<uuid:partner_id>/commissions.csv", ADMINS),
    Entry("POST", "/settings/partners/<uuid:partner_id>/rates", ADMINS, data={"level_1": "5"}),
    Entry("GET", "/partners/openapi.json", PUBLIC),
    Entry("GET", "/partners/docs", PUBLIC),
    *partner_api("POST", "/partners/<partner>/orders"),
    *partner_api("GET", "/partners/<partner>/orders"),
    *partner_api("GET", "/partners/<partner>/orders/<path:partner_order_id>"),
    *partner_api("GET", "/partners/<partner>/orders/<path:partner_order_id>/status"),
    *partner_api("POST", "/partners/<partner>/orders/<path:partner_order_id>/cancel"),
    *partner_api("GET", "/orders/<path:partner_order_id>/status"),
    *partner_api("POST", "/partners/<partner>/integration-config"),
    *partner_api("POST", "/webhooks/partner-status/<partner>"),
    *api("GET", "/partners", TOKEN_OF_ADMINS),
    *api("POST", "/partners", TOKEN_OF_ADMINS, {"name": "Eneco", "brand": "chargecars"}),
    *api("GET", "/partners/<uuid:id>", TOKEN_OF_ADMINS),
    *change("/partners/<uuid:id>", TOKEN_OF_ADMINS, {}),
    *api("GET", "/partners/<uuid:id>/keys", TOKEN_OF_ADMINS),
    *api("POST", "/partners/<uuid:id>/keys", TOKEN_OF_ADMINS, {}),
)
