"""The URLs of surveys, and who may use them; part of the table in every_url.py. A customer's page opens by its token alone."""

from __future__ import annotations

from tests.web.accounts.audiences import BRAND, GONE, LEADS, LEADS_OF_BRAND, Entry

SURVEYS = (
    Entry("GET", "/s/<survey_token>", GONE, ids={"survey_token": "made-up"}),
    Entry("POST", "/s/<survey_token>", GONE, ids={"survey_token": "made-up"}, data={"score": "5"}),
    Entry("GET", "/s/<survey_token>/stop", GONE, ids={"survey_token": "made-up"}),
    Entry("POST", "/s/<survey_token>/stop", GONE, ids={"survey_token": "made-up"}),
    Entry("GET", "/threads/<uuid:thread_id>/surveys", BRAND),
    Entry("GET", "/contacts/<uuid:contact_id>/surveys", BRAND),
    Entry("GET", "/settings/surveys", LEADS),
    Entry("GET", "/settings/surveys/<uuid:brand_id>/<kind>", LEADS_OF_BRAND, ids={"kind": "csat"}),
    Entry("POST", "/settings/surveys/<uuid:brand_id>/<kind>", LEADS_OF_BRAND, ids={"kind": "csat"}),
    Entry("POST", "/settings/surveys/<uuid:brand_id>/campaign", LEADS_OF_BRAND),
)
