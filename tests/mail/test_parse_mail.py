"""Every odd mail of the corpus is read, and read rightly."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.contract.base import Direction, InboundMessage, MailEvidence, UnableToParse
from app.mail.mime import parse_mail
from tests.mail.corpus_odd import LONG_ID, odd_mails
from tests.mail.corpus_tools import mail, mail_of, multipart, person, text_part
from tests.mail.make_corpus import FOLDER, corpus, huge_mail, huge_text
from tests.mail.parsing import OURS, RECEIVED_AT, read
from tests.support.cost import cost_seconds

ODD = odd_mails()


def odd(name: str) -> InboundMessage:
    return read(ODD[f"{name}.eml"])


def evidence(message: InboundMessage) -> MailEvidence:
    assert message.evidence is not None
    return message.evidence


def test_corpus_files_are_what_the_generator_writes() -> None:
    written = {str(path.relative_to(FOLDER)): path.read_bytes() for path in FOLDER.rglob("*.eml")}
    assert written == corpus()
    assert max(map(len, written.values())) < 100_000


@pytest.mark.parametrize("name", list(corpus()))
def test_every_mail_of_the_corpus_becomes_a_storable_message(name: str) -> None:
    message = read(corpus()[name])
    assert message.external_id
    assert len(message.content_hash) == 64
    assert message.occurred_at.tzinfo is UTC
    assert message.occurred_at <= RECEIVED_AT
    for text in (message.subject, message.text, message.html, message.sender.name, message.external_id):
        assert "\0" not in text
        assert not any("\ud800" <= char <= "\udfff" for char in text)
    assert message.subject.isprintable()


def test_references_of_24_long_ids_are_kept_exactly_and_in_order() -> None:
    found = evidence(odd("references_24_ids_of_over_100_characters"))
    assert found.references == tuple(f"ref{index:02d}.{'x' * 100}@outlook.example" for index in range(24))
    assert found.in_reply_to == (LONG_ID,)
    assert found.subject_token == 1042


def test_an_id_wrongly_sent_as_encoded_words_is_read() -> None:
    assert evidence(odd("in_reply_to_as_encoded_words")).in_reply_to == ("AM9PR04MB8505C0FFEE_lang_genoeg@outlook.example",)


def test_sloppy_ids_are_taken_and_empty_ones_are_not() -> None:
    found = evidence(odd("in_reply_to_sloppy"))
    assert found.in_reply_to == ("een@x.example", "twee zonder apenstaart")
    assert found.references == ("drie@x.example", "een@x.example", "gevouwen@x.example")
    empty = evidence(odd("message_id_empty"))
    assert (empty.message_id, empty.in_reply_to, empty.references) == (None, (), ())


@pytest.mark.parametrize(
    ("name", "message_id"),
    [("message_id_without_at_sign", "20261121101500.GA1234"), ("message_id_without_brackets", "kaal-kenmerk@oud.example")],
)
def test_irregular_message_ids_count(name: str, message_id: str) -> None:
    assert evidence(odd(name)).message_id == odd(name).external_id == message_id


def test_a_mail_without_message_id_gets_a_key_of_its_content() -> None:
    message = odd("message_id_missing")
    assert evidence(message).message_id is None
    assert message.external_id == f"no-message-id:{message.content_hash}"
    other = read(ODD["message_id_missing.eml"].replace(b"wel een vraag", b"wel een VRAAG"))
    assert other.external_id != message.external_id
    assert read(b"Received: by elders\r\n" + ODD["message_id_missing.eml"]).external_id == message.external_id


def test_a_reused_message_id_with_other_content_has_another_hash() -> None:
    first, second = odd("message_id_reused_first"), odd("message_id_reused_second")
    assert first.external_id == second.external_id
    assert first.content_hash != second.content_hash


def test_an_id_too_long_for_an_index_is_cut_and_stays_distinct() -> None:
    message = odd("message_id_of_1200_characters")
    assert len(message.external_id) < 300
    other = read(ODD["message_id_of_1200_characters.eml"].replace(b"a@lang", b"b@lang"))
    assert other.external_id != message.external_id


def test_plus_tokens_are_found_in_trace_headers_and_in_the_envelope_first() -> None:
    raw = ODD["plus_address_in_delivered_to.eml"]
    assert evidence(read(raw)).plus_tokens == ("t.abcdefgh23",)
    told = parse_mail(raw, own_addresses=OURS, received_at=RECEIVED_AT, envelope_to=["service+t.zzzzzzzz22@laadpunt.example"])
    assert evidence(told).plus_tokens == ("t.zzzzzzzz22", "t.abcdefgh23")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cp1252_declared_as_iso_8859_1", "Prijs: € 1.250,– voor “laadpaal” … geïnstalleerd"),
        ("utf8_declared_as_iso_8859_1", "Prijs: € 1.250,– voor “laadpaal” … geïnstalleerd"),
        ("utf8_without_declaration", "Prijs: € 1.250,– voor “laadpaal” … geïnstalleerd"),
        ("charset_that_does_not_exist", "Prijs: € 1.250,– voor “laadpaal” … geïnstalleerd"),
        ("latin1_declared_as_utf8", "Geïnstalleerd in de hal, één meter hoog."),
        ("charset_gb2312_with_gbk_characters", "充電樁 朱镕基"),
        ("charset_ks_c_5601_1987", "안녕하세요 똠방각하"),
        ("charset_iso_2022_jp_undeclared", "充電について"),
        ("charset_utf7", "Prijs € 5"),
        ("nul_in_subject_and_body", "eentwee"),
        ("utf16_file_with_byte_order_mark", "Hallo één"),
        ("mac_line_ends", "Regel een\nRegel twee"),
        ("alternative_text_and_html", "Hallo in tekst."),
        ("alternative_with_empty_text", "Hallo in HTML."),
        ("html_only", "Hallo in HTML."),
        ("apple_mail_text_image_text", "Voor de foto.\n\nNa de foto."),
        ("multipart_without_parts", "Geen enkel deel."),
        ("flowed_with_quotes", "Dit is een lange alinea die doorloopt.\n> Dit is een citaat.\n\n-- \nJan"),
        ("transfer_encoding_unknown", "Gewoon leesbaar."),
        ("mbox_from_line_on_top", "Uit een mbox."),
        ("quoted_printable_damaged", "Prijs € 5 =ZZ korting 10%slot"),
        ("winmail_dat_with_the_only_text", "Zie bijlagen in Outlook."),
        ("no_header_at_all", "Alleen maar tekst, geen kop, één alinea."),
        ("empty_message", ""),
    ],
)
def test_the_text_is_read(name: str, text: str) -> None:
    assert odd(name).text.strip() == text


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("utf8_without_declaration", "Café geïnstalleerd"),
        ("charset_unknown_8bit_in_subject", "Café bon"),
        ("nul_in_subject_and_body", "voorachter"),
        ("subject_character_cut_between_encoded_words", "€ 125 € 80 per stuk"),
        ("subject_with_line_break_inside_encoded_word", "Hallo Bcc: x@kwaad.example"),
        ("name_right_to_left_override", "שלום abc"),
        ("subject_missing", ""),
        ("first_line_no_header", ""),
    ],
)
def test_the_subject_is_one_readable_line(name: str, subject: str) -> None:
    assert odd(name).subject == subject


def test_a_stub_that_points_to_the_browser_gives_way_to_the_html() -> None:
    assert odd("alternative_with_view_in_browser_stub").text.startswith("Aanbieding")


@pytest.mark.parametrize("name", ["boundary_never_closed", "boundary_missing_in_header", "boundary_wrong_in_header"])
def test_broken_boundaries_lose_no_part(name: str) -> None:
    message = odd(name)
    assert "Hallo in tekst." in message.text
    assert "in HTML" in message.html


def test_damaged_base64_gives_what_can_be_read_and_says_so() -> None:
    message = odd("base64_body_damaged")
    assert message.text.startswith("Het begin is goed gebleven")
    assert message.meta["problems"] == ["A part's base64 was damaged; what could be decoded is shown."]


def test_what_is_nested_too_deep_stays_as_a_file() -> None:
    message = odd("nested_40_deep")
    content = message.attachments[0].content
    assert content is not None
    assert b"Helemaal binnenin." in content


def test_pictures_that_no_html_shows_are_ordinary_files() -> None:
    assert [item.is_inline for item in odd("inline_images_only").attachments] == [False]
    assert [item.is_inline for item in odd("related_image_in_html").attachments] == [True]
    assert odd("related_image_in_html").attachments[0].content_id == "meterkast@x"


def test_a_forwarded_mail_is_a_file_with_its_exact_bytes() -> None:
    attachment = odd("forwarded_as_attachment").attachments[0]
    assert (attachment.filename, attachment.content_type) == ("Originele vraag.eml", "message/rfc822")
    assert attachment.content is not None
    assert read(attachment.content).text.strip() == "De oorspronkelijke tekst."


def test_file_names_of_ten_kinds_are_read_and_made_safe() -> None:
    names = [item.filename for item in odd("file_names_of_ten_kinds").attachments]
    assert names[:7] == [
        "offerte € laadpaal.pdf",
        "Factuur €.pdf",
        "heel lange naam.pdf",
        "Offerte laadpaal zonder quotes.pdf",
        "_con.txt",
        "htaccess",
        "factuurfdp.exe",
    ]
    assert names[7] == "n" * 196 + ".pdf"
    assert names[8:] == ["noname.pdf", "onaf.pdf"]
    assert {item.content_type for item in odd("file_names_of_ten_kinds").attachments} == {"application/pdf"}


def test_winmail_dat_is_opened_and_kept() -> None:
    files = {item.filename: item.content for item in odd("winmail_dat").attachments}
    assert list(files) == ["winmail.dat", "bestek laadplein.txt", "foto.png"]
    assert files["bestek laadplein.txt"] == b"Bestek: 12 punten"


def test_a_damaged_winmail_dat_is_kept_with_a_note() -> None:
    assert "winmail.dat" in [item.filename for item in odd("winmail_dat_damaged").attachments]


@pytest.mark.parametrize("name", ["date_in_1970", "date_in_the_future", "date_impossible"])
def test_an_unbelievable_date_gives_way_to_the_time_of_arrival_and_is_kept(name: str) -> None:
    message = odd(name)
    assert message.occurred_at == RECEIVED_AT
    assert message.meta["claimed_date"]


def test_a_date_without_zone_is_taken_for_utc_and_a_missing_one_for_the_arrival() -> None:
    assert odd("date_without_zone").occurred_at == datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    assert odd("date_missing").occurred_at == RECEIVED_AT


def test_the_sender_is_found_whatever_from_looks_like() -> None:
    assert odd("from_two_addresses").sender.address() == "anna@klant.example"
    assert odd("from_two_addresses").meta["other_authors"] == ["bram@klant.example"]
    assert odd("from_missing").sender.address() == "terug@klant.example"
    assert (odd("from_name_only").sender.address(), odd("from_name_only").sender.name) == ("", "Fatima")
    assert odd("from_old_style_comment").sender.name == "Fatima (van de) Berg"
    assert odd("name_right_to_left_override").sender.name == "exe.nod Bank"


def test_an_address_hidden_in_an_encoded_name_is_no_sender() -> None:
    message = odd("from_encoded_with_address_inside_name")
    assert message.sender.address() == "oplichter@kwaad.example"
    assert "directie@laadpunt.example" not in evidence(message).participants


@pytest.mark.parametrize(
    ("name", "addresses"),
    [
        ("to_undisclosed_recipients", []),
        ("to_group_with_members", ["anna@klant.example", "bram@klant.example", "los@klant.example"]),
        ("to_two_mailboxes_of_ours", ["service@laadpunt.example", "sales@laadpunt.example"]),
        ("to_with_semicolons_and_broken_quotes", ["jan@x.example", "piet@x.example"]),
    ],
)
def test_recipients_are_read(name: str, addresses: list[str]) -> None:
    assert [party.address() for party in odd(name).recipients] == addresses


@pytest.mark.parametrize(
    ("reply_to", "kept"),
    [
        ("Bas <bas@thuis.example>", "bas@thuis.example"),
        ("service@laadpunt.example, bas@thuis.example", "bas@thuis.example"),
        ("fatima@klant.example", None),
        ("service+t.abc@laadpunt.example", None),
        ("", None),
    ],
)
def test_answers_go_where_the_sender_asks_but_never_to_ourselves(reply_to: str, kept: str | None) -> None:
    headers = [*person("Fatima", "fatima@klant.example", "Vraag"), ("Reply-To", reply_to)]
    assert read(mail(headers, "x\n")).meta.get("reply_to") == kept


def test_html_without_a_charset_tells_it_in_its_head() -> None:
    page = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=koi8-r"></head>Привет'.encode("koi8-r")
    headers = [
        *person("Fatima", "fatima@klant.example", "x"),
        ("Content-Type", "text/html"),
        ("Content-Transfer-Encoding", "8bit"),
    ]
    assert read(mail(headers, page)).text == "Привет"


def test_mail_from_our_own_mailbox_is_outgoing() -> None:
    assert odd("from_one_of_our_own_mailboxes").direction is Direction.OUTGOING


def test_only_the_topmost_authentication_result_counts() -> None:
    assert odd("dmarc_fail_spoof_of_known_customer").meta["authentication"] == {"spf": "fail", "dkim": "none", "dmarc": "fail"}


@pytest.mark.parametrize(
    ("name", "kind", "label"),
    [
        ("smime_encrypted", "encrypted", "smime"),
        ("smime_opaque_signed", "encrypted", "smime-opaque"),
        ("pgp_encrypted", "encrypted", "pgp"),
        ("pgp_inline", "encrypted", "pgp"),
    ],
)
def test_encrypted_mail_says_so_and_keeps_its_bytes(name: str, kind: str, label: str) -> None:
    message = odd(name)
    assert (message.kind, message.meta["encrypted"]) == (kind, label)
    assert message.attachments or "BEGIN PGP" in message.text


def test_signed_mail_is_read_and_its_signature_kept() -> None:
    message = odd("smime_signed")
    assert (message.kind, message.text.strip(), message.meta["signed"]) == ("text", "Ondertekend door mij.", "smime")
    assert [item.filename for item in message.attachments] == ["smime.p7s"]


@pytest.mark.parametrize("raw", [b"", b" \r\n\r\n ", bytes(range(256)) * 4, b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\0" * 90])
def test_what_is_no_mail_is_refused_with_a_reason(raw: bytes) -> None:
    with pytest.raises(UnableToParse, match="mail"):
        read(raw)


def test_a_mail_of_25_megabytes_is_read_within_five_seconds() -> None:
    raw = huge_mail(25)
    assert cost_seconds(lambda: read(raw)) < 5
    message = read(raw)
    assert message.attachments[0].size_bytes == 25_000_000 * 3 // 4 // 256 * 256


def test_a_text_of_25_megabytes_is_cut_and_kept_whole_as_a_file() -> None:
    raw = huge_text(25)
    assert cost_seconds(lambda: read(raw)) < 5
    message = read(raw)
    assert len(message.text) < 1_001_000
    assert message.attachments[0].size_bytes is not None
    assert message.attachments[0].size_bytes > 24_000_000


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(mail(person("A", "a@x.example", "x"), b"\r\n".join([b"--x"] * 100_000)), id="delimiters_only"),
        pytest.param(
            b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (i, i) for i in range(5000)), id="nested"
        ),
        pytest.param(mail_of(person("A", "a@x.example", "x"), multipart("mixed", [text_part("x")] * 20_000)), id="many_parts"),
        pytest.param(mail([("From", "a@x.example"), ("Subject", "=?utf-8?Q?" * 20_000)], "x"), id="unfinished_words"),
        pytest.param(mail([("From", '"' * 100_000), ("To", "<" * 100_000), ("Cc", "(" * 100_000)], "x"), id="open_quotes"),
        pytest.param(mail([("From", "a@x.example"), ("References", "<" * 100_000 + ">" * 100_000)], "x"), id="open_brackets"),
        pytest.param(mail([("From", "a@x.example"), ("Content-Type", "text/plain" + ';a="\\' * 40_000)], "x"), id="parameters"),
        pytest.param(mail_of(person("A", "a@x.example", "x"), text_part("<div>" * 100_000, kind="html")), id="deep_html"),
        pytest.param(
            mail_of(person("A", "a@x.example", "x"), text_part("<p " + "a=1 " * 200_000 + ">", kind="html")), id="attributes"
        ),
        pytest.param(mail(person("A", "a@x.example", "x"), "On 1 " * 100_000 + "\n" + "On 1 a\n" * 20_000), id="attributions"),
        pytest.param(b"A:\r\n" * 200_000, id="headers"),
    ],
)
def test_mail_made_to_cost_time_costs_little(raw: bytes) -> None:
    assert cost_seconds(lambda: read(raw)) < 3
