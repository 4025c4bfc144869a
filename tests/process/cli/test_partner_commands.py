"""`partners …`."""

from __future__ import annotations

import json

from tests.process.cli.conftest import Run


def test_a_partner_and_its_keys_are_made(run: Run) -> None:
    run("brands", "create", "ChargeCars")
    made = json.loads(run("partners", "create", "Volvo dealer", "--brand", "chargecars", "--json").output)
    assert made["slug"] == "volvo-dealer"
    assert run("partners", "list").output == "volvo-dealer  Volvo dealer\n"
    key = json.loads(run("partners", "key", "volvo-dealer", "--json").output)
    assert (key["api_key"][:9], key["environment"], key["signing_secret"][:9]) == ("swp_test_", "sandbox", "pss_test_")
    assert json.loads(run("partners", "key", made["id"], "--live", "--json").output)["api_key"].startswith("swp_live_")
    assert "there is no partner 'nobody'" in run("partners", "key", "nobody").output
    assert "slug: another partner uses this slug" in run("partners", "create", "Volvo dealer", "--brand", "chargecars").output
