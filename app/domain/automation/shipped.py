"""List the ready-made automation rules and turn them into ordinary rules. Leads can then change, switch off and delete these
like any other rule.

A lead takes a ready-made rule. Only the rules that guess the type of a new thread are created, switched on, with the first
brand. Taking a rule also creates the templates that it sends, in three languages, unless templates of that name exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.accounts.access import Viewer
from app.domain.automation.actions import RuleContent, create_rule, switch_rule
from app.domain.automation.conditions import Condition, Part
from app.domain.automation.models import AutomationRule
from app.domain.automation.triggers import ORDER_CREATED, ORDER_STATUS_CHANGED
from app.domain.orders.models import OrderSource, OrderStatus
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.threads.macros import MacroSteps, OutsideCall
from app.domain.threads.models import ThreadType

CONFIRMATION, STATUS_UPDATE, COMPLETION = "order_confirmation", "order_status_update", "order_completion_notification"
TEMPLATE_NAME = "Order confirmation"  # programs call it order_confirmation
_CONFIRMATIONS: Mapping[str, tuple[str, str]] = {
    "nl": (
        "Uw bestelling {{order.number}}",
        "Beste {{contact.name|klant}},\n\nWij hebben uw bestelling {{order.number}} ontvangen.\n\n"
        "Besteld: {{order.articles|zie uw aanvraag}}\nTotaal: {{order.total|volgt in onze offerte}}\n"
        "Datum van de installatie: {{visit.date|spreken wij met u af}}\n\n"
        "Heeft u een vraag? Beantwoord deze e-mail.\n\n{{brand.name}}",
    ),
    "en": (
        "Your order {{order.number}}",
        "Dear {{contact.name|customer}},\n\nWe have received your order {{order.number}}.\n\n"
        "Ordered: {{order.articles|see your request}}\nTotal: {{order.total|follows in our quote}}\n"
        "Day of the installation: {{visit.date|we will agree it with you}}\n\n"
        "Do you have a question? Answer this mail.\n\n{{brand.name}}",
    ),
    "fr": (
        "Votre commande {{order.number}}",
        "Bonjour {{contact.name|}},\n\nNous avons bien reçu votre commande {{order.number}}.\n\n"
        "Commandé : {{order.articles|voir votre demande}}\nTotal : {{order.total|suit dans notre devis}}\n"
        "Jour de l’installation : {{visit.date|nous le fixerons avec vous}}\n\n"
        "Une question ? Répondez à ce message.\n\n{{brand.name}}",
    ),
}


@dataclass(frozen=True)
class ShippedRule:
    """A ready-made rule. `name` and `why` are English texts for people. `make` creates the templates that the rule sends and
    returns the content of the rule."""

    key: str
    name: str
    why: str
    make: Callable[[Session, datetime], RuleContent]


def _confirmation(session: Session, now: datetime) -> RuleContent:
    """Return the content of the rule that sends an order confirmation to the customer. Orders from partners are excluded."""
    steps = MacroSteps(template_id=_template(session, now), sends=True)
    own = _asked("order_source", "is_not", OrderSource.PARTNER)
    return RuleContent("", ORDER_CREATED, (Part(conditions=(own,), steps=steps),))


def _status_update(_session: Session, _now: datetime) -> RuleContent:
    steps = MacroSteps(calls=(_whatsapp(STATUS_UPDATE),))
    told = (OrderStatus.APPROVED, OrderStatus.SCHEDULED, OrderStatus.IN_PROGRESS, OrderStatus.ON_HOLD)
    conditions = tuple(_asked("value", "is", status) for status in told)
    return RuleContent("", ORDER_STATUS_CHANGED, (Part(match="any", conditions=conditions, steps=steps),))


def _completion(_session: Session, _now: datetime) -> RuleContent:
    steps = MacroSteps(calls=(_whatsapp(COMPLETION),))
    completed = _asked("value", "is", OrderStatus.COMPLETED)
    return RuleContent("", ORDER_STATUS_CHANGED, (Part(conditions=(completed,), steps=steps),))


def _asked(field: str, op: str, value: str) -> Condition:
    return Condition.model_validate({"field": field, "op": op, "value": value})


def _guess(kind: ThreadType, words: str) -> Callable[[Session, datetime], RuleContent]:
    """Return a function that makes the content of a guessing rule. The rule sets the type of a new thread if a message contains
    one of `words`."""
    asked = (
        _asked("type", "is", ThreadType.CUSTOMER_SUPPORT),
        _asked("messages", "less_than", "3"),
        _asked("words", "has_any", words),
    )
    part = Part(conditions=asked, steps=MacroSteps(thread_type=kind))
    return lambda _session, _now: RuleContent("", "MessageReceived", (part,))


_WHY_GUESS = N_(
    "A new thread gets this type if one of its first two messages contains one of these words. The "
    "thread shows the word we found."
)
# Asked in this order: who complains about a defect complains.
GUESSES = (
    ShippedRule(
        "guess_complaint",
        N_("Guessed type: complaint"),
        _WHY_GUESS,
        _guess(
            ThreadType.COMPLAINT,
            "klacht*, ontevreden, teleurgesteld, schandalig, geld terug, complaint*, unacceptable, disappointed, refund, "
            "plainte*, réclamation*, inadmissible, remboursement, mécontent*",
        ),
    ),
    ShippedRule(
        "guess_technical",
        N_("Guessed type: technical issue"),
        _WHY_GUESS,
        _guess(
            ThreadType.TECHNICAL_ISSUE,
            "storing*, defect*, kapot, knippert, piept, doet het niet, werkt niet, laadt niet, foutcode, error, broken, fault*, "
            "blinking, not working, does not work, doesn't work, not charging, en panne, ne fonctionne pas, ne marche pas, "
            "clignote, ne charge pas",
        ),
    ),
    ShippedRule(
        "guess_sales",
        N_("Guessed type: sales"),
        _WHY_GUESS,
        _guess(
            ThreadType.SALES_INQUIRY,
            "offerte*, prijs, prijzen, wat kost, interesse in, quote, quotation, price*, how much, interested in, devis, prix, "
            "tarif*, combien coûte, intéressé*",
        ),
    ),
    ShippedRule(
        "guess_installation",
        N_("Guessed type: installation"),
        _WHY_GUESS,
        _guess(
            ThreadType.INSTALLATION_COORDINATION,
            "afspraak, installatie*, installeren, monteur*, inplannen, verzetten, appointment*, installation*, reschedule, "
            "technician*, rendez-vous, technicien*, installateur*",
        ),
    ),
)
SHIPPED = (
    ShippedRule(
        CONFIRMATION,
        N_("Order confirmation by email"),
        N_(
            "We confirm each new order to the customer by email, except orders from partners, who inform their "
            "customers themselves."
        ),
        _confirmation,
    ),
    ShippedRule(
        STATUS_UPDATE,
        N_("Order status by WhatsApp"),
        N_(
            "When an order is approved, scheduled, started or put on hold, we send the WhatsApp template order_status_update "
            "with the order number and the status."
        ),
        _status_update,
    ),
    ShippedRule(
        COMPLETION,
        N_("WhatsApp message when an order is completed"),
        N_(
            "When an order is completed, we send the WhatsApp template order_completion_notification with the order number "
            "and the status."
        ),
        _completion,
    ),
)


def list_shipped(session: Session) -> list[ShippedRule]:
    """List the ready-made rules that nobody has taken yet. One query."""
    taken = set(session.execute(sa.select(AutomationRule.shipped).where(AutomationRule.shipped.is_not(None))).scalars())
    return [rule for rule in (*SHIPPED, *GUESSES) if rule.key not in taken]


def take_shipped(session: Session, rule: ShippedRule, *, name: str, viewer: Viewer, now: datetime) -> AutomationRule:
    """Create an ordinary rule from a ready-made rule, switched off. If the ready-made rule was taken before, return the
    existing rule. Raises `TooManyRules`."""
    taken = session.execute(sa.select(AutomationRule).where(AutomationRule.shipped == rule.key)).scalar_one_or_none()
    if taken is not None:
        return taken
    return create_rule(session, replace(rule.make(session, now), name=name), viewer=viewer, now=now, shipped=rule.key)


def install_guesses(session: Session, *, now: datetime) -> None:
    """Create the rules that guess the type of a thread and switch them on. Does nothing if any rule exists already."""
    if session.execute(sa.select(AutomationRule.id).limit(1)).first() is not None:
        return
    for guess in GUESSES:
        rule = create_rule(session, replace(guess.make(session, now), name=guess.name), viewer=None, now=now, shipped=guess.key)
        switch_rule(session, rule, is_on=True, viewer=None, now=now)


def _whatsapp(name: str) -> OutsideCall:
    return OutsideCall(kind="whatsapp_template", target=name, words="{{order.number}}; {{order.status}}")


def _template(session: Session, now: datetime) -> uuid.UUID:
    """Return the id of the template for the order confirmation. If it is missing, create it in all languages; the language is
    chosen on sending."""
    same = sa.func.lower(ReplyTemplate.name) == TEMPLATE_NAME.lower()
    query = sa.select(ReplyTemplate.id).where(same, ReplyTemplate.archived_at.is_(None))
    known = session.execute(query.order_by(ReplyTemplate.created_at, ReplyTemplate.id).limit(1)).scalar_one_or_none()
    if known is not None:
        return known
    kind = TemplateCategory.AUTO_RESPONSE
    made = [
        create_template(session, TemplateContent(TEMPLATE_NAME, kind, language, text, subject, ("email",)), now=now)
        for language, (subject, text) in _CONFIRMATIONS.items()
    ]
    return made[0].id
