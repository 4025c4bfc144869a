"""Keys and signatures against the published vectors."""

from __future__ import annotations

from app.domain.partners.key_text import checksum, is_key_text, new_key_texts, shown_of
from app.domain.partners.models import Environment
from app.domain.partners.signature import SignedRequest, is_signed, sign

SECRET = "pss_test_5f3c0000000000000000000000000000000000000000000000000000c0de"
ORDER = (
    '{"partner_order_id":"GRO-123456","customer":{"name":"Jan Jänssen"},"products":[{"partner_sku":"GRO-ALFEN-11","quantity":1}]}'
).encode()
ROOT = "/api/v1/partners/groendus/orders"
VECTORS = (
    (
        SignedRequest("POST", ROOT, "", "1795253400", "6f1c2d3e4a5b46978899aabbccddeeff", ORDER),
        "v1=80e59873fcf33971d620b23751ced864fc904d0f88fd1e356c900958acfabb2f",
    ),
    (
        SignedRequest("get", f"{ROOT}/GRO-123456/status", "", "1795253400", "00112233445566778899aabbccddeeff", b""),
        "v1=a0954d622f6805d391081ef05fc4e638c906a1a0a8a311b0860f95297f072d59",
    ),
    (
        SignedRequest(
            "GET",
            ROOT,
            "updated_since=2026-11-20T00%3A00%3A00Z&limit=50",
            "1795253400",
            "0123456789abcdef0123456789abcdef",
            b"",
        ),
        "v1=8e132e7e39a87f2b4d199aa6cdf0786f54b9ccc5b75a5ad3b71504614fe9fc3f",
    ),
)


def test_signatures_are_those_of_the_vectors() -> None:
    for request, expected in VECTORS:
        assert sign(request, SECRET) == expected
        assert is_signed(request, f"v1=0 {expected}", [SECRET, "other"])
        assert not is_signed(request, expected, ["other"])
        assert not is_signed(request, expected.removeprefix("v1="), [SECRET])


def test_a_key_carries_its_checksum() -> None:
    assert checksum("uik_test_0A1B2C3D4E5F6G7H8I9J0KaLbMcNdOeP") == "1KO63k"
    for environment in Environment:
        text = new_key_texts(environment).key
        assert is_key_text(text)
        assert not any(is_key_text(wrong) for wrong in (text[:-1], text + "0", text.swapcase(), "", "é" * 47))
        assert text not in shown_of(text)
