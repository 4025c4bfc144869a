"""A voice note is written out where an endpoint is set, once, and asked again after it failed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask, jsonify, request

from app.core.runtime import EXTENSION, runtime
from app.domain.events.models import Event
from app.domain.field.handlers import write_out_voice
from app.domain.field.models import FieldFile
from app.domain.field.transcribe import UnableToTranscribe
from app.sandbox.simulators.common import serve
from tests.domain.field.conftest import Round

SOUND = b"OggS" + bytes(60)


@pytest.fixture
def engine(day: Round, app: Flask) -> Iterator[list[dict[str, str]]]:
    """One that fails the first time, and then hears the same in everything; what it was asked."""
    asked: list[dict[str, str]] = []
    simulated = Flask("engine")

    @simulated.post("/v1/audio/transcriptions")
    def hear() -> tuple[object, int]:
        assert request.files["file"].read() == SOUND
        asked.append(request.form.to_dict())
        return (jsonify(text="Groepenkast is vol"), 200) if len(asked) > 1 else (jsonify(error="busy"), 503)

    server = serve(simulated)
    with app.app_context():
        usual = runtime()
        app.extensions[EXTENSION] = replace(
            usual, settings=replace(usual.settings, transcribe_url=f"{server.url}/v1/audio/transcriptions")
        )
    yield asked
    app.extensions[EXTENSION] = usual
    server.stop()


def test_what_is_said_is_written_out_once(day: Round, engine: list[dict[str, str]], app: Flask) -> None:
    day.take(day.new("voice", body={"sound": "audio/ogg", "seconds": 4}, file_id=day.file(SOUND)))
    day.session.commit()
    event = day.session.execute(sa.select(Event).where(Event.type == "VisitReported")).scalar_one()
    with app.app_context():
        with pytest.raises(UnableToTranscribe):
            write_out_voice(event)
        for _ in range(2):
            write_out_voice(event)
    day.session.expire_all()
    assert day.session.execute(sa.select(FieldFile.transcript)).scalar_one() == "Groepenkast is vol"
    assert [note.text for note in day.messages("internal_note")] == [
        "Voice note from the technician",
        "Automatic transcript of the voice note (please check): Groepenkast is vol",
    ]
    assert (len(engine), engine[1]["language"]) == (2, "en")
