"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.notifications.conftest import house as house
from tests.domain.notifications.conftest import outside as outside
from tests.domain.notifications.conftest import simulators as simulators
