"""The URLs of people, brands and teams, and who may use them; part of the table in every_url.py."""

from __future__ import annotations

from tests.web.accounts.audiences import ADMINS, GONE, LEADS, LEADS_OF_BRAND, PUBLIC, SET_UP, Entry

ACCOUNTS = (
    Entry("GET", "/settings/managers", ADMINS),
    Entry("POST", "/settings/managers", ADMINS, data={"executive": ""}),
    Entry("POST", "/settings/brands/<uuid:brand_id>/answering", LEADS_OF_BRAND),
    Entry("POST", "/settings/brands/<uuid:brand_id>/promises", LEADS_OF_BRAND),
    Entry("GET", "/settings/people", LEADS),
    Entry("POST", "/settings/people", ADMINS),
    Entry("GET", "/settings/people/new", ADMINS),
    Entry("GET", "/settings/people/<uuid:user_id>", LEADS),
    Entry("POST", "/settings/people/<uuid:user_id>", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/disabling", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/sessions/ending", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/enabling", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/invitation", ADMINS),
    Entry("POST", "/settings/people/<uuid:user_id>/password", ADMINS),
    Entry("GET", "/invitation/<token>", GONE),
    Entry("POST", "/invitation/<token>", GONE),
    Entry("GET", "/forgotten-password", PUBLIC),
    Entry("POST", "/forgotten-password", PUBLIC, data={"email": "nobody@example.nl"}),
    Entry("GET", "/setup", SET_UP),
    Entry("POST", "/setup", PUBLIC, data={"code": "x"}),
    Entry("GET", "/settings/first-steps", ADMINS),
    Entry("POST", "/settings/first-steps", ADMINS, data={"hidden": "on"}),
    Entry("GET", "/settings/brands", LEADS),
    Entry("POST", "/settings/brands", ADMINS, data={"name": "Zonplus"}),
    Entry("GET", "/settings/brands/new", ADMINS),
    Entry("GET", "/settings/brands/<uuid:brand_id>", LEADS),
    Entry("POST", "/settings/brands/<uuid:brand_id>", ADMINS, data={"name": "Zonplus"}),
    Entry("POST", "/settings/brands/<uuid:brand_id>/archiving", ADMINS),
    Entry("POST", "/settings/brands/<uuid:brand_id>/restoring", ADMINS),
    Entry("GET", "/settings/teams/new", ADMINS),
    Entry("POST", "/settings/teams", ADMINS, data={"name": "Montage"}),
    Entry("GET", "/settings/teams/<uuid:team_id>", ADMINS),
    Entry("POST", "/settings/teams/<uuid:team_id>", ADMINS, data={"name": "Montage"}),
    Entry("POST", "/settings/teams/<uuid:team_id>/archiving", ADMINS),
    Entry("POST", "/settings/teams/<uuid:team_id>/restoring", ADMINS),
    Entry("POST", "/settings/automation/ready-made/<name>", LEADS, ids={"name": "order_confirmation"}),
)
