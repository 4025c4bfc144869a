"""Read bar and QR codes from the photo of a nameplate. No database."""

from __future__ import annotations

import io
import warnings

import zxingcpp
from PIL import Image, ImageOps, UnidentifiedImageError

from app.core.text import storable
from app.domain.field.models import LINE_CHARACTERS
from app.domain.field.thumbnails import MOST_PIXELS

MOST_CODES = 8


def read_codes(content: bytes) -> list[str]:
    """Return the texts of the bar and QR codes in a picture, without repeats, in the order found, at most MOST_CODES. Return []
    if the bytes are not a picture or if the picture is too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            taken = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP"))
            if taken.width * taken.height > MOST_PIXELS:
                return []
            picture = ImageOps.exif_transpose(taken).convert("L")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return []
    found = [" ".join(storable(code.text).split()) for code in zxingcpp.read_barcodes(picture)]
    return [text for text in dict.fromkeys(found) if 0 < len(text) <= LINE_CHARACTERS][:MOST_CODES]
