"""Pictures in pieces: after a cut only the rest is sent, nobody continues another's, and bytes that got lost are not kept."""

from __future__ import annotations

import base64
import hashlib
import uuid
from datetime import timedelta

import sqlalchemy as sa
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.accounts.models import User
from app.domain.field.jobs import sweep_files
from app.domain.field.models import FILE_BYTES, FieldFile, FieldFilePart
from app.domain.field.uploads import MOST_UNDER_WAY
from app.process.background.prune import prune
from tests.domain.field.conftest import PNG, Round
from tests.support.signing_in import csrf_token

WHOLE = b"\xff\xd8\xff" + bytes(range(256)) * 1200  # about 300 kB


def piece(
    day: Round,
    file_id: uuid.UUID,
    begin: int,
    end: int,
    *,
    whole: bytes = WHOLE,
    user: User | None = None,
    length: int | None = None,
) -> TestResponse:
    digest = base64.b64encode(hashlib.sha256(whole).digest()).decode()
    headers = {
        "X-CSRFToken": csrf_token(day.client.plain),
        "X-Field-User": str((user or day.tim).id),
        "Upload-Offset": str(begin),
        "Upload-Length": str(len(whole) if length is None else length),
        "Repr-Digest": f"sha-256=:{digest}:",
        "Content-Type": "application/offset+octet-stream",
    }
    return day.client.open("PATCH", f"/field/uploads/{file_id}", data=WHOLE[begin:end], headers=headers)


def here(day: Round, file_id: uuid.UUID) -> int:
    return int(day.client.get(f"/field/uploads/{file_id}").json["offset"])


def parts(day: Round) -> int:
    return int(day.session.execute(sa.select(sa.func.count()).select_from(FieldFilePart)).scalar_one())


def test_a_picture_in_pieces_is_put_together_and_the_last_piece_again_is_the_same(day: Round) -> None:
    file_id = uuid.uuid4()
    assert here(day, file_id) == 0
    for begin, end in ((0, 100_000), (100_000, 250_000)):
        assert piece(day, file_id, begin, end).json == {"id": str(file_id), "offset": end}
        assert here(day, file_id) == end
    done = [piece(day, file_id, 250_000, len(WHOLE)) for _ in range(2)]
    assert [one.json["sha256"] for one in done] == [hashlib.sha256(WHOLE).hexdigest()] * 2
    assert (here(day, file_id), parts(day)) == (len(WHOLE), 0)
    kept = day.session.get_one(FieldFile, (day.tim.id, file_id))
    assert (kept.size_bytes, kept.content_type) == (len(WHOLE), "image/jpeg")


def test_whoever_died_before_putting_it_together_is_asked_with_an_empty_piece(day: Round) -> None:
    file_id = uuid.uuid4()
    piece(day, file_id, 0, 200_000)
    rest = FieldFilePart(user_id=day.tim.id, file_id=file_id, begins_at=200_000, content=WHOLE[200_000:], created_at=day.now)
    rest.whole_bytes, rest.whole_sha256 = len(WHOLE), hashlib.sha256(WHOLE).hexdigest()
    day.session.add(rest)
    day.session.commit()
    assert "sha256" in piece(day, file_id, len(WHOLE), len(WHOLE)).json


def test_a_piece_that_does_not_follow_is_told_where_to_go_on(day: Round) -> None:
    file_id = uuid.uuid4()
    piece(day, file_id, 0, 100_000)
    for begin, end in ((0, 100_000), (50_000, 50_010)):  # again, as a browser sends what was cut
        assert piece(day, file_id, begin, end).json == {"id": str(file_id), "offset": 100_000}
    for begin in (100_001, len(WHOLE)):
        answer = piece(day, file_id, begin, begin + 10)
        assert (answer.status_code, answer.json["code"], answer.json["offset"]) == (409, "wrong_offset", 100_000)
    assert piece(day, file_id, 90_000, 120_000).json["offset"] == 120_000  # what lies behind is new
    assert "sha256" in piece(day, file_id, 120_000, len(WHOLE)).json


def test_nobody_sees_continues_or_ends_the_pieces_of_somebody_else(day: Round) -> None:
    file_id = uuid.uuid4()
    piece(day, file_id, 0, 100_000)
    day.as_user(day.carla)
    assert here(day, file_id) == 0
    assert piece(day, file_id, 100_000, len(WHOLE)).json["code"] == "other_user"
    assert piece(day, file_id, 100_000, len(WHOLE), user=day.carla).json == {
        "code": "wrong_offset", "problem": "Parts of the photo arrived in the wrong order.", "offset": 0,
    }  # fmt: skip
    assert "sha256" in piece(day, file_id, 0, len(WHOLE), user=day.carla).json
    day.as_user(day.tim)
    assert here(day, file_id) == 100_000


def test_what_is_too_large_empty_or_another_picture_is_refused(day: Round) -> None:
    file_id = uuid.uuid4()
    assert piece(day, file_id, 0, 10, length=FILE_BYTES + 1).status_code == 413
    assert piece(day, file_id, 0, 10, length=0).json["code"] == "empty_body"
    assert piece(day, file_id, 0, 200, length=100).status_code == 413
    piece(day, file_id, 0, 100_000)
    assert piece(day, file_id, 100_000, 100_010, whole=PNG, length=len(WHOLE)).json["code"] == "changed"
    assert here(day, file_id) == 100_000
    bad = day.client.open("PATCH", f"/field/uploads/{file_id}", data=b"x", headers={
        "X-CSRFToken": csrf_token(day.client.plain), "X-Field-User": str(day.tim.id), "Upload-Offset": "-1",
    })  # fmt: skip
    assert (bad.status_code, bad.json["code"]) == (400, "bad_part")


def test_bytes_that_are_not_the_picture_are_thrown_away_and_it_begins_anew(day: Round) -> None:
    file_id, other = uuid.uuid4(), b"x" * len(WHOLE)
    answer = piece(day, file_id, 0, len(WHOLE), whole=other)
    assert (answer.status_code, answer.json["code"]) == (400, "bad_digest")
    assert (here(day, file_id), parts(day)) == (0, 0)
    assert "sha256" in piece(day, file_id, 0, len(WHOLE)).json


def test_a_picture_no_action_ever_named_goes_after_a_month_and_any_other_stays(day: Round) -> None:
    named, lost = day.file(), day.file()
    day.take(day.new("photo", body={"label": "after"}, file_id=named))
    day.session.execute(sa.update(FieldFile).values(created_at=day.now - timedelta(days=31)))
    recent = day.file()
    day.session.commit()
    with day.app.app_context():
        assert [sweep_files(), sweep_files()] == [1, 0]
    day.session.expire_all()
    assert set(day.session.execute(sa.select(FieldFile.id)).scalars()) == {named, recent}
    assert lost not in (named, recent)


def test_one_person_fills_no_office_and_what_nobody_finished_goes(day: Round) -> None:
    file_id, old = uuid.uuid4(), utc_now() - timedelta(days=4)
    for _ in range(MOST_UNDER_WAY):
        row = FieldFilePart(user_id=day.tim.id, file_id=uuid.uuid4(), begins_at=0, content=b"x", created_at=old)
        row.whole_bytes, row.whole_sha256 = FILE_BYTES, ""
        day.session.add(row)
    day.session.commit()
    assert piece(day, file_id, 0, 10).status_code == 429
    with day.app.app_context():
        prune()
    assert parts(day) == 0
    assert piece(day, file_id, 0, 10).json["offset"] == 10
