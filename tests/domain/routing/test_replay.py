"""Which threads of the last 30 days a changed rule would have sent elsewhere."""

from __future__ import annotations

import html
from datetime import timedelta

from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.routing.models import RoutingRule, Strategy
from app.domain.routing.replay import Replay, replay
from app.domain.routing.rule_actions import RuleContent
from app.domain.threads.models import ThreadType
from tests.domain.routing.conftest import Desk
from tests.domain.routing.factories import EVERYBODY, make_rule
from tests.factories import make_channel
from tests.web.routing.test_pages import Office, office  # noqa: F401  a fixture

TECHNICAL = ThreadType.TECHNICAL_ISSUE


def content(desk: Desk, **values: object) -> RuleContent:
    kept = {"channel_id": desk.channel.id, "name": "Techniek", "strategy": Strategy.ROUND_ROBIN, "tiers": tuple(EVERYBODY)}
    return RuleContent(**{**kept, **values})  # type: ignore[arg-type]


def tried(desk: Desk, new: RuleContent | RoutingRule, rule: RoutingRule | None = None) -> Replay:
    desk.session.flush()
    return replay(desk.session, new, rule=rule, now=desk.now)


def test_a_rule_that_changes_moves_the_threads_it_decides_on(desk: Desk) -> None:
    team = desk.team("Techniek", desk.alice)
    desk.thread()
    broken = desk.thread(thread_type=TECHNICAL)
    desk.thread(thread_type=TECHNICAL, at=desk.now - timedelta(days=31))
    desk.thread(thread_type=TECHNICAL, medium="email", last_inbound_at=None)
    desk.rule.position = 2
    first = make_rule(desk.session, desk.channel, name="Eerst", position=1, thread_type=TECHNICAL)
    tiers = ({"team_id": str(team.id), "after_minutes": 0},)
    found = tried(desk, content(desk, thread_type=TECHNICAL, tiers=tiers), first)
    assert (found.threads, found.moved) == (2, 1)
    (move,) = found.moves
    assert move.thread.id == broken.id
    assert (move.before and move.before.team_id, move.after and move.after.team_id) == (None, team.id)


def test_a_rule_behind_one_that_fits_changes_nothing(desk: Desk) -> None:
    desk.thread()
    assert tried(desk, content(desk, skills=("power",))).moved == 0
    assert tried(desk, content(desk), desk.rule).moved == 0, "the same under another name"
    changed = tried(desk, content(desk, skills=("power",)), desk.rule)
    assert changed.moves[0].after is not None
    assert changed.moves[0].after.skills == ("power",)


def test_a_rule_that_is_off_is_tried_as_if_it_were_on(desk: Desk) -> None:
    desk.rule.is_on = False
    desk.thread()
    (move,) = tried(desk, desk.rule, desk.rule).moves
    assert move.before is None
    assert move.after is not None


def test_a_rule_that_goes_to_another_channel_leaves_its_threads_to_nobody(desk: Desk, db_session: Session) -> None:
    other = make_channel(db_session, desk.brand, keyring=runtime().keyring, address="1066000000002")
    desk.thread()
    (move,) = tried(desk, content(desk, channel_id=other.id), desk.rule).moves
    assert move.before is not None
    assert move.after is None


def test_the_pages_show_it_and_nothing_is_saved(office: Office) -> None:  # noqa: F811
    desk = office.desk
    desk.thread(subject="Paal <b>stuk</b>")
    desk.session.commit()
    fields = {"name": "Balie", "channel": str(desk.channel.id), "team_1": "all", "strategy": "least_loaded", "skills": "dak"}
    address = f"/settings/routing/{desk.rule.id}"
    answer = office.post(f"{address}/dry-run", **fields)
    text = html.unescape(answer.text)
    assert "1 thread came in on the channel; 1 would have started with another group." in text
    assert "Everyone with access to the brand, skill dak" in text
    assert "<b>stuk" not in answer.text
    assert 'value="Balie"' in text
    assert "Nothing would change." in office.post("/settings/routing/dry-run", **fields).text
    assert office.post("/settings/routing/dry-run", **{**fields, "name": ""}).status_code == 422
    desk.session.expire_all()
    assert (desk.rule.name, desk.rule.skills) == ("Service", [])
    desk.session.commit()
    assert "would have started with another group" not in office.client.get(f"{address}/trial").text
    office.post(f"{address}/switch", on="0")
    assert "The thread stays unassigned" in office.client.get(f"{address}/trial").text
