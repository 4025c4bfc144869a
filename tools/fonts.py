"""Rebuild static/fonts/inter-core-wght-normal.woff2 from the Latin file beside it: letters of Dutch, English, French and German
in the weights the stylesheets use. It is a third of that file, which browsers fetch only where another letter occurs.

python tools/fonts.py          writes it, and prints the `unicode-range` for static/css/base.css
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

FONTS = Path(__file__).resolve().parent.parent / "static" / "fonts"
WHOLE, CORE = FONTS / "inter-latin-wght-normal.woff2", FONTS / "inter-core-wght-normal.woff2"
LETTERS = "éèêëïîíóôöûüúáàâäçñœæßÉÈÊÀÇÎÔÖÜÄ"
SIGNS = "«»·°×€©®±£§½–—‘’‚“”„…•‹›™−"
SPACES = "\u00a0\u2009\u202f"
WEIGHTS = (400, 700)
FEATURES = ["kern", "tnum", "ccmp"]


def main() -> None:
    """Write the file and print what it has."""
    font = instancer.instantiateVariableFont(TTFont(WHOLE), {"wght": WEIGHTS})
    font.flavor = None
    font.save(CORE)  # written once in between: tables that were narrowed are read anew
    font = TTFont(CORE)
    options = subset.Options(flavor="woff2", layout_features=FEATURES, hinting=False, glyph_names=False)
    narrower = subset.Subsetter(options)
    narrower.populate(unicodes=sorted(set(range(0x20, 0x7F)) | {ord(sign) for sign in LETTERS + SIGNS + SPACES}))
    narrower.subset(font)
    font.flavor = "woff2"
    font.save(CORE)
    core, whole = set(TTFont(CORE).getBestCmap()), set(TTFont(WHOLE).getBestCmap())
    for path, codes in ((CORE, core), (WHOLE, whole - core)):
        sys.stdout.write(f"{path.name}: {path.stat().st_size} bytes\nunicode-range: {unicode_range(sorted(codes))}\n")


def unicode_range(codes: list[int]) -> str:
    """Code points as CSS writes them, neighbours together."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return ", ".join(f"U+{first:04X}" if first == last else f"U+{first:04X}-{last:04X}" for first, last in runs)


if __name__ == "__main__":
    main()
