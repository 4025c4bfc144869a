"""Estimate the travel time from one visit to the next by straight distance and a rule of thumb, without any service."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.addresses.models import Address
from app.domain.appointments.models import Appointment
from app.domain.orders.models import Order

EARTH_KM, DETOUR, KM_PER_HOUR, DOOR_MINUTES = 6371.0, 1.3, 50.0, 5
UNKNOWN_MINUTES = 15  # to another place that nobody knows the whereabouts of


@dataclass(frozen=True)
class Spot:
    """A position in degrees of latitude and longitude."""

    lat: float
    lon: float


def minutes_between(one: Spot, other: Spot) -> int:
    """Return the estimated minutes by car between two positions, from door to door; 0 at the same position."""
    if one == other:
        return 0
    half_lat, half_lon = radians(other.lat - one.lat) / 2, radians(other.lon - one.lon) / 2
    part = sin(half_lat) ** 2 + cos(radians(one.lat)) * cos(radians(other.lat)) * sin(half_lon) ** 2
    return round(2 * EARTH_KM * asin(sqrt(part)) * DETOUR / KM_PER_HOUR * 60) + DOOR_MINUTES


def minutes_from(before: Appointment, one: Appointment, spots: Mapping[uuid.UUID, Spot]) -> int:
    """Return the estimated travel time in minutes from one visit to another. `spots` has {order id: position}."""
    here, there = (spots.get(visit.order_id) if visit.order_id else None for visit in (before, one))
    if here is not None and there is not None:
        return minutes_between(here, there)
    return 0 if before.place == one.place else UNKNOWN_MINUTES


def spots_of(session: Session, order_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Spot]:
    """Return {order id: position of the order's address}. Orders whose address has no position in the register are missing. One
    query, none if `order_ids` is empty."""
    if not order_ids:
        return {}
    lat, lon = (Address.register[name].as_float() for name in ("latitude", "longitude"))
    query = sa.select(Order.id, lat.label("lat"), lon.label("lon")).join(Address, Address.id == Order.address_id)
    query = query.where(Order.id.in_(order_ids), lat.is_not(None), lon.is_not(None))
    return {row.id: Spot(row.lat, row.lon) for row in session.execute(query)}
