"""The URLs of surveys, and of what people keep about figures; part of the table in every_url.py.

A customer's page opens by its token alone."""

from __future__ import annotations

from uuid import UUID

from tests.web.accounts.audiences import BRAND, GONE, LEADS, MANAGERS, MANAGERS_OF_BRAND, SIGN_IN, SIGNED_IN, Audience, Entry

NOBODYS = Audience(SIGN_IN, 404, 404, 404, 404, 404)  # a report nobody keeps
NO_SCHEDULE = Audience(SIGN_IN, 403, 404, 404, 403, 404)  # the same, for who sees figures
NO_COST = Audience(SIGN_IN, 403, 403, 404, 403, 403, mia=404)
NOWHERE = {"schedule_id": str(UUID(int=0))}

SURVEYS = (
    Entry("GET", "/s/<survey_token>", GONE, ids={"survey_token": "made-up"}),
    Entry("POST", "/s/<survey_token>", GONE, ids={"survey_token": "made-up"}, data={"score": "5"}),
    Entry("GET", "/s/<survey_token>/stop", GONE, ids={"survey_token": "made-up"}),
    Entry("POST", "/s/<survey_token>/stop", GONE, ids={"survey_token": "made-up"}),
    Entry("GET", "/threads/<uuid:thread_id>/surveys", BRAND),
    Entry("GET", "/contacts/<uuid:contact_id>/surveys", BRAND),
    Entry("GET", "/settings/surveys", MANAGERS),
    Entry("GET", "/settings/surveys/<uuid:brand_id>/<kind>", MANAGERS_OF_BRAND, ids={"kind": "csat"}),
    Entry("POST", "/settings/surveys/<uuid:brand_id>/<kind>", MANAGERS_OF_BRAND, ids={"kind": "csat"}),
    Entry("POST", "/settings/surveys/<uuid:brand_id>/campaign", MANAGERS_OF_BRAND),
    Entry("GET", "/analytics/reports", SIGNED_IN),
    Entry("POST", "/analytics/reports", SIGNED_IN, data={"name": "Maandag"}),
    Entry("POST", "/analytics/reports/<uuid:report_id>/deletion", NOBODYS, ids={"report_id": str(UUID(int=0))}),
    Entry("GET", "/analytics/orders", SIGNED_IN),
    Entry("GET", "/analytics/schedules", LEADS),
    Entry("GET", "/analytics/schedules/new", LEADS),
    Entry("POST", "/analytics/schedules", LEADS, data={"name": ""}),
    Entry("GET", "/analytics/schedules/<uuid:schedule_id>", NO_SCHEDULE, ids=NOWHERE),
    Entry("POST", "/analytics/schedules/<uuid:schedule_id>", NO_SCHEDULE, ids=NOWHERE),
    Entry("POST", "/analytics/schedules/<uuid:schedule_id>/pause", NO_SCHEDULE, ids=NOWHERE),
    Entry("POST", "/analytics/schedules/<uuid:schedule_id>/test", NO_SCHEDULE, ids=NOWHERE),
    Entry("POST", "/analytics/schedules/<uuid:schedule_id>/deletion", NO_SCHEDULE, ids=NOWHERE),
    Entry("POST", "/analytics/schedules/<uuid:schedule_id>/leave", NO_SCHEDULE, ids=NOWHERE),
    Entry("GET", "/analytics/targets", MANAGERS),
    Entry("POST", "/analytics/targets/<uuid:brand_id>", MANAGERS_OF_BRAND),
    Entry("GET", "/analytics/costs", MANAGERS),
    Entry("POST", "/analytics/costs/<uuid:channel_id>", MANAGERS_OF_BRAND, data={"from_date": "2026-01-01"}),
    Entry("POST", "/analytics/costs/<uuid:channel_id>/<day>/deletion", NO_COST, ids={"day": "2020-01-01"}),
)
