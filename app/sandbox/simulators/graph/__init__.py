"""Microsoft Graph mail, Entra's token service and the mail world around them, as one server on loopback.

What is imitated and what is refused follows Graph's documentation; see `controls` for what a test or a demo can make it do.
Not here: $batch, and of calendars all but calendarView/delta and single events.
"""

from app.sandbox.simulators.graph.app import create_graph_app

__all__ = ["create_graph_app"]
