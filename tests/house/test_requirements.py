"""The pinned requirements: explained, hashed, and the same for running and testing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# gevent-websocket: unmaintained, and engineio switches to it if it is merely there. psycopg2: another driver than ours.
UNWANTED = {"gevent-websocket", "psycopg2", "psycopg2-binary", "eventlet"}


def pins(name: str) -> dict[str, set[str]]:
    """Return package → versions; a package may have one per Python version."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([a-z0-9.-]+)(?:\[[^]]*\])?==(\S+)", (ROOT / name).read_text(), re.MULTILINE):
        found.setdefault(package, set()).add(version)
    return found


@pytest.mark.parametrize("name", ["requirements.in", "requirements-test.in"])
def test_every_direct_requirement_is_pinned_and_says_what_it_is_for(name: str) -> None:
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith(("#", "-r "))]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.-]+(\[[a-z,]+\])?==\S+ +# .{5,}", line)] == []


def test_the_test_set_contains_the_run_set_with_the_same_versions() -> None:
    run, test = pins("requirements.txt"), pins("requirements-test.txt")
    assert {package: versions for package, versions in run.items() if test.get(package) != versions} == {}


def test_direct_requirements_and_pins_agree() -> None:
    for source, result in (("requirements.in", "requirements.txt"), ("requirements-test.in", "requirements-test.txt")):
        assert {name: found for name, found in pins(source).items() if pins(result).get(name) != found} == {}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-test.txt"])
def test_every_pin_has_a_hash_and_none_is_unwanted(name: str) -> None:
    text = (ROOT / name).read_text()
    blocks = [block for block in re.split(r"\n(?=[a-z0-9])", text) if re.match(r"[a-z0-9.-]+(\[[^]]*\])?==", block)]
    assert len(blocks) > 40
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert UNWANTED & set(pins(name)) == set()
