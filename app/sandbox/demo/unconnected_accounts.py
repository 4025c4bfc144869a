"""List an account at each simulated provider that is no channel yet, for a newcomer to connect by hand."""

from __future__ import annotations

NUMBER_ID, NUMBER = "106600000000099", "+31 20 799 9999"
TEXTS = "+3197010200999"
MAILBOX, AT_SERVER, AT_SENDGRID = "spare@chargecars.example", "spare@ratioshop.example", "spare@zaptecshop.example"
SERVER_PASSWORD = "spare-password"  # noqa: S105  of the simulated mail server
PARSE_KEY = "0123456789abcdef-of-the-spare-mailbox"
WORKFLOW, WORKFLOW_SIGNATURE = "spare-workflow", "signature-of-the-spare-workflow"
FORM_ID = "chargecars-intake-2025"  # the only form of the simulated account
