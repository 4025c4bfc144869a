"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.surveys.conftest import surveys as surveys
