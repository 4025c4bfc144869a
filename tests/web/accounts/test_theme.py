"""The theme alone is changed from wherever one is, and the palette and the account menu know the three."""

from __future__ import annotations

from sqlalchemy.orm import Session

from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in


def test_a_theme_is_chosen_and_one_is_back_where_one_was(db_session: Session, page_client: PageClient) -> None:
    alice = make_user(db_session, "Alice", brands=(make_brand(db_session),))
    alice.locale = "nl"
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    html = page_client.get("/contacts").text
    assert html.count('action="/settings/theme"') == 1
    origin = "http://localhost"
    token = page_client.csrf_token("/contacts")
    dark = {"theme": "dark", "csrf_token": token}
    answer = page_client.post("/settings/theme", data=dark, headers={"Referer": f"{origin}/contacts?q=x"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/contacts?q=x")
    db_session.refresh(alice)
    assert (alice.theme, alice.locale) == ("dark", "nl")
    elsewhere = page_client.post("/settings/theme", data=dark, headers={"Referer": "https://evil.example/contacts"})
    assert elsewhere.headers["Location"] == "/settings/profile"
    assert page_client.post("/settings/theme", data=dark | {"theme": "pink"}).status_code == 400
