"""Microsoft Teams: cards posted to a workflow."""

from app.contract.provider import Provider

PROVIDER = Provider(key="teams", label="Microsoft Teams", calls={"teams": "Microsoft Teams"})
