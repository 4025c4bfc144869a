"""What tests of every feature share; each module says what it offers. Fixtures are handed out by tests/conftest.py."""
