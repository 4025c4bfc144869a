"""Tasks over HTTP: the list, the board, the calendar, one task, a thread's tasks."""

from app.web.tasks import pages, thread, writing
from app.web.tasks.blueprint import bp

__all__ = ["blueprints", "pages", "thread", "writing"]
blueprints = (bp,)
