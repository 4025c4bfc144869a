"""Before somebody signs in, pages speak the browser's language."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize(("language", "word"), [("nl-NL", "Inloggen"), ("fr-BE", "Se connecter"), ("de", "Sign in")])
def test_sign_in_page_speaks_the_browsers_language(client: FlaskClient, language: str, word: str) -> None:
    text = client.get("/sign-in", headers={"Accept-Language": language}).get_data(as_text=True)

    assert f'<html lang="{language[:2] if language != "de" else "en"}"' in text
    assert word in text
