"""Rebuild static/img/icons.svg from the icons of lucide (ISC licence): one symbol for each name in static/img/icons.txt.

npm pack lucide-static@1.62.0 && tar xzf lucide-static-*.tgz && python tools/icons.py package/icons
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

IMAGES = Path(__file__).resolve().parent.parent / "static" / "img"


def main(folder: str) -> None:
    """Write the sprite. Raises FileNotFoundError for a name lucide does not have."""
    names = (IMAGES / "icons.txt").read_text().split()
    symbols = "\n".join(symbol(name, Path(folder, f"{name}.svg").read_text()) for name in names)
    (IMAGES / "icons.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n')


def symbol(name: str, source: str) -> str:
    """Return the shapes of one icon as a symbol; colour and stroke come from the stylesheet."""
    shapes = re.search(r"<svg[^>]*>(.*)</svg>", source, re.DOTALL)
    if shapes is None:
        raise ValueError(f"{name} is not an SVG file")
    return f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(shapes[1].split())}</symbol>'


if __name__ == "__main__":
    main(sys.argv[1])
