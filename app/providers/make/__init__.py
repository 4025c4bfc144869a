"""Make.com scenarios: they call us, and we call them."""

from app.contract.provider import Provider
from app.core.text import mark as N_

PROVIDER = Provider(
    key="make",
    label="Make",
    serves="scenarios",
    about=N_("Scenarios: they send us orders, visits, payments and feedback, and receive our events."),
    calls={"make": "Make"},
    key_headers=("x-make-apikey",),
)
