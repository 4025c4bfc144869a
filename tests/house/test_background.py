"""Background work as data: every queue is listened to, every job named as text exists."""

from __future__ import annotations

import ast
import inspect
from importlib import import_module
from pathlib import Path

from app.config import Settings
from app.process.background import runner
from app.process.background.schedule import periodic_jobs
from app.process.launch.parts import workers
from app.wiring import QUEUES, WIRING, sources


def started_kinds() -> set[str]:
    """Return the words `make run` gives to worker.py."""
    return {part.argv[2] for part in workers()}


def listened_queues(kinds: set[str]) -> set[str]:
    """Return the queues that runner.main gives to the workers of these kinds, read from its source."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(inspect.getsource(runner))):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in kinds:
                    names = [name.id for name in ast.walk(value) if isinstance(name, ast.Name) and name.id.isupper()]
                    found |= {getattr(runner, name) for name in names}
    return found


def used_queues() -> set[str]:
    handlers = {handler.queue for handlers in WIRING.after_commit.values() for handler in handlers}
    return handlers | {source.queue for source in sources()} | {job.queue for job in periodic_jobs(Settings())}


def test_every_queue_in_use_is_listened_to() -> None:
    assert used_queues() <= set(QUEUES)
    assert set(QUEUES) <= listened_queues(started_kinds())


def test_make_run_starts_exactly_one_scheduler() -> None:
    words = [part.argv[2] for part in workers()]
    assert words.count("scheduler") == 1


def test_every_job_named_as_text_exists_and_tolerates_unknown_arguments() -> None:
    for path in {source.job for source in sources()} | {job.job for job in periodic_jobs(Settings())}:
        module, _, function = path.rpartition(".")
        parameters = inspect.signature(getattr(import_module(module), function)).parameters.values()
        assert any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters), f"{path} lacks **_ignored"


def test_handlers_have_names_of_their_own() -> None:
    handlers = {handler for handlers in WIRING.after_commit.values() for handler in handlers}
    assert len({handler.name for handler in handlers}) == len(handlers)


def test_the_files_that_processes_are_started_from_exist() -> None:
    root = Path(__file__).resolve().parents[2]
    assert [name for name in ("worker.py", "wsgi.py", "app/sandbox/simulators/__main__.py") if not (root / name).is_file()] == []
