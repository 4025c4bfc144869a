"""Every kind of webhook payload, each from its file: what it becomes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.contract.base import DeliveryStatus, Direction, Identity, IdentityKind, InboundMessage, Parsed, StatusUpdate
from tests.providers.whatsapp_cloud.expected import MESSAGES
from tests.providers.whatsapp_cloud.payload_files import NAMES, body_of
from tests.sandbox.simulators.whatsapp_world import WABA_ID

STATUSES = {
    "status_sent": DeliveryStatus.SENT,
    "status_delivered": DeliveryStatus.DELIVERED,
    "status_read": DeliveryStatus.READ,
    "status_played": DeliveryStatus.READ,
    "status_failed_outside_window_131047": DeliveryStatus.FAILED,
    "status_failed_without_recipient_or_errors": DeliveryStatus.FAILED,
    "status_failed_with_unknown_code": DeliveryStatus.FAILED,
    "status_for_username_user": DeliveryStatus.DELIVERED,
    "status_without_our_reference": DeliveryStatus.SENT,
    "status_with_conversation_of_old_pricing": DeliveryStatus.SENT,
    "status_in_group": DeliveryStatus.DELIVERED,
}
# file: (kind, severity, summary)
NOTICES = {
    "errors_only": (
        "error",
        "warning",
        "We are sending messages faster than WhatsApp allows for this phone number · Message failed to send because there were",
    ),
    "user_actions_only": ("user_action", "info", "marketing messages link click"),
    "user_preferences_with_number_as_timestamp": ("user_preference", "info", "31612345678: marketing messages, stop"),
    "history_declined": ("error", "warning", "turned off"),
    "app_state_sync": ("state_sync", "info", "state sync"),
    "template_approved": ("template_status", "info", "Template order_update (nl) is now APPROVED"),
    "template_rejected_with_reason": (
        "template_status",
        "warning",
        "Template order_update (nl) is now REJECTED · Looks like marketing",
    ),
    "template_paused": (
        "template_status",
        "warning",
        "Template order_update (nl) is now PAUSED · Paused for 3 hours for low quality",
    ),
    "template_quality_red": ("template_quality", "warning", "Quality of template order_update (nl): YELLOW → RED"),
    "template_category_changed": ("template_category", "warning", "Category of template order_update (nl): UTILITY → MARKETING"),
    "template_components_changed": ("message_template_components_update", "info", "message template components update"),
    "account_restricted": ("account", "error", "WhatsApp account: account restriction"),
    "account_partner_removed": ("account", "error", "WhatsApp account: partner removed · COMPANION_UNLINKED"),
    "number_quality_flagged": ("number_quality", "warning", "Number 31201234567: flagged"),
    "business_capability_unlimited": ("messaging_limit", "info", "New conversations per day: unlimited"),
    "account_field_nobody_knows": ("galaxy_update", "info", "News from WhatsApp: galaxy update"),
}
BROKEN = {
    "broken_message_without_id": "message without id · has no id",
    "broken_message_without_timestamp": "has no usable timestamp",
    "broken_message_without_type": "has no type",
    "broken_timestamp_in_words": "has no usable timestamp",
    "broken_timestamp_beyond_all_calendars": "has no usable timestamp",
    "broken_message_is_a_string": "messages contains an item that is not an object",
    "broken_text_body_is_a_number": "has no text body",
    "broken_text_object_is_a_string": "has no text",
    "broken_image_without_id": "has no id",
    "broken_location_without_coordinates": "has a location without coordinates",
    "broken_location_at_infinity": "has a location without coordinates",
    "broken_contacts_is_an_object": "has no contacts",
    "broken_reaction_to_nothing": "has no message_id",
    "broken_edit_without_message": "has no message",
    "broken_revoke_without_target": "has no original_message_id",
    "broken_status_of_unknown_name": "has the unknown status teleported",
    "broken_status_about_no_message": "does not name a message",
    "broken_statuses_is_an_object": "statuses is not a list",
    "broken_value_is_a_list": "a change with the field “messages” has no “value”",
    "broken_messages_without_a_number": "(no phone_number_id)",
    "broken_entry_is_a_string": "entry contains an item that is not an object",
}
OTHERS = {
    "many_entries_changes_messages_and_statuses",
    "batch_with_a_number_that_is_not_ours",
    "statuses_in_wrong_order",
    "contacts_only",
    "echo_text_from_colleagues_phone",
    "echo_image",
    "echo_edit_and_revoke",
    "history_chunk",
    "broken_entry_is_an_object",
    "broken_other_product",
    "broken_top_is_a_list",
}
JAN = (
    Identity(IdentityKind.WA_ID, "31612345678"),
    Identity(IdentityKind.PHONE, "+31612345678"),
    Identity(IdentityKind.BSUID, "NL.1349578123", WABA_ID),
)
POSTED_AT = datetime(2026, 11, 21, 4, 16, 10, tzinfo=UTC)
SHA256_HEX = "f6b408c070916cb3ea57218fc2a38f710cd88f3c457c67c27d743abecd300f14"


@pytest.fixture
def parse(offline_adapter, account):
    return lambda name: offline_adapter.parse(body_of(name), account=account)


@pytest.fixture
def only_message(parse):
    def read(name: str) -> InboundMessage:
        parsed: Parsed = parse(name)
        assert not parsed.problems
        assert not parsed.statuses
        (message,) = parsed.messages
        return message

    return read


@pytest.fixture
def only_status(parse):
    def read(name: str) -> StatusUpdate:
        parsed: Parsed = parse(name)
        (status,) = parsed.statuses
        assert parsed == Parsed(statuses=(status,))
        return status

    return read


def test_every_payload_file_is_expected_to_become_something():
    assert set(NAMES) == {*MESSAGES, *STATUSES, *NOTICES, *BROKEN, *OTHERS}


@pytest.mark.parametrize("name", MESSAGES)
def test_message_has_its_kind_and_readable_text(only_message, name):
    message = only_message(name)
    assert (message.kind, message.text, message.opens_window) == MESSAGES[name]
    assert message.occurred_at == POSTED_AT
    assert message.direction is Direction.INCOMING
    assert message.external_id.startswith("wamid.")
    assert len(message.content_hash) == 64


@pytest.mark.parametrize("name", [name for name in MESSAGES if "username" not in name and "contacts" not in name])
def test_sender_is_known_by_number_and_scoped_id_most_trusted_first(only_message, name):
    assert only_message(name).sender.identities == JAN


def test_sender_has_the_profile_name_of_the_contact(only_message):
    assert only_message("text").sender.name == "Jan Jansen"
    assert only_message("text_without_contacts").sender.name == ""


def test_username_user_is_known_by_scoped_ids_and_has_no_number(only_message):
    sender = only_message("text_from_username_user_without_number").sender
    assert sender.identities == (
        Identity(IdentityKind.BSUID, "NL.77001234", WABA_ID),
        Identity(IdentityKind.PARENT_BSUID, "NL.ENT.9900", WABA_ID),
        Identity(IdentityKind.USERNAME, "anna.devries"),
    )


def test_messages_of_a_batch_get_their_own_senders(parse):
    parsed = parse("many_entries_changes_messages_and_statuses")
    assert [(m.text, m.sender.name) for m in parsed.messages] == [("een", "Jan Jansen"), ("twee", "Piet"), ("drie", "Jan Jansen")]
    assert [(s.provider_message_id[-2:], s.status.value) for s in parsed.statuses] == [
        ("S1", "sent"),
        ("S1", "delivered"),
        ("S2", "read"),
        ("S3", "sent"),
    ]


def test_items_of_another_number_are_left_alone(parse):
    parsed = parse("batch_with_a_number_that_is_not_ours")
    assert [m.text for m in parsed.messages] == ["voor ons"]
    assert not parsed.problems


def test_account_news_is_seen_whichever_business_account_it_names(offline_adapter, account):
    body = body_of("template_paused").replace(WABA_ID.encode(), b"555")
    assert offline_adapter.parse(body, account=account).notices


@pytest.mark.parametrize(
    ("name", "filename", "content_type"),
    [
        ("image_with_caption", "image.jpg", "image/jpeg"),
        ("video", "video.mp4", "video/mp4"),
        ("audio_voice_note_with_mime_parameters", "audio.ogg", "audio/ogg"),
        ("audio_file", "audio.mp3", "audio/mpeg"),
        ("document_with_filename", "offerte 12/2026.pdf", "application/pdf"),
        ("sticker_animated", "sticker.webp", "image/webp"),
    ],
)
def test_file_can_be_fetched_later_and_its_checksum_is_hex(only_message, name, filename, content_type):
    (file,) = only_message(name).attachments
    assert (file.filename, file.content_type) == (filename, content_type)
    assert (file.provider_media_id, file.sha256, file.content) == ("1908647269898587", SHA256_HEX, None)


def test_file_keeps_a_link_that_came_along_and_may_lack_a_checksum(only_message):
    assert only_message("image_with_short_lived_url").attachments[0].provider_url.startswith("https://lookaside.fbsbx.com/")
    assert only_message("image_without_sha256").attachments[0].sha256 is None


def test_voice_note_is_marked(only_message):
    assert only_message("audio_voice_note_with_mime_parameters").meta["voice"] is True


def test_quoted_message_is_named(only_message):
    assert only_message("text_quoting_our_message").reply_to_external_id.endswith("OURS")
    assert only_message("text_forwarded_without_context_id").reply_to_external_id is None


def test_details_worth_keeping_are_kept(only_message):
    assert only_message("text_forwarded_without_context_id").meta["forwarded"] is True
    assert only_message("text_from_advertisement").meta["referral"]["headline"] == "Laadpaal"
    assert only_message("text_about_catalog_product").meta["referred_product"]["product_retailer_id"] == "ZAP-GO2"
    assert only_message("text_in_group").meta["group_id"]
    assert only_message("text_with_identity_check").meta["identity"]["hash"]
    assert only_message("interactive_flow_reply").meta["answers"]["merk"] == "Zaptec"
    assert only_message("location_named").meta["location"]["latitude"] == 52.370216
    assert only_message("system_user_changed_number").meta["new"] == {"wa_id": "31699999999"}
    assert only_message("system_user_changed_user_id").meta["new"] == {"user_id": "NL.5550001"}


@pytest.mark.parametrize("name", ["type_nobody_knows", "unsupported_with_error_131051", "interactive_of_unknown_kind", "poll"])
def test_what_is_not_understood_is_kept_raw(only_message, name):
    assert only_message(name).meta["raw"]["id"] == only_message(name).external_id


@pytest.mark.parametrize(
    ("name", "kind", "target", "text"),
    [
        ("reaction", "reaction", "OURS", "👍"),
        ("reaction_removed_by_empty_emoji", "reaction", "OURS", ""),
        ("reaction_removed_without_emoji_field", "reaction", "OURS", ""),
        ("edit_text", "edit", "TEXT", "hoi, wanneer komt de monteur morgen?"),
        ("edit_caption", "edit", "IMAGE", "De oude meterkast"),
        ("revoke", "revoke", "TEXT", ""),
    ],
)
def test_change_names_the_message_it_changes(only_message, name, kind, target, text):
    change = only_message(name).change
    assert (change.kind, change.text) == (kind, text)
    assert change.target_external_id.endswith(target)


@pytest.mark.parametrize("name", STATUSES)
def test_status_is_on_the_ladder(only_status, name):
    status = only_status(name)
    assert status.status is STATUSES[name]
    assert status.occurred_at == POSTED_AT
    assert (status.reason is not None) == (status.status is DeliveryStatus.FAILED)


def test_status_carries_both_ids_and_the_recipient(only_status):
    status = only_status("status_sent")
    assert status.provider_message_id.endswith("OURS")
    assert status.our_reference == "0197f0de-0000-7000-8000-000000000001"
    assert status.recipient == "+31612345678"
    assert only_status("status_for_username_user").recipient == "NL.77001234"
    assert only_status("status_without_our_reference").our_reference is None


def test_failed_status_tells_the_agent_why_and_what_to_do(only_status):
    reason = only_status("status_failed_outside_window_131047").reason
    assert reason.code == "131047"
    assert "24 hours" in reason.title
    assert "template" in reason.advice
    assert "recipient last replied" in reason.detail


def test_failed_status_has_a_reason_even_without_one(only_status):
    assert only_status("status_failed_without_recipient_or_errors").reason.code == "unknown"
    unknown = only_status("status_failed_with_unknown_code").reason
    assert (unknown.code, unknown.detail) == ("199999", "Brand new")


def test_statuses_in_wrong_order_are_all_reported_as_they_came(parse):
    assert [status.status.value for status in parse("statuses_in_wrong_order").statuses] == ["read", "delivered", "sent"]


@pytest.mark.parametrize("name", NOTICES)
def test_account_news_is_a_notice_in_words(parse, name):
    parsed = parse(name)
    (notice,) = parsed.notices
    kind, severity, summary = NOTICES[name]
    assert (notice.kind, notice.severity) == (kind, severity)
    assert summary in notice.summary
    assert notice.raw
    assert parsed == Parsed(notices=parsed.notices)


def test_unknown_content_beside_known_is_noticed(parse):
    assert parse("text_with_unknown_fields_everywhere").notices[0].kind == "brand_new_list"


def test_error_beside_a_message_is_noticed(parse):
    assert "Could not read the reply" in parse("interactive_without_body_and_error_131000").notices[0].summary


def test_echo_is_an_outgoing_message_of_the_app(parse):
    (message,) = parse("echo_text_from_colleagues_phone").messages
    assert message.direction is Direction.OUTGOING
    assert message.sender.name == "WhatsApp app"
    assert message.sender.address() == "31201234567"
    assert message.recipients[0].identities == JAN
    assert message.recipients[0].name == "Jan Jansen"
    assert not message.opens_window
    assert parse("echo_image").messages[0].attachments


def test_echoed_edit_and_revoke_are_changes(parse):
    assert [message.change.kind for message in parse("echo_edit_and_revoke").messages] == ["edit", "revoke"]


def test_history_has_both_directions_with_their_own_times(parse):
    parsed = parse("history_chunk")
    assert [(m.direction.value, m.kind, m.text) for m in parsed.messages][:2] == [
        ("incoming", "text", "oud bericht"),
        ("outgoing", "text", "oud antwoord"),
    ]
    assert parsed.messages[2].recipients[0].address() == "31612345678"
    assert parsed.messages[0].occurred_at.year == 2026
    assert not parsed.problems


@pytest.mark.parametrize("name", BROKEN)
def test_broken_item_is_one_problem_and_the_rest_goes_on(parse, name):
    parsed = parse(name)
    (problem,) = parsed.problems
    assert BROKEN[name] in problem
    assert [message.text for message in parsed.messages] == ["de rest gaat door"]
    assert len(parsed.statuses) == (1 if name == "broken_status_of_unknown_name" else 0)


@pytest.mark.parametrize("name", ["broken_entry_is_an_object", "broken_other_product", "broken_top_is_a_list"])
def test_body_that_is_no_whatsapp_event_is_a_problem(parse, name):
    parsed = parse(name)
    assert len(parsed.problems) == 1
    assert parsed == Parsed(problems=parsed.problems)


def test_body_with_contacts_alone_holds_nothing(parse):
    assert parse("contacts_only") == Parsed()


def test_repeat_of_a_message_hashes_the_same_and_another_text_does_not(offline_adapter, account, parse):
    again = body_of("text").replace(b'"from"', b'"brand_new": 1, "from"')
    other = body_of("text").replace(b"hoi", b"hee")
    hashes = [offline_adapter.parse(body, account=account).messages[0].content_hash for body in (body_of("text"), again, other)]
    assert hashes[0] == hashes[1] != hashes[2]
