"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.tasks.conftest import desk as desk
