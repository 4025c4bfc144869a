"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.integrations.conftest import account as account
from tests.domain.integrations.conftest import form as form
from tests.domain.integrations.conftest import outside as outside
