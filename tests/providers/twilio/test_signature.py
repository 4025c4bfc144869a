"""Ours and the provider's own verifier say the same of every post, and neither takes one with a byte changed."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict
from werkzeug.formparser import parse_form_data

from app.contract.receive import SignedPost
from app.providers.twilio.signature import NEWER, is_signed, sign

TOKEN, SHARED = "12345", "shared-key-of-webhooks"
URL = "https://app.example.nl/webhooks/sms/status?reference=0197f0de&x=%7e%2F%C3%A9"
SETTINGS = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
FORM = "application/x-www-form-urlencoded"

FORMS: dict[str, list[tuple[str, str]]] = {
    "plain": [("MessageSid", "SM1"), ("MessageStatus", "delivered"), ("To", "+31612345678")],
    "nothing": [],
    "empty values": [("MessageSid", "SM1"), ("FromCity", ""), ("Body", "")],
    "spaces at the ends": [("MessageSid", "SM1"), ("Body", "  hallo \r\n ")],
    "the same name twice": [("Body", "b"), ("Body", "a"), ("MessageSid", "SM1")],
    "the same pair twice": [("Body", "a"), ("MessageSid", "SM1"), ("Body", "a")],
    "beyond ASCII": [("Body", "Geïnstalleerd é € 😀 日本"), ("MessageSid", "SM1")],
    "capitals sort first": [("b", "1"), ("B", "2"), ("a", "3"), ("Z", "4")],
    "characters of the encoding": [("Body", "100% & a=b+c ?#"), ("MessageSid", "SM1")],
    "a name in another's beginning": [("To", "1"), ("ToCity", "2"), ("T", "3")],
}
VECTORS = [
    (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+12349013030"),
            ("Digits", "1234"),
            ("From", "+12349013030"),
            ("To", "+18005551212"),
        ],
        "0/KCTR6DLpKmkAf8muzZqo1nDgQ=",
    ),
    (
        "https://mycompany.com/myapp.php?foo=1&bar=2",
        [
            ("CallSid", "CA1234567890ABCDE"),
            ("Caller", "+14158675309"),
            ("Digits", "1234"),
            ("From", "+14158675309"),
            ("To", "+18005551212"),
        ],
        "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
    ),
    (
        "https://app.example.nl/hooks/sms?thread=1",
        [("MessageSid", "SM123"), ("MessageStatus", "delivered"), ("To", "+31612345678")],
        "aqjvJRZiQFhyWxReqvft1ECoWl8=",
    ),
]


def post(body: bytes, signature: str, url: str = URL, kind: str = FORM, **more: str) -> SignedPost:
    return SignedPost(url, {"X-Twilio-Signature": signature, "Content-Type": kind, **more}, body)


def ours(found: SignedPost, token: str = TOKEN, shared_key: str = "") -> bool:
    return is_signed(found, secrets=[token], shared_key=shared_key)


def theirs(found: SignedPost, token: str = TOKEN) -> bool:
    environ = {"wsgi.input": __import__("io").BytesIO(found.body), "CONTENT_TYPE": found.headers["Content-Type"]}
    _, form, _ = parse_form_data({**environ, "CONTENT_LENGTH": str(len(found.body)), "REQUEST_METHOD": "POST"})
    return bool(RequestValidator(token).validate(found.url, form, found.headers["X-Twilio-Signature"]))


def signed_by_them(pairs: list[tuple[str, str]], url: str = URL) -> SignedPost:
    signature = RequestValidator(TOKEN).compute_signature(url, MultiDict(pairs))
    return post(urlencode(pairs).encode(), signature, url)


@pytest.mark.parametrize(("url", "pairs", "signature"), VECTORS)
def test_the_published_examples_are_signed(url: str, pairs: list[tuple[str, str]], signature: str) -> None:
    assert sign(TOKEN, url, [(n.encode(), v.encode()) for n, v in pairs]) == signature
    assert ours(post(urlencode(pairs).encode(), signature, url))


@pytest.mark.parametrize("pairs", FORMS.values(), ids=FORMS)
def test_what_they_sign_we_take_and_so_do_they(pairs: list[tuple[str, str]]) -> None:
    found = signed_by_them(pairs)
    assert ours(found)
    assert theirs(found)


@pytest.mark.parametrize("pairs", FORMS.values(), ids=FORMS)
def test_the_order_of_the_fields_does_not_matter(pairs: list[tuple[str, str]]) -> None:
    found = signed_by_them(pairs)
    mixed = random.Random(4).sample(pairs, len(pairs))
    assert ours(post(urlencode(mixed).encode(), found.headers["X-Twilio-Signature"]))


@pytest.mark.parametrize(("signed", "called", "is_taken"), [
    ("https://app.example.nl:443/webhooks/sms", "https://app.example.nl/webhooks/sms", True),
    ("https://app.example.nl/webhooks/sms", "https://app.example.nl:443/webhooks/sms", True),
    ("http://app.example.nl:80/webhooks/sms", "http://app.example.nl/webhooks/sms", True),
    ("https://app.example.nl:8443/webhooks/sms", "https://app.example.nl:8443/webhooks/sms", True),
    ("https://app.example.nl:80/webhooks/sms", "https://app.example.nl/webhooks/sms", False),
    ("https://app.example.nl/webhooks/sms", "https://app.example.nl/webhooks/sms#rc=3", True),
    ("https://app.example.nl/webhooks/sms", "https://app.example.nl/webhooks/sms?a=1", False),
    ("https://app.example.nl/webhooks/sms?a=1&b=2", "https://app.example.nl/webhooks/sms?b=2&a=1", False),
    ("https://evil.example.nl/webhooks/sms", "https://app.example.nl/webhooks/sms", False),
])  # fmt: skip
def test_the_address_is_the_configured_one_with_its_default_port_or_without(signed: str, called: str, is_taken: bool) -> None:
    pairs = FORMS["plain"]
    signature = RequestValidator(TOKEN).compute_signature(signed, MultiDict(pairs))
    assert ours(post(urlencode(pairs).encode(), signature, called)) is is_taken


@pytest.mark.parametrize("pairs", [FORMS["plain"], FORMS["beyond ASCII"], FORMS["the same name twice"]])
def test_every_single_byte_changed_is_refused_by_both(pairs: list[tuple[str, str]]) -> None:
    found = signed_by_them(pairs)
    signature, body = found.headers["X-Twilio-Signature"], found.body
    kinds = [(body, lambda b: post(b, signature)), (signature.encode(), lambda s: post(body, s.decode("latin-1")))]
    for original, build in kinds:
        for place, byte in enumerate(original):
            for other in (byte ^ 1, byte ^ 0x20, 0x41 if byte != 0x41 else 0x42):
                changed = original[:place] + bytes([other]) + original[place + 1 :]
                if not _says_the_same(changed, original, is_body=original is body):
                    assert not ours(build(changed)), (place, chr(byte), chr(other))
                    assert not theirs(build(changed)), (place, chr(byte), chr(other))


def _says_the_same(changed: bytes, original: bytes, *, is_body: bool) -> bool:
    """%2b and %2B, a space as + or %20 … are the same field; so are the unused last bits of base64 to nobody."""
    from app.providers.twilio.form import read_pairs

    return is_body and sorted(set(read_pairs(changed))) == sorted(set(read_pairs(original)))


def test_every_single_byte_of_the_address_changed_is_refused() -> None:
    found = signed_by_them(FORMS["plain"])
    for place in range(len("https://"), len(URL)):
        changed = URL[:place] + chr(ord(URL[place]) ^ 1) + URL[place + 1 :]
        assert not ours(post(found.body, found.headers["X-Twilio-Signature"], changed)), place


def test_a_name_and_its_value_cannot_be_cut_elsewhere_than_they_were() -> None:
    """Nothing stands between name and value in what is signed: that ambiguity is the provider's own, and its verifier's."""
    found = signed_by_them([("To", "City")])
    moved = post(urlencode([("ToCi", "ty")]).encode(), found.headers["X-Twilio-Signature"])
    assert ours(moved) == theirs(moved)


@pytest.mark.parametrize("tokens", [["old", TOKEN], [TOKEN, "old"], ["", TOKEN]])
def test_either_token_will_do_while_it_is_being_changed(tokens: list[str]) -> None:
    assert is_signed(signed_by_them(FORMS["plain"]), secrets=tokens)


@pytest.mark.parametrize("tokens", [[], [""], ["12345 "], [" 12345"], ["somebody else's"]])
def test_no_other_token_will_do(tokens: list[str]) -> None:
    found = signed_by_them(FORMS["plain"])
    assert not is_signed(found, secrets=tokens)
    empty = RequestValidator("").compute_signature(URL, MultiDict(FORMS["plain"]))
    assert not is_signed(post(urlencode(FORMS["plain"]).encode(), empty), secrets=["", TOKEN])


BODY = b'{"a":1}'
HASH = "015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862"


def json_post(body: bytes = BODY, announced: str = HASH, *, kind: str = "application/json") -> SignedPost:
    url = f"https://app.example.nl/webhooks/sms?bodySHA256={announced}"
    return post(body, RequestValidator(TOKEN).compute_signature(url, {}), url, kind)


def test_a_json_body_is_covered_by_its_hash_in_the_address() -> None:
    assert ours(json_post())
    assert RequestValidator(TOKEN).validate(json_post().url, BODY.decode(), json_post().headers["X-Twilio-Signature"])


CHANGES: dict[str, Callable[[], SignedPost]] = {
    "another body": lambda: json_post(b'{"a":2}'),
    "another hash": lambda: json_post(announced=hashlib.sha256(b"x").hexdigest()),
    "no hash": lambda: json_post(announced=""),
    "the hash in capitals": lambda: json_post(announced=HASH.upper()),
    "a body nothing covers": lambda: post(
        BODY, RequestValidator(TOKEN).compute_signature("https://a.nl/x", {}), "https://a.nl/x", "application/json"
    ),
    "a form said to be JSON": lambda: post(b"a=1", signed_by_them([("a", "1")]).headers["X-Twilio-Signature"], kind="text/plain"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_json_body_that_is_not_covered_is_refused(change: Callable[[], SignedPost]) -> None:
    assert not ours(change())


def newer(key: str = SHARED, *, settings: dict[str, str] | None = None) -> SignedPost:
    pairs = FORMS["beyond ASCII"]
    signature = RequestValidator(key).compute_signature(URL, MultiDict(pairs), NEWER)
    return post(urlencode(pairs).encode(), signature, **(SETTINGS if settings is None else settings))


def test_the_newer_algorithm_is_taken_where_its_key_is_configured() -> None:
    assert ours(newer(), shared_key=SHARED)


def test_the_newer_algorithm_is_refused_without_its_key_and_never_falls_back() -> None:
    older = signed_by_them(FORMS["plain"])
    assert not ours(newer())
    assert not ours(newer(TOKEN))
    assert not ours(newer(settings={}), shared_key=SHARED)
    assert not ours(post(older.body, older.headers["X-Twilio-Signature"], **SETTINGS))
    assert not ours(post(older.body, older.headers["X-Twilio-Signature"], **SETTINGS), shared_key=SHARED)


def test_the_older_algorithm_goes_on_beside_a_configured_key() -> None:
    assert ours(signed_by_them(FORMS["plain"]), shared_key=SHARED)
    assert not is_signed(signed_by_them(FORMS["plain"]), secrets=[], shared_key=TOKEN)


@pytest.mark.parametrize("signature", ["", " ", "é", "\udcff", "=" * 28, "A" * 100_000])
def test_strange_signatures_are_refused_without_a_fuss(signature: str) -> None:
    assert not ours(post(b"a=1", signature))
