"""The round of the feature, for the tests of its pages."""

from tests.domain.field.conftest import day as day
