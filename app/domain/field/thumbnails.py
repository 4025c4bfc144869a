"""Make thumbnails of technicians' photos. No database."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

SIDE, MOST_BYTES, MOST_PIXELS = 320, 25 * 1024, 60_000_000
QUALITIES = (78, 60, 40)


def make_small(content: bytes) -> bytes | None:
    """Return an upright JPEG without the camera's metadata, at most 320 pixels on each side and about 25 kB. Return None if the
    bytes are not a readable picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            taken = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "GIF", "WEBP"))
            if taken.width * taken.height > MOST_PIXELS:
                return None
            taken.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is read small at once
            picture = ImageOps.exif_transpose(taken).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return None
    picture.thumbnail((SIDE, SIDE))
    made = b""
    for quality in QUALITIES:
        kept = io.BytesIO()
        picture.save(kept, "JPEG", quality=quality)
        made = kept.getvalue()
        if len(made) <= MOST_BYTES:
            break
    return made
