"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.auto_replies.conftest import desk as desk
