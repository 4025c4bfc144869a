"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.orders.conftest import desk as desk
