"""Routes of routing: queue, availability, rules, people."""

from app.web.routing import own, people, queue, rules, trial
from app.web.routing.blueprint import bp

__all__ = ["blueprints", "own", "people", "queue", "rules", "trial"]
blueprints = (bp,)
