"""Make: scenarios that tell us and that we tell."""

from app.contract.provider import Provider
from app.core.text import mark as N_

PROVIDER = Provider(
    key="make",
    label="Make",
    serves="scenarios",
    about=N_("Scenarios: they tell us of orders, visits, payments and feedback, and are told what happens here."),
    calls={"make": "Make"},
    key_headers=("x-make-apikey",),
)
