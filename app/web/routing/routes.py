"""Routing over HTTP: the queue and one's own availability for everybody, rules and people for leads."""

from app.web.routing import own, people, queue, rules, trial
from app.web.routing.blueprint import bp

__all__ = ["blueprints", "own", "people", "queue", "rules", "trial"]
blueprints = (bp,)
