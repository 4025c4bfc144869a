"""The recorded webhook bodies beside this file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "payloads"
NAMES = tuple(sorted(path.stem for path in FOLDER.glob("*.json")))


def body_of(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def json_of(name: str) -> Any:
    return json.loads(body_of(name))
