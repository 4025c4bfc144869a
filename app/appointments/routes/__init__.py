"""The pages of appointments."""

from app.appointments.routes import absences, pages, writing
from app.appointments.routes.blueprint import bp

__all__ = ["absences", "blueprints", "pages", "writing"]
blueprints = (bp,)
