"""Check the ids in a request body: each row must exist, and the viewer must see it."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from app.core.problems import invalid
from app.domain.accounts.access import Viewer
from app.domain.accounts.permissions import Permission
from app.domain.threads.api_queries import find_assignable_user_id
from app.domain.threads.models import Thread
from app.domain.threads.queries import ThreadMissing, get_thread

WHO_TAKES = {
    "threads": (Permission.THREADS_REPLY,),
    "tasks": (Permission.TASKS_CHANGE,),
    "appointments": (Permission.VISITS_CHANGE, Permission.VISITS_OWN),
}


def named_thread(session: Session, viewer: Viewer, thread_id: uuid.UUID | None) -> Thread | None:
    """Return the thread with this id, or None if `thread_id` is None. Raises `Problem` if the viewer sees no such thread."""
    if thread_id is None:
        return None
    try:
        return get_thread(session, viewer=viewer, thread_id=thread_id)
    except ThreadMissing as error:
        raise invalid("thread_id", "there is no such thread") from error


def named_user_id(
    session: Session, contact_id: uuid.UUID | None, brand_id: uuid.UUID, *, field: str, given: str
) -> uuid.UUID | None:
    """Return the id of the user with this contact id. Return None if `contact_id` is None.

    `given` is the kind of work the user gets, a key of WHO_TAKES. Raises `Problem` for `field` if no user with this contact
    may get such work of the brand.
    """
    if contact_id is None:
        return None
    takes = WHO_TAKES[given]
    user_id = find_assignable_user_id(session, contact_id=contact_id, brand_id=brand_id, permissions=takes)
    if user_id is None:
        raise invalid(field, f"is nobody who can be given {given} of this brand")
    return user_id
