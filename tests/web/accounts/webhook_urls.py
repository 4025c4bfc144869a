"""The URLs of integrations, outgoing webhooks and their deliveries, and who may use them; part of the table in every_url.py."""

from __future__ import annotations

from tests.web.accounts.audiences import ADMINS, TOKEN_OF_ADMINS, TOKEN_OF_ADMINS_OF_BRAND, Entry, api, change

ONE, LOG = "/settings/webhooks/<uuid:endpoint_id>", "/settings/webhooks/<uuid:endpoint_id>/deliveries"
WEBHOOKS = (
    Entry("GET", "/settings/integrations", ADMINS),
    Entry("POST", "/settings/integrations", ADMINS, data={"provider": "make", "name": ""}),
    Entry("POST", "/settings/integrations/checks", ADMINS, data={"key": "register"}),
    Entry("GET", "/settings/integrations/new", ADMINS, query="provider=make"),
    Entry("GET", "/settings/integrations/<uuid:integration_id>", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>", ADMINS, data={"name": ""}),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/secrets", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/retry", ADMINS),
    Entry("POST", "/settings/integrations/<uuid:integration_id>/activity", ADMINS, data={"active": "1"}),
    Entry("GET", "/settings/webhooks", ADMINS),
    Entry("POST", "/settings/webhooks", ADMINS, data={"name": ""}),
    Entry("GET", "/settings/webhooks/new", ADMINS),
    Entry("GET", ONE, ADMINS),
    Entry("POST", ONE, ADMINS, data={"name": ""}),
    Entry("POST", f"{ONE}/secret", ADMINS),
    Entry("POST", f"{ONE}/activity", ADMINS, data={"active": "1"}),
    Entry("POST", f"{ONE}/test", ADMINS),
    Entry("POST", f"{ONE}/deletion", ADMINS),
    Entry("GET", LOG, ADMINS),
    Entry("GET", f"{LOG}/<uuid:delivery_id>", ADMINS),
    Entry("POST", f"{LOG}/<uuid:delivery_id>/retry", ADMINS),
    Entry("GET", f"{ONE}/replay", ADMINS),
    Entry("POST", f"{ONE}/replay", ADMINS, data={"what": "failed", "hours": "24"}),
)
WEBHOOK_API = (
    *api("GET", "/webhooks", TOKEN_OF_ADMINS),
    *api("POST", "/webhooks", TOKEN_OF_ADMINS, json={"name": "Lager", "url": "https://example.com/", "brand": "chargecars"}),
    *api("GET", "/webhooks/<uuid:id>", TOKEN_OF_ADMINS_OF_BRAND),
    *change("/webhooks/<uuid:id>", TOKEN_OF_ADMINS_OF_BRAND, {"state": "active"}),
    *api("DELETE", "/webhooks/<uuid:id>", TOKEN_OF_ADMINS_OF_BRAND),
    *api("POST", "/webhooks/<uuid:id>/secret", TOKEN_OF_ADMINS_OF_BRAND, json={}),
    *api("GET", "/webhooks/<uuid:id>/deliveries", TOKEN_OF_ADMINS_OF_BRAND),
    *api("POST", "/webhooks/<uuid:id>/test", TOKEN_OF_ADMINS_OF_BRAND),
    *api("POST", "/webhooks/<uuid:id>/deliveries/<uuid:delivery_id>/retry", TOKEN_OF_ADMINS_OF_BRAND),
)
