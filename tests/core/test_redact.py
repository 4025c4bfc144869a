"""What a log line may show of a URL and of headers."""

from __future__ import annotations

from app.core.redact import redact_headers, redact_url


def test_logged_url_and_headers_hold_no_secret() -> None:
    url = redact_url("https://me:pw@h.example/users/jan%40x.nl/+31612345678/" + "a" * 60 + "?token=abc&$top=5#f")

    assert url == "https://h.example/users/***/***/***?token=***&$top=***"
    assert redact_headers({"Authorization": "Bearer x", "X-Hub-Signature-256": "s", "Via": "Bearer eyJ0.a.b", "Date": "now"}) == {
        "Authorization": "***",
        "X-Hub-Signature-256": "***",
        "Via": "***",
        "Date": "now",
    }
