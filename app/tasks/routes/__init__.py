"""Tasks over HTTP: the list, the board, the calendar, one task, a thread's tasks."""

from app.tasks.routes import pages, thread, writing
from app.tasks.routes.blueprint import bp

__all__ = ["blueprints", "pages", "thread", "writing"]
blueprints = (bp,)
