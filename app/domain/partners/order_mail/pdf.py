"""Extract the text of a PDF as rows of cells. An unreadable PDF gives no rows.

The file may be malicious. Size, pages and processor time are limited, and every error of the PDF library is caught here.
Nothing in the file is executed or downloaded.
"""

from __future__ import annotations

import io
import logging

from app.core.cpu_budget import OverBudget, cpu_budget
from app.core.log import get_logger
from app.domain.partners.order_mail.lines import MOST_LINES, rows_of_text

MOST_BYTES, MOST_PAGES, BUDGET_SECONDS = 5 * 1024 * 1024, 10, 5.0
MAGIC = b"%PDF-"
log = get_logger(__name__)
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each oddity of a file


def rows_of_pdf(content: bytes) -> list[tuple[str, ...]]:
    """Return the visible text of a PDF as rows, with columns as cells, at most `MOST_LINES` rows.

    Return no rows if the file is unreadable or too large.
    """
    if len(content) > MOST_BYTES or MAGIC not in content[:1024]:
        return []
    from pypdf import PdfReader  # what reads PDFs takes much memory, and few processes ever do

    try:
        with cpu_budget(BUDGET_SECONDS):
            pages = PdfReader(io.BytesIO(content)).pages[:MOST_PAGES]
            text = "\n".join(page.extract_text(extraction_mode="layout") for page in pages)
    except (Exception, OverBudget) as error:
        log.info("order_pdf_not_read", error=type(error).__name__)
        return []
    return [row for row in rows_of_text(text) if any(row)][:MOST_LINES]
