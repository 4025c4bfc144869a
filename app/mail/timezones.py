"""Map zone names of calendars, including Windows' own names, to time zones.

The Windows names are those of CLDR's windowsZones, territory 001: the zones where our users and their partners live, and the
larger ones around the world. For an unknown name the result is None, and the time is shown as written.
"""

from __future__ import annotations

from typing import Final
from zoneinfo import ZoneInfo

_WINDOWS: Final = dict(
    line.strip().split("=")
    for line in """
    UTC=UTC
    GMT Standard Time=Europe/London
    Greenwich Standard Time=Atlantic/Reykjavik
    W. Europe Standard Time=Europe/Berlin
    Central Europe Standard Time=Europe/Budapest
    Romance Standard Time=Europe/Paris
    Central European Standard Time=Europe/Warsaw
    W. Central Africa Standard Time=Africa/Lagos
    GTB Standard Time=Europe/Bucharest
    E. Europe Standard Time=Europe/Chisinau
    FLE Standard Time=Europe/Kiev
    Kaliningrad Standard Time=Europe/Kaliningrad
    Turkey Standard Time=Europe/Istanbul
    Israel Standard Time=Asia/Jerusalem
    Egypt Standard Time=Africa/Cairo
    South Africa Standard Time=Africa/Johannesburg
    Morocco Standard Time=Africa/Casablanca
    Russian Standard Time=Europe/Moscow
    Arab Standard Time=Asia/Riyadh
    Arabian Standard Time=Asia/Dubai
    Iran Standard Time=Asia/Tehran
    Pakistan Standard Time=Asia/Karachi
    India Standard Time=Asia/Calcutta
    Bangladesh Standard Time=Asia/Dhaka
    SE Asia Standard Time=Asia/Bangkok
    China Standard Time=Asia/Shanghai
    Singapore Standard Time=Asia/Singapore
    Taipei Standard Time=Asia/Taipei
    Tokyo Standard Time=Asia/Tokyo
    Korea Standard Time=Asia/Seoul
    W. Australia Standard Time=Australia/Perth
    AUS Eastern Standard Time=Australia/Sydney
    E. Australia Standard Time=Australia/Brisbane
    Cen. Australia Standard Time=Australia/Adelaide
    New Zealand Standard Time=Pacific/Auckland
    Hawaiian Standard Time=Pacific/Honolulu
    Alaskan Standard Time=America/Anchorage
    Pacific Standard Time=America/Los_Angeles
    US Mountain Standard Time=America/Phoenix
    Mountain Standard Time=America/Denver
    Central Standard Time=America/Chicago
    Central Standard Time (Mexico)=America/Mexico_City
    Canada Central Standard Time=America/Regina
    Eastern Standard Time=America/New_York
    US Eastern Standard Time=America/Indianapolis
    Atlantic Standard Time=America/Halifax
    Newfoundland Standard Time=America/St_Johns
    SA Pacific Standard Time=America/Bogota
    SA Western Standard Time=America/La_Paz
    E. South America Standard Time=America/Sao_Paulo
    Argentina Standard Time=America/Buenos_Aires
    Pacific SA Standard Time=America/Santiago
    """.strip().splitlines()
)


def zone_of(name: str) -> ZoneInfo | None:
    """Return the zone for an IANA or Windows name, or None if it is unknown.

    The name may follow a vendor's prefix (`/vendor.example/Europe/Amsterdam`).
    """
    plain = name.strip().strip('"')
    candidates = [_WINDOWS.get(plain, ""), plain, "/".join(plain.split("/")[-2:])]
    return next((zone for candidate in candidates if candidate and (zone := _load(candidate))), None)


def _load(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None
