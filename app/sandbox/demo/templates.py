"""Make the reply templates of a demo company, with how often each was sent."""
# ruff: noqa: E501  a sentence a person wrote stays on one line

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import Actor
from app.domain.reply_templates.actions import TemplateContent, create_template, edit_template
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateUse, TemplateCategory
from app.domain.threads.models import Message, MessageType
from app.sandbox.demo.channels import Company
from app.sandbox.demo.company import Template

HOW_OLD = timedelta(days=80)
WRITTEN = ("email", "whatsapp")

TEMPLATES: tuple[Template, ...] = (
    (
        "Laadpaal knippert rood",
        TemplateCategory.TECHNICAL_SUPPORT,
        "nl",
        WRITTEN,
        (),
        "Uw laadpaal knippert rood",
        "Beste {{contact.first_name|klant}},\n\nWat vervelend dat uw laadpaal rood knippert. Wilt u dit proberen?\n\n1. Haal de laadkabel uit de auto.\n2. Zet in de meterkast de aardlekautomaat van de laadpaal uit en na een minuut weer aan.\n3. Wacht tot het lampje groen brandt en sluit de auto opnieuw aan.\n\nKnippert hij daarna weer rood? Stuur ons dan een foto van de laadpaal en van de meterkast, dan plannen wij een monteur in.\n\nMet vriendelijke groet,\n{{user.first_name}} van {{brand.name}}",
        48,
    ),
    (
        "Charger blinks red",
        TemplateCategory.TECHNICAL_SUPPORT,
        "en",
        WRITTEN,
        (),
        "Your charger blinks red",
        "Hi {{contact.first_name|there}},\n\nSorry to hear that your charger blinks red. Could you try this first?\n\n1. Unplug the charging cable from the car.\n2. Switch the residual-current breaker of the charger off in the fuse box, wait a minute, and switch it on again.\n3. Wait for the green light, then plug the car in.\n\nIf it turns red again, send us a photo of the charger and the fuse box and we will send an engineer.\n\nKind regards,\n{{user.first_name}}, {{brand.name}}",
        17,
    ),
    (
        "Afspraak bevestigen",
        TemplateCategory.INSTALLATION_SCHEDULING,
        "nl",
        (),
        (),
        "Uw afspraak met {{brand.name}}",
        "Beste {{contact.first_name|klant}},\n\nUw afspraak staat genoteerd. De monteur belt een half uur voor aankomst. Zorgt u dat de meterkast en de plek van de laadpaal goed bereikbaar zijn? De installatie duurt ongeveer drie uur.\n\nTot dan,\n{{user.first_name}}",
        63,
    ),
    (
        "Afspraak verzetten",
        TemplateCategory.INSTALLATION_SCHEDULING,
        "nl",
        WRITTEN,
        (),
        "",
        "Beste {{contact.first_name|klant}},\n\nGeen probleem, wij verzetten de afspraak graag. Welke dagdelen komen u de komende twee weken uit? Dan leg ik de nieuwe datum meteen voor u vast.\n\nGroet,\n{{user.first_name}}",
        29,
    ),
    (
        "Reschedule the installation",
        TemplateCategory.INSTALLATION_SCHEDULING,
        "en",
        WRITTEN,
        (),
        "",
        "Hi {{contact.first_name|there}},\n\nNo problem, we are happy to move your appointment. Which mornings or afternoons suit you in the next two weeks? I will confirm the new date right away.\n\nKind regards,\n{{user.first_name}}",
        11,
    ),
    (
        "Foto's van de meterkast",
        TemplateCategory.SALES_INQUIRY,
        "nl",
        WRITTEN,
        ("chargecars", "laderthuis", "meterkastthuis"),
        "Foto's voor uw offerte",
        "Beste {{contact.first_name|klant}},\n\nDank voor uw aanvraag. Voor een passende offerte ontvangen wij graag drie foto's: de hele meterkast met het deurtje open, de hoofdzekering van dichtbij, en de plek waar de laadpaal moet komen. Weet u ook of u een 1-fase of een 3-fase aansluiting heeft?\n\nMet vriendelijke groet,\n{{user.name}}\n{{brand.name}}",
        34,
    ),
    (
        "Zakelijke offerte met loadbalancing",
        TemplateCategory.SALES_INQUIRY,
        "nl",
        ("email",),
        ("chargecars", "zaptecshop"),
        "Uw offerte voor {{contact.organization|uw bedrijf}}",
        "Beste {{contact.name|relatie}},\n\nFijn dat u voor {{contact.organization|uw bedrijf}} aan {{brand.name}} denkt. In de bijlage vindt u de offerte voor de laadpunten met dynamische loadbalancing, zodat de aansluiting niet verzwaard hoeft te worden. De offerte is dertig dagen geldig, gerekend vanaf {{date.today}}.\n\nMet vriendelijke groet,\n{{user.name}}",
        8,
    ),
    (
        "Factuur aangepast",
        TemplateCategory.CUSTOMER_SERVICE,
        "nl",
        ("email",),
        (),
        "Uw aangepaste factuur",
        "Beste {{contact.first_name|klant}},\n\nDe factuur is aangepast en naar {{contact.email|uw e-mailadres}} gestuurd. De vorige kunt u weggooien.\n\nMet vriendelijke groet,\n{{user.first_name}}",
        22,
    ),
    (
        "Excuses voor de vertraging",
        TemplateCategory.COMPLAINT_RESPONSE,
        "nl",
        WRITTEN,
        (),
        "Onze excuses",
        "Beste {{contact.name|klant}},\n\nU wacht langer dan wij hadden beloofd, en dat spijt ons. Ik heb uw klacht (#{{thread.number}}) zelf opgepakt en laat u uiterlijk morgen weten wanneer wij komen. U kunt mij rechtstreeks op dit bericht antwoorden.\n\nMet vriendelijke groet,\n{{user.name}}",
        14,
    ),
    (
        "We are sorry about the delay",
        TemplateCategory.COMPLAINT_RESPONSE,
        "en",
        WRITTEN,
        (),
        "Our apologies",
        "Dear {{contact.name|customer}},\n\nYou have been waiting longer than we promised, and we are sorry. I have taken up your complaint (#{{thread.number}}) myself and will tell you by tomorrow when we are coming. Just reply to this message to reach me.\n\nKind regards,\n{{user.name}}",
        5,
    ),
    (
        "Alles naar wens?",
        TemplateCategory.FOLLOW_UP,
        "nl",
        WRITTEN,
        (),
        "Werkt alles naar wens?",
        "Beste {{contact.first_name|klant}},\n\nUw laadpaal hangt er nu een week. Werkt alles naar wens, ook de app en het laadpasje? Heeft u nog een vraag, dan hoor ik het graag.\n\nGroet,\n{{user.first_name}} van {{brand.name}}",
        19,
    ),
    (
        "Overdracht aan technisch team",
        TemplateCategory.INTERNAL_NOTIFICATION,
        "nl",
        ("internal",),
        (),
        "",
        'Graag overnemen: {{contact.name|onbekend}} ({{contact.phone|geen nummer bekend}}) over "{{thread.subject|zonder onderwerp}}". Reset is al geprobeerd en hielp niet. Foto\'s staan in de draad. Klant is overdag bereikbaar.',
        9,
    ),
)


def make_templates(session: Session, company: Company, dice: random.Random, *, now: datetime) -> None:
    """Write the company's templates and spread their uses over the replies that were sent.

    The first template has an earlier, shorter version to look at.
    """
    author, written_at, brand_ids = Actor(user_id=company.lead.id), now - HOW_OLD, company.brand_ids
    sent = _sent_messages(session)
    for index, (name, category, language, media, brands, subject, text, times) in enumerate(company.demo.templates):
        here = tuple(brand_ids[key] for key in brands or brand_ids)  # without brands: for all of this company, and no other
        content = TemplateContent(name, category, language, text, subject, media, here)
        first = replace(content, text=text.split("\n\nKnippert")[0], subject="") if index == 0 else content
        template = create_template(session, first, now=written_at, actor=author)
        edit_template(session, template.id, content, now=written_at + timedelta(days=9), actor=author)
        fitting = [message for message in sent if _fits(message, content)]
        session.add_all(_use_of(template, message) for message in dice.sample(fitting, min(times, len(fitting))))
    session.flush()


def _sent_messages(session: Session) -> Sequence[Message]:
    ours = (MessageType.OUTGOING, MessageType.INTERNAL_NOTE)
    query = sa.select(Message).where(Message.message_type.in_(ours), Message.sender_user_id.is_not(None))
    return session.execute(query.order_by(Message.occurred_at, Message.id)).scalars().all()


def _fits(message: Message, content: TemplateContent) -> bool:
    medium = "internal" if message.message_type == MessageType.INTERNAL_NOTE else message.medium
    here = not content.brand_ids or message.brand_id in content.brand_ids
    return here and (medium in content.media or (not content.media and medium != "internal"))


def _use_of(template: ReplyTemplate, message: Message) -> ReplyTemplateUse:
    note = message.message_type == MessageType.INTERNAL_NOTE
    return ReplyTemplateUse(
        id=new_id(),
        template_id=template.id,
        version=template.version,
        user_id=message.sender_user_id,
        brand_id=message.brand_id,
        thread_id=message.thread_id,
        medium="internal" if note else message.medium,
        kind="note" if note else "reply",
        inserted_at=message.occurred_at,
        sent_at=message.occurred_at,
        message_id=message.id,
    )
