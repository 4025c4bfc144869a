"""Sending by SMTP: to each recipient at most once, whatever breaks, and the copy in the mailbox exactly once."""

from __future__ import annotations

from email import message_from_bytes

import pytest

from app.contract.base import DeliveryStatus, Found
from tests.providers.smtp.support import MAILBOX, OUR_ID, Crash, House, mail_to, party


def test_mail_arrives_with_our_own_message_id_and_a_copy_is_filed_as_read(house: House) -> None:
    result = house.send(mail_to("jan@example.nl", in_reply_to="a@b", references=("a@b",)))
    assert (result.status, result.provider_message_id) == (DeliveryStatus.SENT, OUR_ID)
    (sent,) = house.post.outbox
    mail = message_from_bytes(sent.raw)
    assert (mail["Message-ID"], mail["In-Reply-To"], mail["From"]) == (f"<{OUR_ID}>", "<a@b>", f"Service <{MAILBOX}>")
    assert [message_from_bytes(one.raw)["Message-ID"] for one in house.folder("Sent").mails] == [f"<{OUR_ID}>"]


def test_hidden_recipients_get_it_and_are_not_named(house: House) -> None:
    house.send(mail_to("jan@example.nl", bcc=(party("stil@example.nl"),)))
    (sent,) = house.post.outbox
    assert set(sent.recipients) == {"jan@example.nl", "stil@example.nl"}
    assert b"stil@example.nl" not in sent.raw


def test_a_lone_dot_and_long_lines_survive(house: House) -> None:
    text = "eerst\n.\n..dan\n" + "é" * 2000
    house.send(mail_to(text=text))
    body = message_from_bytes(house.post.outbox[0].raw).get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n").strip() == text


def test_automatic_mail_says_so_and_has_no_sender_to_answer(house: House) -> None:
    house.send(mail_to(is_automatic=True, in_reply_to="a@b"))
    assert message_from_bytes(house.post.outbox[0].raw)["Auto-Submitted"] == "auto-replied"


def test_a_server_that_wants_a_sender_is_given_one(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    senders: list[str] = []

    def demand_sender(user: str, address: str) -> str | None:
        senders.append(address)
        return None if address else "550 5.7.1 empty sender not allowed"

    monkeypatch.setattr(house.post, "sender", demand_sender)  # the simulator's mood, not a function of ours
    house.send(mail_to(is_automatic=True))
    assert (senders, len(house.received())) == (["", MAILBOX], 1)


@pytest.mark.parametrize(
    ("mode", "permanent", "code"), [("busy", False, "smtp_451"), ("refuses", True, "smtp_550"), ("full", True, "smtp_552")]
)
def test_refusals_are_told_apart(house: House, mode: str, permanent: bool, code: str) -> None:
    house.post.smtp_mode = mode
    error = house.failed_send()
    assert (error.permanent, error.outcome_unknown, error.reason.code) == (permanent, False, code)
    assert house.received() == []


def test_a_server_that_leaves_is_tried_again(house: House) -> None:
    house.post.smtp_mode = "unavailable"
    error = house.failed_send()
    assert (error.permanent, error.channel_down, error.reason.code) == (False, False, "smtp_421")


def test_wrong_password_stops_the_channel_and_is_not_tried_at_once(house: House) -> None:
    house.post.smtp_mode = "locked"
    error = house.failed_send()
    assert (error.channel_down, error.permanent) == (True, False)
    assert (error.reason.title, error.retry_after_seconds) == ("The mail server refused the user name or the password", 300)


def test_recipient_that_does_not_exist_is_reported_and_the_others_have_it(house: House) -> None:
    result = house.send(mail_to("jan@example.nl", "nobody@example.nl"))
    assert house.received() == [("jan@example.nl",)]
    (report,) = result.reports
    assert (report.status, report.recipient) == (DeliveryStatus.BOUNCED, "nobody@example.nl")
    assert report.reason
    assert report.reason.title == "Not delivered to nobody@example.nl"


def test_recipient_that_was_put_off_is_asked_again_alone(house: House) -> None:
    message = mail_to("jan@example.nl", "later@example.nl")
    error = house.failed_send(message)
    assert (error.permanent, error.reason.title) == (False, "Not delivered yet to: later@example.nl")
    house.post.recipient = lambda _address: None  # the simulator's mood
    house.send(message)
    assert house.received() == [("jan@example.nl",), ("later@example.nl",)]


def test_line_that_breaks_after_the_text_leaves_the_outcome_unknown(house: House) -> None:
    house.post.smtp_mode = "drops"
    assert house.failed_send().outcome_unknown
    found = house.look_up()
    assert (found.found, found.silence_tells) == (Found.UNKNOWN, False)


def test_a_copy_the_server_filed_proves_that_it_was_sent(house: House) -> None:
    house.post.files_copies, house.post.smtp_mode = True, "drops"
    assert house.with_settings(sent_copy="server").failed_send().outcome_unknown
    assert (house.look_up().found, house.look_up().provider_message_id) == (Found.SENT, OUR_ID)


def test_a_server_that_refuses_before_the_text_was_never_asked(house: House) -> None:
    house.post.smtp_mode = "refuses"
    house.failed_send()
    assert house.look_up().found == Found.NOT_SENT


@pytest.mark.parametrize("step", ["date", "on_the_way", "taken", "handed_over", "copy_tries"])
def test_death_at_any_step_sends_one_mail_and_files_one_copy(house: House, step: str) -> None:
    house.dies_at = step
    with pytest.raises(Crash):
        house.send()
    house.dies_at = ""
    if house.look_up().found == Found.NOT_SENT:
        house.send()
    expected = 0 if step == "on_the_way" else 1  # there a person decides, as nobody can say
    assert (len(house.received()), len(house.folder("Sent").mails)) == (expected, expected)


def test_copy_whose_answer_was_lost_is_not_filed_twice(house: House) -> None:
    house.post.imap_mode = "drops"
    error = house.failed_send()
    assert (error.permanent, error.outcome_unknown, error.reason.code) == (False, False, "copy_missing")
    house.post.imap_mode = "fine"
    house.send()
    assert (len(house.received()), len(house.folder("Sent").mails)) == (1, 1)


def test_mail_counts_as_sent_although_its_copy_cannot_be_filed(house: House) -> None:
    house.post.imap_mode = "no_append"
    for _try in range(2):
        assert house.failed_send().reason.code == "copy_missing"
    assert house.send().status == DeliveryStatus.SENT
    assert len(house.received()) == 1


def test_no_second_copy_beside_the_servers_own(house: House) -> None:
    house.post.files_copies = True
    house.send()
    assert len(house.folder("Sent").mails) == 1


def test_address_no_mail_server_takes_is_refused_in_words(house: House) -> None:
    error = house.failed_send(mail_to("geen adres"))
    assert (error.permanent, error.reason.code) == (True, "unable_to_compose")
    assert house.post.logins == 0
