"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.contacts.conftest import desk as desk
