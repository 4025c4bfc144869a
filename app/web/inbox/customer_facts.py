"""Block with facts about the customer, beside the thread: addresses, consents, last forms.

It is loaded after the page. Without scripts, it is a page of its own.
"""

from __future__ import annotations

import uuid

from flask.typing import ResponseReturnValue

from app.core.db import db
from app.domain.threads.customer_facts import read_customer_facts
from app.domain.threads.queries import get_thread
from app.web.accounts.session import current_viewer
from app.web.inbox.blueprint import bp
from app.web.pages import page


@bp.get("/threads/<uuid:thread_id>/customer-facts")
def customer_facts(thread_id: uuid.UUID) -> ResponseReturnValue:
    """Show the facts known about the thread's customer. An htmx request gets only the block `customer-facts`."""
    viewer = current_viewer()
    thread = get_thread(db.session(), viewer=viewer, thread_id=thread_id)
    facts = read_customer_facts(db.session(), viewer=viewer, contact_id=thread.contact_id) if thread.contact_id else None
    return page("inbox/customer_facts.html", blocks=("customer_facts",), thread=thread, facts=facts)
