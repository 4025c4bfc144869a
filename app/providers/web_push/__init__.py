"""Web Push: notifications to the browsers of colleagues."""

from app.contract.provider import Provider
from app.core.text import mark as N_

PROVIDER = Provider(key="web_push", label="Web Push", calls={"push": N_("Browser push services")})
