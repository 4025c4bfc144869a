"""The data of ChargeCars, the first demo company: its brands and colleagues, and the customers who write to it."""

from __future__ import annotations

from app.domain.accounts.models import Role
from app.domain.threads.list_filters import ViewFilters
from app.domain.threads.models import ThreadType
from app.domain.threads.sorting import ListSort
from app.sandbox.demo.company import Customers, DemoBrand, DemoCompany, DemoUser, DemoView
from app.sandbox.demo.orders import ARTICLES
from app.sandbox.demo.read_stories import read_stories
from app.sandbox.demo.tasks import TASKS
from app.sandbox.demo.templates import TEMPLATES
from app.sandbox.demo.visits import VISITS

BRANDS = (
    DemoBrand(
        "chargecars",
        "ChargeCars",
        0,
        "service@chargecars.example",
        "+31 20 123 4567",
        "106600000000001",
        "+31 970 1020 0777",
        "+31 20 123 4500",
    ),
    DemoBrand("laderthuis", "LaderThuis", 1, "hallo@laderthuis.example", "+31 20 123 4568", "106600000000002"),
    DemoBrand("meterkastthuis", "MeterkastThuis", 2, "info@meterkastthuis.example"),
    DemoBrand("zaptecshop", "ZaptecShop", 3, "support@zaptecshop.example"),
    DemoBrand("ratioshop", "RatioShop", 4, "support@ratioshop.example"),
)

TEAMS = ("Customer service", "Technical team", "Partner desk")

USERS = (
    DemoUser("Sarah Bakker", Role.AGENT, "Customer service"),
    DemoUser("Alex de Vries", Role.AGENT, "Technical team", locale="nl"),
    DemoUser("Emma Jansen", Role.LEAD, "Customer service"),
    DemoUser("Noah Smit", Role.ADMIN, "Technical team"),
    DemoUser("Julia Visser", Role.AGENT, "Customer service", ("chargecars", "laderthuis")),
    DemoUser("Daan Mulder", Role.AGENT, "Technical team", ("chargecars", "meterkastthuis")),
    DemoUser("Lucas Peeters", Role.AGENT, "Partner desk", ("chargecars", "zaptecshop", "ratioshop")),
    DemoUser("Tom Willems", Role.TECHNICIAN, "Technical team", ("chargecars",)),
)

ORGANIZATIONS = (
    ("Groendus Partnerdesk", "partners@groendus.example"),
    ("50five Installaties", "planning@50five.example"),
    ("Alva Charging", "orders@alva.example"),
    ("Essent Installaties", "werkvoorbereiding@essent.example"),
    ("VvE De Kade", "bestuur@vvedekade.example"),
    ("Bouwbedrijf Van Rijn", "inkoop@vanrijnbouw.example"),
)

DUTCH_FIRST = (
    "Pieter", "Lotte", "Bram", "Femke", "Jeroen", "Sanne", "Ruben", "Iris", "Thijs", "Marieke", "Koen", "Nienke",
    "Wouter", "Anouk", "Joost", "Eva", "Maarten", "Fleur", "Gijs", "Roos", "Mehmet", "Fatima", "Youssef", "Aylin",
    "Ravi", "Priya", "Chantal", "Henk",
)  # fmt: skip
DUTCH_LAST = (
    "van Dam", "Bakker", "Hendriks", "de Boer", "Vermeulen", "Kaya", "van den Berg", "Smits", "Kuipers", "Postma",
    "Scholten", "van Leeuwen", "El Amrani", "Yilmaz", "Timmermans", "Verhoeven", "Jacobs", "Brouwer", "Maas",
    "van Veen", "de Groot", "Willems",
)  # fmt: skip
ENGLISH_FIRST = ("Jane", "Oliver", "Grace", "Harry", "Amelia", "Thomas", "Ella", "George", "Chloe", "Daniel", "Zoë", "Ryan")
ENGLISH_LAST = ("Smith", "Taylor", "O'Connor", "Walker", "Hughes", "Patel", "Murphy", "Clarke", "Evans", "Novak", "Kowalski")
STREETS = ("Kerkstraat", "Dorpsstraat", "Molenweg", "Stationslaan", "Parkweg", "Wilhelminastraat", "Beatrixlaan", "Schoolstraat")
TOWNS = (
    "Amsterdam",
    "Haarlem",
    "Utrecht",
    "Almere",
    "Leiden",
    "Amersfoort",
    "Zwolle",
    "Breda",
    "Den Bosch",
    "Hilversum",
    "Gouda",
)

VIEWS = (
    DemoView("Sarah", "Mijn storingen", ViewFilters(view="mine", type=ThreadType.TECHNICAL_ISSUE)),
    DemoView("Emma", "Foto's te beoordelen", ViewFilters(tag="foto"), ListSort.NEWEST, team="Customer service"),
)

CHARGECARS = DemoCompany(
    name="ChargeCars",
    zone="Europe/Amsterdam",
    language="nl",
    signature="Met vriendelijke groet,\nTeam {name}",
    text_price=("0.0849", "EUR"),
    brands=BRANDS,
    teams=TEAMS,
    users=USERS,
    customers=Customers(
        names={"nl": (DUTCH_FIRST, DUTCH_LAST), "en": (ENGLISH_FIRST, ENGLISH_LAST)},
        domains={"nl": "example.nl", "en": "example.com"},
        dialling="316",
        digits=8,
        streets=STREETS,
        towns=TOWNS,
    ),
    articles=ARTICLES,
    visits=VISITS,
    tasks=2 * TASKS,
    templates=TEMPLATES,
    stories=read_stories("chargecars"),
    views=VIEWS,
    organizations=ORGANIZATIONS,
    by_chance=340,
)
