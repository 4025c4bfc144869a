"""Cards to a workflow of Microsoft Teams."""

from app.contract.provider import Provider

PROVIDER = Provider(key="teams", label="Microsoft Teams", calls={"teams": "Microsoft Teams"})
