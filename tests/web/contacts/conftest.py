"""The fixtures of the feature, for the tests of its pages."""

from tests.domain.addresses.conftest import pdok as pdok
from tests.domain.addresses.conftest import server as server
from tests.domain.contacts.conftest import desk as desk
