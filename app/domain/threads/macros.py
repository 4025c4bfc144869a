"""Create, change and list macros, and describe their steps (`MacroSteps`)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.events.actions import Subject, record
from app.domain.threads.macro_models import Macro
from app.domain.threads.models import Priority, ThreadStatus, ThreadType
from app.domain.threads.tags import TAG_CHARACTERS

NAME_CHARACTERS = 80
NOTE_CHARACTERS = 5000
TAGS_PER_STEP = 10
MACROS_AT_MOST = 200
TITLE_CHARACTERS = 300
TARGET_CHARACTERS = 500
WORDS_CHARACTERS = 300
CALLS_PER_MACRO = 3
ME, NOBODY = "me", "nobody"
ONLY_OPEN = "open"  # in place of an order's number: the customer's one open order
SUBJECT_CHARACTERS = 300
Tag = Annotated[str, Field(min_length=1, max_length=TAG_CHARACTERS)]


class TaskStep(BaseModel):
    """A task for the thread's assignee, or for whoever runs the macro if the thread has no assignee.

    `kind` is a type of task. `due_days` counts days from today.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=TITLE_CHARACTERS)]
    kind: Literal["follow_up", "callback", "documentation", "approval_request", "escalate", "other"] = "follow_up"
    due_days: Annotated[int, Field(ge=0, le=365)] | None = None


class OutsideCall(BaseModel):
    """A request to an outside service. `target` is the name of a webhook, scenario, team or template. "sync" is
    no longer offered.

    `words` is the text of a Teams card.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["webhook", "make", "teams", "sync", "whatsapp_template"]
    target: Annotated[str, Field(min_length=1, max_length=TARGET_CHARACTERS)]
    words: Annotated[str, Field(max_length=WORDS_CHARACTERS)] = ""


class MacroSteps(BaseModel):
    """The steps of a macro or rule (app/domain/automation), carried out from top to bottom. None and () change nothing.

    `assignee` is a user's id, ME (whoever runs the macro) or NOBODY. `customer_id` and `partner_id` are ids of contacts.
    `order` is an order number or ONLY_OPEN (app/domain/threads/about.py). The template `template_id` is put into the
    composer, or sent if `sends` is True. `snooze` is an entry of the snooze menu. `task` and `calls` are recorded as events,
    to which other features react (app/wiring.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    team_id: uuid.UUID | None = None
    assignee: str | None = None
    priority: Priority | None = None
    thread_type: ThreadType | None = None
    subject: Annotated[str, Field(min_length=1, max_length=SUBJECT_CHARACTERS)] | None = None
    customer_id: uuid.UUID | None = None
    partner_id: uuid.UUID | None = None
    order: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    add_tags: tuple[Tag, ...] = ()
    remove_tags: tuple[Tag, ...] = ()
    note: Annotated[str, Field(max_length=NOTE_CHARACTERS)] = ""
    task: TaskStep | None = None
    calls: Annotated[tuple[OutsideCall, ...], Field(max_length=CALLS_PER_MACRO)] = ()
    template_id: uuid.UUID | None = None
    sends: bool = False
    status: ThreadStatus | None = None
    snooze: Literal["later", "tomorrow", "week"] | None = None

    @property
    def is_empty(self) -> bool:
        return self.model_copy(update={"sends": False}) == MacroSteps()

    @property
    def says_about(self) -> bool:
        """Return whether the steps set subject, customer, partner or order."""
        return any(said is not None for said in (self.subject, self.customer_id, self.partner_id, self.order))

    @property
    def without_reply(self) -> MacroSteps:
        """Return the steps without the reply, for many threads at once."""
        return self.model_copy(update={"template_id": None, "sends": False})


class MacroMissing(Exception):
    """The macro does not exist, or is not for this viewer."""


class TooManyMacros(Exception):
    """There are MACROS_AT_MOST macros already."""


def steps_of(macro: Macro) -> MacroSteps:
    return MacroSteps.model_validate(macro.steps)


def list_macros(session: Session, *, viewer: Viewer, brand_id: uuid.UUID | None = None) -> list[Macro]:
    """List the macros that the viewer may use, by name: those for all brands and those for a brand the viewer sees.

    With `brand_id`, list only macros that can run on threads of this brand.
    """
    query = sa.select(Macro).where(_visible(viewer))
    if brand_id is not None:
        query = query.where(sa.or_(Macro.brand_id.is_(None), Macro.brand_id == brand_id))
    return list(session.execute(query.order_by(sa.func.lower(Macro.name), Macro.id).limit(MACROS_AT_MOST)).scalars())


def get_macro(session: Session, *, viewer: Viewer, macro_id: uuid.UUID) -> Macro:
    """Return a macro the viewer may see. Raises MacroMissing."""
    found = session.execute(sa.select(Macro).where(Macro.id == macro_id, _visible(viewer))).scalar_one_or_none()
    if found is None:
        raise MacroMissing(str(macro_id))
    return found


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    return sa.or_(Macro.brand_id.is_(None), Macro.brand_id.in_(viewer.brand_ids))


def create_macro(
    session: Session, *, name: str, brand_id: uuid.UUID | None, steps: MacroSteps, viewer: Viewer, now: datetime
) -> Macro:
    """Create a macro. The caller has checked that the viewer is a lead and sees the brand. Raises TooManyMacros."""
    if session.execute(sa.select(sa.func.count()).select_from(Macro)).scalar_one() >= MACROS_AT_MOST:
        raise TooManyMacros
    macro = Macro(
        id=new_id(), name=name, brand_id=brand_id, steps=as_json(steps), created_by_user_id=viewer.user_id, created_at=now
    )
    macro.updated_at = now
    session.add(macro)
    session.flush()
    _note(session, "MacroCreated", macro, viewer, now)
    return macro


def change_macro(
    session: Session, macro: Macro, *, name: str, brand_id: uuid.UUID | None, steps: MacroSteps, viewer: Viewer, now: datetime
) -> None:
    """Change a macro. If the content is the same, nothing changes. Runs that have begun keep the former steps."""
    changed = (name, brand_id, as_json(steps))
    if changed != (macro.name, macro.brand_id, macro.steps):
        macro.name, macro.brand_id, macro.steps = changed
        macro.updated_at = now
        session.flush()
        _note(session, "MacroChanged", macro, viewer, now)


def delete_macro(session: Session, macro: Macro, *, viewer: Viewer, now: datetime) -> None:
    _note(session, "MacroDeleted", macro, viewer, now)
    session.delete(macro)
    session.flush()


def as_json(steps: MacroSteps) -> dict[str, object]:
    """Return the steps as they are stored, leaving out fields with default values."""
    return steps.model_dump(mode="json", exclude_defaults=True)


def _note(session: Session, event_type: str, macro: Macro, viewer: Viewer, now: datetime) -> None:
    subject, payload = Subject(brand_id=macro.brand_id), {"macro_id": str(macro.id)}
    record(session, event_type, subject=subject, now=now, actor=viewer.actor, payload=payload, about=("macro", macro.id))
