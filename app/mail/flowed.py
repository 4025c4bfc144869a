"""Join the paragraphs of `format=flowed` text (RFC 3676)."""

from __future__ import annotations


def unflow(text: str, *, delete_space: bool) -> str:
    """Return `text` with soft line breaks removed, by the rules of the RFC for quote marks, the signature line and stuffed
    spaces.

    `delete_space` is the parameter DelSp: the space before a soft break is removed, too.
    """
    lines: list[str] = []
    pending, pending_depth, is_open = "", 0, False
    for raw in text.split("\n"):
        depth, line = _take_quotes(raw)
        if is_open and (depth != pending_depth or line == "-- "):
            lines.append(_joined(pending_depth, pending))
            pending, is_open = "", False
        pending, pending_depth = pending + line, depth
        is_open = line.endswith(" ") and line != "-- "
        if is_open:
            pending = pending[:-1] if delete_space else pending
        else:
            lines.append(_joined(depth, pending))
            pending = ""
    return "\n".join([*lines, _joined(pending_depth, pending)] if is_open else lines)


def _take_quotes(line: str) -> tuple[int, str]:
    rest = line.lstrip(">")
    return len(line) - len(rest), rest.removeprefix(" ")


def _joined(depth: int, text: str) -> str:
    return (">" * depth + " " if depth else "") + text
