"""The pages of appointments."""

from app.appointments.routes import pages, writing
from app.appointments.routes.blueprint import bp

__all__ = ["blueprints", "pages", "writing"]
blueprints = (bp,)
