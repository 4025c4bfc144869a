"""Routes of tasks: list, board, calendar, one task, a thread's tasks."""

from app.web.tasks import order, pages, thread, writing
from app.web.tasks.blueprint import bp

__all__ = ["blueprints", "order", "pages", "thread", "writing"]
blueprints = (bp,)
