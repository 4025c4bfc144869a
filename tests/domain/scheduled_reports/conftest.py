"""A desk with some days of work, and the simulated mail server."""

from tests.domain.analytics.conftest import reports as reports
from tests.domain.notifications.conftest import outside as outside
from tests.domain.notifications.conftest import simulators as simulators
from tests.domain.sla.conftest import desk as desk
