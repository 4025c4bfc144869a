"""Look up public holidays and their names (library `holidays`)."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays

_PROVINCES = {
    "America/Montreal": "QC", "America/Toronto": "ON", "America/Halifax": "NS", "America/Moncton": "NB", "America/St_Johns": "NL",
    "America/Winnipeg": "MB", "America/Regina": "SK", "America/Edmonton": "AB", "America/Vancouver": "BC",
    "America/Whitehorse": "YT", "America/Yellowknife": "NT", "America/Iqaluit": "NU",
}  # fmt: skip
_LANGUAGES = {"nl": ("nl",), "en": ("en_US", "en_CA", "en_GB", "en"), "fr": ("fr",)}


@lru_cache(maxsize=2048)
def _year(country: str, region: str, year: int, language: str) -> dict[date, str]:
    known = holidays.country_holidays(country, subdiv=region or None, years=year, language=language or None)
    return {day: known[day] for day in known if day.year == year}


@lru_cache(maxsize=512)
def _language(country: str, region: str, locale: str) -> str:
    """Return the code with which the library names the reader's language for this country. Return "" if it does not support it.

    If the language is missing, English is tried.
    """
    supported = holidays.country_holidays(country, subdiv=region or None).supported_languages
    wanted = (*_LANGUAGES.get(locale, ()), *_LANGUAGES["en"])
    return next((language for language in wanted if language in supported), "")


def name_of(country: str, region: str, day: date, *, locale: str | None = None) -> str:
    """Return the name of the public holiday on that day. Return "" if the day is not a public holiday.

    Without `locale`, the name is in the country's own language.
    """
    language = _language(country, region, locale) if locale else ""
    return _year(country, region, day.year, language).get(day, "")


def region_at(country: str, zone: str, language: str) -> str:
    """Return the Canadian province whose holidays apply in this time zone. Return "" if it is unknown, or in another country.

    Ontario and Quebec share a time zone, so the language decides between them.
    """
    if country != "CA":
        return ""
    return "QC" if zone == "America/Toronto" and language == "fr" else _PROVINCES.get(zone, "")


@lru_cache(maxsize=1)
def supported_regions() -> dict[str, tuple[str, ...]]:
    """Return country -> regions, for all countries with known holidays: ISO 3166 and ISO 3166-2 codes (without the country)."""
    return {country: tuple(regions) for country, regions in holidays.list_supported_countries(include_aliases=False).items()}


def is_supported(country: str, region: str = "") -> bool:
    """Return whether the holidays of a country, or of a region of it, are known."""
    try:
        holidays.country_holidays(country, subdiv=region or None)
    except NotImplementedError:
        return False
    return True
