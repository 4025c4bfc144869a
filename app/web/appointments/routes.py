"""Routes of the appointment pages."""

from app.web.appointments import absences, pages, writing
from app.web.appointments.blueprint import bp

__all__ = ["absences", "blueprints", "pages", "writing"]
blueprints = (bp,)
