"""The URLs of writing first and of what a conversation is about; part of the table in every_url.py."""

from __future__ import annotations

from tests.web.accounts.audiences import BRAND, IN, SIGN_IN, SIGNED_IN, Audience, Entry

WRITING = (
    Entry("GET", "/threads/<uuid:thread_id>/orders", BRAND),
    Entry("POST", "/tasks/<uuid:task_id>/decision", BRAND, data={"decision": "approved"}),
    Entry("POST", "/threads/<uuid:thread_id>/type", BRAND, data={"type": "complaint"}),
    Entry("POST", "/threads/<uuid:thread_id>/subject", BRAND, data={"subject": "Lader knippert"}),
    Entry("POST", "/threads/<uuid:thread_id>/orders", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/orders/<uuid:order_id>/removal", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/link-order", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/customer", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/customer-facts", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/customer", BRAND),
    Entry("GET", "/threads/<uuid:thread_id>/partner", BRAND),
    Entry("POST", "/threads/<uuid:thread_id>/partner", BRAND, data={"choice": ""}),
    Entry("GET", "/bulk/about", SIGNED_IN),
    Entry("GET", "/inbox/more-filters", SIGNED_IN),
    Entry("GET", "/write", Audience(SIGN_IN, IN, IN, IN, IN, IN, rita=403), query="q=pieter"),
    Entry("POST", "/write", SIGNED_IN, data={"to": ""}),
)
