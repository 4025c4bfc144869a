"""The simulated register, and an application that asks it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import urllib3
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.core import runtime as installed
from app.core.runtime import runtime
from app.domain.addresses.actions import add_address
from app.domain.addresses.jobs import check_addresses
from app.domain.addresses.models import Address, AddressType
from app.providers.pdok.adapter import Pdok
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.pdok import create_pdok_app
from tests.factories import NOW

HTTP = urllib3.PoolManager()


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    started = serve(create_pdok_app())
    yield started
    started.stop()


@pytest.fixture
def pdok(server: RunningServer, app_context: Flask) -> Iterator[RunningServer]:
    """The register, forgetful, and the application told where it is."""
    HTTP.request("POST", f"{server.url}/__sim/reset")
    before = runtime()
    told = replace(before, register=Pdok(before.http, server.url))
    installed.install(app_context, told)
    yield server
    installed.install(app_context, before)


@pytest.fixture
def check(pdok: RunningServer, db_session: Session) -> Callable[[str], Address]:
    """Type an address, have it looked up, and read it again."""

    def run(typed: str, **changes: Any) -> Address:
        address = add_address(db_session, read_line(typed), address_type=AddressType.INSTALLATION, contact_id=None, now=NOW)
        for name, value in changes.items():
            setattr(address, name, value)
        db_session.commit()
        return look_up(db_session, address)

    return run


def look_up(session: Session, address: Address) -> Address:
    """What the job finds out."""
    runtime().redis.flushdb()  # every look-up of a test is in turn
    check_addresses(row_ids=[str(address.id)], new_argument=1)
    session.refresh(address)
    return address


def order_fault(server: RunningServer, fault: dict[str, Any]) -> None:
    """Spoil the next answer."""
    HTTP.request("POST", f"{server.url}/__sim/fault", json=fault)


def seen_requests(server: RunningServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = HTTP.request("GET", f"{server.url}/__sim/requests").json()["requests"]
    return found
