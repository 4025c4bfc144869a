"""Text can be read in both modes: 4.5:1 for text, 3:1 for what shows where a control is (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TOKENS = Path(__file__).resolve().parents[2] / "static" / "css" / "tokens.css"
SURFACES = ("surface", "surface-side", "surface-raised", "surface-hover")
TEXT_ON = [
    *[
        (text, surface)
        for text in ("text", "text-soft", "text-faint", "accent", "overdue", "due", "done")
        for surface in SURFACES
    ],
    *[(text, "surface-selected") for text in ("text", "text-soft", "accent-text")],
    *[(text, "surface-sunken") for text in ("text", "text-soft")],
    *[(tone, f"{tone}-soft") for tone in ("overdue", "due", "done", "info")],
    *[(f"palette-{hue}", f"palette-{hue}-2") for hue in ("violet", "rose", "slate", "blue", "green", "amber")],
    ("accent-text", "accent-soft"),
    ("on-accent", "accent"),
    ("on-accent", "accent-strong"),
    ("note-text", "note-surface"),
    ("text", "note-surface"),
    ("text-soft", "note-surface"),
    ("surface", "text"),
]
CONTROLS_ON = [("border-control", surface) for surface in ("surface", "surface-side", "surface-raised")]
CONTROLS_ON += [("accent", surface) for surface in (*SURFACES, "surface-selected")]


def read_tokens() -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*([^;]+);", TOKENS.read_text()))


def colour(name: str, mode: str) -> tuple[float, float, float]:
    """Follow a role to the palette's colour in one mode; channels 0 to 1."""
    tokens = read_tokens()
    value = tokens[name.removeprefix("palette-")]
    while (role := re.fullmatch(r"var\(--([\w-]+)\)", value)) is not None:
        value = tokens[role[1]]
    pair = re.fullmatch(r"light-dark\(\s*(#\w{6}),\s*(#\w{6})\s*\)", value)
    assert pair is not None, f"--{name} ends in {value}, not in a pair of colours"
    digits = pair[1 if mode == "light" else 2][1:]
    red, green, blue = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return red, green, blue


def luminance(channels: tuple[float, float, float]) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str, mode: str) -> float:
    dark, light = sorted(luminance(colour(name, mode)) for name in (first, second))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("text", "surface"), TEXT_ON, ids="-on-".join)
def test_text_can_be_read(text: str, surface: str, mode: str) -> None:
    assert contrast(text, surface, mode) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize(("control", "surface"), CONTROLS_ON, ids="-on-".join)
def test_a_control_can_be_seen(control: str, surface: str, mode: str) -> None:
    assert contrast(control, surface, mode) >= 3


def test_the_measure_agrees_with_known_figures() -> None:
    """Black on white is 21:1 by definition; #767676 is the greyest that passes on white (4.54:1)."""
    assert round((luminance((1, 1, 1)) + 0.05) / (luminance((0, 0, 0)) + 0.05), 2) == 21
    grey = 0x76 / 255
    assert round((luminance((1, 1, 1)) + 0.05) / (luminance((grey, grey, grey)) + 0.05), 2) == 4.54
