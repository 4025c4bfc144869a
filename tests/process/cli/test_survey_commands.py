"""`surveys …`."""

from __future__ import annotations

import json

from tests.process.cli.conftest import Run


def test_a_brand_begins_to_ask_and_stops(run: Run) -> None:
    run("brands", "create", "ChargeCars")
    assert run("surveys", "list").output == ""
    assert "asks no such question" in run("surveys", "campaign", "chargecars").output
    assert run("surveys", "switch", "chargecars", "nps", "on").output == "chargecars  nps  on\n"
    assert json.loads(run("surveys", "list", "--json").output) == [
        {"brand": "chargecars", "kind": "nps", "is_on": True, "min_days": 90}
    ]
    assert run("surveys", "campaign", "chargecars").output == "0 will be asked.\n"
    assert run("surveys", "switch", "chargecars", "nps", "off").output == "chargecars  nps  off\n"
    assert run("surveys", "switch", "nope", "nps", "on").exit_code == 1
