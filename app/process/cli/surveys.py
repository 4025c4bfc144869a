"""Commands for surveys: `surveys list | switch | campaign`."""

from __future__ import annotations

from dataclasses import replace

import click
from flask.cli import AppGroup

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.queries import list_brands
from app.domain.events.actions import SYSTEM
from app.domain.surveys.actions import SurveyContent, save_survey
from app.domain.surveys.models import Survey, SurveyKind
from app.domain.surveys.planning import plan_campaign
from app.domain.surveys.queries import find_survey, list_surveys
from app.process.cli.output import json_option, report, report_all
from app.process.cli.people import find_brand_ids

group = AppGroup("surveys", help="What customers are asked afterwards.")
_KINDS = click.Choice([kind.value for kind in SurveyKind])


@group.command("list")
@json_option
def list_them(as_json: bool) -> None:
    """List the surveys of each brand."""
    with transaction() as session:
        keys = {brand.id: brand.key for brand in list_brands(session)}
        rows = [
            {"brand": keys[survey.brand_id], "kind": survey.kind.value, "is_on": survey.is_on, "min_days": survey.min_days}
            for survey in list_surveys(session, list(keys)).values()
        ]
    report_all(rows, lambda row: f"{row['brand']}  {row['kind']}  {'on' if row['is_on'] else 'off'}", as_json=as_json)


@group.command("switch")
@click.argument("brand")
@click.argument("kind", type=_KINDS)
@click.argument("state", type=click.Choice(["on", "off"]))
@json_option
def switch(brand: str, kind: str, state: str, as_json: bool) -> None:
    """Switch a brand's survey on or off; its other settings stay."""
    with transaction() as session:
        (brand_id,) = find_brand_ids(session, [brand])
        saved = find_survey(session, brand_id, SurveyKind(kind))
        content = replace(_content(saved, SurveyKind(kind)), is_on=state == "on")
        save_survey(session, brand_id=brand_id, kind=SurveyKind(kind), content=content, actor=SYSTEM, now=utc_now())
    report({"brand": brand, "kind": kind, "is_on": state == "on"}, f"{brand}  {kind}  {state}", as_json=as_json)


@group.command("campaign")
@click.argument("brand")
@click.option("--days", type=click.IntRange(1, 365), default=30, help="Whose matter ended in so many days.")
@json_option
def campaign(brand: str, days: int, as_json: bool) -> None:
    """Start a campaign: ask by mail whether people recommend the brand, leaving out those who were asked lately."""
    with transaction() as session:
        (brand_id,) = find_brand_ids(session, [brand])
        survey = find_survey(session, brand_id, SurveyKind.NPS)
        if survey is None or not survey.is_on:
            raise click.ClickException(f"{brand} asks no such question: `surveys switch {brand} nps on` first")
        asked = plan_campaign(session, survey, days=days, now=utc_now())
    report({"brand": brand, "asked": asked}, f"{asked} will be asked.", as_json=as_json)


def _content(saved: Survey | None, kind: SurveyKind) -> SurveyContent:
    if saved is None:
        return SurveyContent(False, {}, min_days=90 if kind == SurveyKind.NPS else 30)
    return SurveyContent(**{name: getattr(saved, name) for name in SurveyContent.__dataclass_fields__})
