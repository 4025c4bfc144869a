"""The URLs of technicians, and who may use them; part of the table in every_url.py. A visit opens for Theo alone, whose it is."""

from __future__ import annotations

from tests.web.accounts.audiences import BRAND, IN, LEADS, LEADS_OF_BRAND, PUBLIC, SIGN_IN, Audience, Entry

THEO_ALONE = Audience(SIGN_IN, 404, 404, 404, 404, 404, rita=404, theo=IN)
OWN_DAY = Audience(SIGN_IN, IN, IN, IN, IN, IN, rita=IN, theo=IN)  # empty for whoever has no visits
NO_TOKEN = Audience(400, 400, 400, 400, 400, 400, rita=400, theo=400)  # the token of forms is asked for before anything else

FIELD = (
    Entry("GET", "/today", OWN_DAY),
    Entry("GET", "/visits/queue", OWN_DAY),
    Entry("GET", "/visits/messages", OWN_DAY),
    Entry("GET", "/visits/<uuid:appointment_id>", THEO_ALONE),
    Entry("GET", "/visits/<uuid:appointment_id>/report", THEO_ALONE),
    Entry("GET", "/visits/<uuid:appointment_id>/report.pdf", THEO_ALONE),
    Entry("GET", "/visits/<uuid:appointment_id>/files/<uuid:file_id>", THEO_ALONE),
    Entry("POST", "/visits/<uuid:appointment_id>/actions", THEO_ALONE, data={"kind": "note", "text": "Klaar"}),
    Entry("POST", "/field/actions", OWN_DAY, json={}),
    Entry("POST", "/field/actions/known", OWN_DAY, json={"ids": []}),
    Entry("POST", "/field/actions/<uuid:action_id>/discarding", OWN_DAY, json={}),
    Entry("PUT", "/field/uploads/<uuid:file_id>", NO_TOKEN),
    Entry("PATCH", "/field/uploads/<uuid:file_id>", NO_TOKEN),
    Entry("GET", "/field/uploads/<uuid:file_id>", OWN_DAY),
    Entry("GET", "/field/pack", Audience(401, IN, IN, IN, IN, IN, rita=IN, theo=IN)),
    Entry("GET", "/field/offline", PUBLIC),
    Entry("GET", "/appointments/<uuid:appointment_id>/report", BRAND),
    Entry("GET", "/appointments/<uuid:appointment_id>/report.pdf", BRAND),
    Entry("POST", "/settings/brands/<uuid:brand_id>/visits", LEADS_OF_BRAND, data={"keeps_photo_place": "on"}),
    Entry("GET", "/appointments/<uuid:appointment_id>/files/<uuid:file_id>", BRAND),
    Entry("GET", "/orders/<uuid:order_id>/visits", BRAND),
    Entry("GET", "/planner", LEADS),
    Entry("POST", "/planner/<uuid:appointment_id>", LEADS_OF_BRAND, data={"time": "late"}),
    Entry("GET", "/settings/checklists", LEADS),
    Entry("POST", "/settings/checklists", LEADS, data={"items": "Aarde gemeten"}),
    Entry("GET", "/manifest.webmanifest", PUBLIC),
)
