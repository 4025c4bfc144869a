"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.reply_templates.conftest import desk as desk
