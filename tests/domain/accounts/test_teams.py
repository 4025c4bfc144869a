"""Teams: made, renamed, filled, archived."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.models import TeamMember
from app.domain.accounts.queries import list_teams
from app.domain.accounts.teams import TeamMissing, WrongTeamName, archive_team, change_team, create_team, restore_team
from tests.factories import NOW, make_user


def test_a_team_has_a_name_of_its_own_and_people(db_session: Session) -> None:
    alice, bob = make_user(db_session), make_user(db_session, "Bob")
    team = create_team(db_session, " Customer  service ", user_ids=[alice.id, new_id()], now=NOW)
    for name in ("customer service", " "):
        with pytest.raises(WrongTeamName):
            create_team(db_session, name, now=NOW)
    change_team(db_session, team.id, name="Service desk", user_ids=[bob.id], now=NOW)
    assert (team.name, members(db_session)) == ("Service desk", [bob.id])
    change_team(db_session, team.id, name="service desk", now=NOW)
    assert members(db_session) == [bob.id]


def test_an_archived_team_has_no_people_and_is_not_offered(db_session: Session) -> None:
    alice = make_user(db_session)
    team = create_team(db_session, "Service", user_ids=[alice.id], now=NOW)
    archive_team(db_session, team.id, now=NOW)
    change_team(db_session, team.id, user_ids=[alice.id], now=NOW)
    assert (members(db_session), list_teams(db_session)) == ([], [])
    restore_team(db_session, team.id, now=NOW)
    assert list_teams(db_session) == [team]


def test_a_team_there_is_not(db_session: Session) -> None:
    with pytest.raises(TeamMissing):
        archive_team(db_session, new_id(), now=NOW)


def members(session: Session) -> list[object]:
    return list(session.execute(sa.select(TeamMember.user_id)).scalars())
