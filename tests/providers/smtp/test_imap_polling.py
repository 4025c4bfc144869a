"""Reading over IMAP: every mail once, whatever the server does with its numbers, and without a trace."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.contract.base import ProviderError
from app.providers.smtp import polling
from app.providers.smtp.adapter import MailServerMail
from tests.providers.smtp.support import House


def test_both_folders_are_read_and_each_mail_once(house: House) -> None:
    house.deliver("een")
    house.deliver("twee", folder="Sent")
    assert house.subjects() == ["een", "twee"]
    house.deliver("drie")
    assert (house.subjects(), house.subjects()) == (["drie"], [])


def test_nothing_is_marked_as_read(house: House) -> None:
    house.deliver("een")
    house.poll()
    assert [mail.seen for mail in house.folder().mails] == [False]


def test_many_mails_come_page_by_page(house: House) -> None:
    for number in range(polling.PAGE_MAILS + 7):
        house.deliver(f"mail{number}")
    first = house.mail.poll(account=house.account, state={})
    assert (len(first.items), first.more) == (polling.PAGE_MAILS, True)
    house.state = first.state
    assert len(house.poll()) == 7


def test_page_that_was_not_stored_comes_again_with_the_same_keys(house: House) -> None:
    house.deliver("een")
    lost = house.mail.poll(account=house.account, state={})
    assert [item.key for item in house.poll()] == [item.key for item in lost.items]


def test_folder_whose_numbers_all_changed_is_read_again_under_the_same_keys(house: House) -> None:
    for number in range(3):
        house.deliver(f"mail{number}")
    before = {item.key for item in house.poll()}
    house.folder().mails.pop(0)
    house.deliver("nieuw")
    house.folder().renumber()
    again = {item.key: item for item in house.poll()}
    assert len(set(again) & before) == 2
    assert [b"nieuw" in item.raw for key, item in again.items() if key not in before] == [True]
    assert house.poll() == []


def test_folder_is_read_again_from_a_month_before_it_was_in_step(house: House) -> None:
    for number in range(2):
        house.deliver(f"mail{number}")
    house.poll()
    house.folder().mails[0].at -= timedelta(days=40)
    house.folder().renumber()
    assert house.subjects() == ["mail1"]


def test_mail_from_before_the_start_of_the_channel_is_left_alone(house: House) -> None:
    for number in range(2):
        house.deliver(f"mail{number}")
    house.folder().mails[0].at -= timedelta(hours=2)
    house.with_settings(sync_from=(house.folder().mails[1].at - timedelta(hours=1)).isoformat())
    assert house.subjects() == ["mail1"]


def test_large_mail_is_read_in_pieces_and_whole(house: House) -> None:
    house.deliver("groot", text="x" * 3_500_000)
    (item,) = house.poll()
    assert item.raw == house.folder().mails[0].raw


def test_of_a_mail_beyond_the_limit_the_beginning_is_kept_and_said_to_be_one(house: House) -> None:
    house.mail = MailServerMail(allowed_networks=["127.0.0.0/8"], mail_bytes=1_500_000)
    house.deliver("reus", text="x" * 2_000_000)
    (item,) = house.poll()
    assert (len(item.raw), item.meta["cut_at_bytes"]) == (1_500_000, 1_500_000)
    assert item.meta["size_bytes"] > 2_000_000


def test_missing_inbox_is_told_in_words_and_a_missing_sent_folder_is_none(house: House) -> None:
    house.post.account(house.account.address).folders.pop("Sent")
    house.deliver("een")
    assert house.subjects() == ["een"]
    with pytest.raises(ProviderError) as caught:
        house.with_settings(imap_folder="Postvak IN").poll()
    assert (caught.value.reason.title, caught.value.channel_down) == ("The mailbox has no folder of that name", True)


@pytest.mark.parametrize(
    ("mode", "code", "down"),
    [("locked", "mail_sign_in", True), ("unavailable", "imap_unavailable", False), ("drops", "mail_broken", False)],
)
def test_trouble_is_told_in_words_and_nothing_is_missed(house: House, mode: str, code: str, down: bool) -> None:
    house.deliver("een")
    house.post.imap_mode = mode
    with pytest.raises(ProviderError) as caught:
        house.poll()
    assert (caught.value.reason.code, caught.value.channel_down) == (code, down)
    house.post.imap_mode = "fine"
    assert house.subjects() == ["een"]


def test_channel_without_imap_only_sends(house: House) -> None:
    assert house.with_settings(imap_host="").poll() == []
    house.send()
    assert len(house.received()) == 1
