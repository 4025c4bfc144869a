"""The URLs of orders, and who may use them; part of the table in every_url.py."""

from __future__ import annotations

from tests.web.accounts.audiences import ADMINS, ALICE_ALONE, BRAND, PUBLIC, SIGNED_IN, Entry
from tests.web.accounts.import_urls import IMPORTS

ORDERS = (
    *IMPORTS,
    Entry("GET", "/orders/<uuid:order_id>/appointments/new", BRAND),
    Entry("GET", "/orders", SIGNED_IN, query="q=CC"),
    Entry("POST", "/orders", SIGNED_IN, data={"customer_name": ""}),
    Entry("GET", "/orders/new", SIGNED_IN),
    Entry("GET", "/orders/<uuid:order_id>", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/status", BRAND, data={"status": "approved"}),
    Entry("GET", "/orders/board", SIGNED_IN),
    Entry("GET", "/orders/<uuid:order_id>/tasks", BRAND),
    Entry("GET", "/orders/<uuid:order_id>/comments", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/comments", BRAND, data={"text": "Klant belt terug"}),
    Entry("GET", "/orders/<uuid:order_id>/articles", BRAND, query="description=WB"),
    Entry("POST", "/orders/<uuid:order_id>/lines", BRAND, data={"description": "Kabel"}),
    Entry("POST", "/orders/<uuid:order_id>/lines/<uuid:line_id>", BRAND, data={"description": "Kabel"}),
    Entry("POST", "/orders/<uuid:order_id>/changes/<uuid:change_id>/undo", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/discount", BRAND, data={"discount": "0"}),
    Entry("POST", "/orders/<uuid:order_id>/payments", BRAND, data={"amount": "1"}),
    Entry("POST", "/orders/<uuid:order_id>/transitions/<uuid:transition_id>/undo", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/priority", BRAND, data={"priority": "urgent"}),
    Entry("POST", "/orders/<uuid:order_id>/address", BRAND, data={"bag_id": "1"}),
    Entry("GET", "/orders/<uuid:order_id>/quote", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/quotes", BRAND, data={"how": "link"}),
    Entry("POST", "/orders/<uuid:order_id>/quotes/<uuid:quote_id>/withdrawal", BRAND),
    Entry("GET", "/orders/<uuid:order_id>/quote.pdf", BRAND),
    Entry("GET", "/orders/<uuid:order_id>/confirmation.pdf", BRAND),
    Entry("GET", "/q/<quote_token>", PUBLIC),
    Entry("POST", "/q/<quote_token>", PUBLIC, data={"name": "Pieter"}),
    Entry("GET", "/q/<quote_token>/pdf", PUBLIC),
    Entry("POST", "/orders/<uuid:order_id>/duplicate", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/split", BRAND),
    Entry("POST", "/orders/<uuid:order_id>/merge", BRAND, data={"number": "none"}),
    Entry("POST", "/orders/<uuid:order_id>/regroupings/<uuid:regroup_id>/undo", BRAND),
    Entry("POST", "/orders/views", SIGNED_IN, data={"name": ""}),
    Entry("POST", "/orders/views/<uuid:order_view_id>/deletion", ALICE_ALONE),
    Entry("POST", "/orders/bulk", SIGNED_IN, data={"to": "approved"}),
    Entry("POST", "/orders/bulk/<uuid:order_batch_id>/undo", SIGNED_IN),
    Entry("GET", "/settings/orders", ADMINS),
    Entry("POST", "/settings/orders/<uuid:brand_id>/money", ADMINS, data={"currency": "EUR", "tax_code": "nl_21"}),
    Entry("POST", "/settings/orders/<uuid:brand_id>/transitions", ADMINS, data={"entity_type": "x"}),
    Entry("POST", "/orders/<uuid:order_id>/notes", BRAND, data={"notes": "Achterom"}),
)
