"""What an endpoint may be."""

from __future__ import annotations

import pytest

from app.domain.webhooks.rules import BadEndpoint, checked_headers, checked_url, is_event_type


def checked(url: str, *, allows_http: bool = False) -> str:
    return checked_url(url, allows_http=allows_http, ports=(443,))


def test_addresses_are_kept_with_their_host_in_ascii() -> None:
    assert checked(" https://Bücher.example/Hook?a=b ") == "https://xn--bcher-kva.example/Hook?a=b"
    assert checked("https://[2001:4860::1]/x") == "https://[2001:4860::1]/x"
    assert checked("http://127.0.0.1:5111/x", allows_http=True) == "http://127.0.0.1:5111/x"


@pytest.mark.parametrize(
    "url",
    ["", "example.com", "ftp://example.com", "https://", "https://a b.example", "https://u:p@example.com/", "http://example.com/",
     "https://example.com/#x", "https://example.com:8443/", "https://example.com:x/", "https://example.com/\r\nX: y",
     f"https://example.com/{'x' * 2048}", f"https://{'ü' * 80}.example", "https://[::1"],
)  # fmt: skip
def test_what_is_no_usable_address_is_refused_with_the_field(url: str) -> None:
    with pytest.raises(BadEndpoint) as refused:
        checked(url)
    assert refused.value.field == "url"


@pytest.mark.parametrize(
    "headers",
    [{"Host": "x"}, {"webhook-id": "x"}, {"X-ChargeCars-Event": "x"}, {"A b": "x"}, {"": "x"}, {"A": "x\r\nB: y"}, {"A": "é"},
     {"A": "x" * 4097}, {"A": "1", "a": "2"}, {f"A{n}": "x" for n in range(21)}, {"Cookie": "a=b"}],
)  # fmt: skip
def test_headers_that_would_break_or_forge_a_request_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadEndpoint):
        checked_headers(headers)
    assert checked_headers({"Authorization": "Bearer x", "X-Tenant": "7"})


def test_event_types_are_words_with_dots() -> None:
    assert all(is_event_type(name) for name in ("order.created", "status_update", "a.b_2.c"))
    assert not any(is_event_type(name) for name in ("", "A.b", "a..b", ".a", "a.", "a-b", "x" * 65))
