"""Fold quoted HTML into `<details>`, which opens without any script. For display alone; the stored HTML is complete.

When HTML comes in, the sanitiser marks what mail programs label as quotes (`data-quote`). When it is shown, these marks
become folds. The mark "this" is on an element that is a quote. The mark "rest" is at the place from which everything is
quoted.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Final

from app.mail.quoting_words import FORWARD, POINTS_BELOW

MARKS: Final = frozenset(["this", "rest"])
_THIS_CLASSES: Final = frozenset(["gmail_quote", "gmail_attr", "moz-cite-prefix", "yahoo_quoted", "protonmail_quote"])
_REST_IDS: Final = frozenset(["divrplyfwdmsg", "appendonsend", "olk_src_body_section", "mail-editor-reference-message-container"])
_TOKEN: Final = re.compile(r"<(/?)([a-z0-9]++)([^>]*+)>|([^<]+)")
_MARK: Final = re.compile(r'\sdata-quote="(this|rest)"')
# Outlook's Word editor leaves no id, only the line it draws above "From:".
_WORD_LINE: Final = re.compile(r'style="[^"]*border-top:\s?solid #(?:e1e1e1|b5c4df)', re.I)
_WORD_FROM: Final = re.compile(r"\s*(?:From|Van|Von|De|Da|Från|Fra)\s?:", re.I)
_VOID: Final = frozenset(["br", "img", "hr", "col", "wbr"])
_LOOK_AHEAD: Final = 400


def mark_of(tag: str, name: str, value: str) -> str | None:
    """Return the mark ("this" or "rest") if a mail program labels a quote by this attribute, or None for all other attributes."""
    if name == "id":
        return "rest" if value.lower().removeprefix("x_") in _REST_IDS else None
    if name == "type":
        return "this" if tag == "blockquote" and value.lower() == "cite" else None
    classes = {item.lower().removeprefix("x_") for item in value.split()}
    # Gmail's outer <div class=gmail_quote> holds answers between the quotes too: only the quotes inside it count.
    is_quote = bool(classes & _THIS_CLASSES) and not (tag == "div" and "gmail_quote" in classes)
    return "this" if is_quote else None


def fold_quotes(clean: str, *, label: str) -> str:
    """Return sanitised HTML with its marked quotes folded behind `label`.

    Three kinds stay open: a forwarded message, a quote without any text above it, and a quote at the end to which the
    sender's text points.
    """
    if "data-quote=" not in clean and not _WORD_LINE.search(clean):
        return clean
    folder = _Folder(label)
    for match in _TOKEN.finditer(clean):
        folder.take(match, clean)
    return folder.result()


@dataclass
class _Folder:
    label: str
    out: list[str] = field(default_factory=list)
    open_tags: list[tuple[str, str]] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    fold_depth: int | None = None
    is_rest: bool = False

    def take(self, match: re.Match[str], source: str) -> None:
        if match[4] is not None:
            self.out.append(match[4])
            if self.fold_depth is None and not self.is_rest:
                self.written.append(match[4])
        elif match[1]:
            self._close(match[2], match[0])
        else:
            self._open(match, source)

    def result(self) -> str:
        return "".join(self.out) + ("</details>" if self.is_rest else "")

    def _open(self, match: re.Match[str], source: str) -> None:
        ahead = source[match.end() : match.end() + _LOOK_AHEAD]
        if self.fold_depth is None and not self.is_rest and (mark := _mark_in(match, ahead)):
            self._start_fold(mark, _text_of(ahead))
        self.out.append(match[0])
        if match[2] not in _VOID:
            self.open_tags.append((match[2], match[0]))

    def _close(self, name: str, tag: str) -> None:
        self.out.append(tag)
        if self.open_tags and self.open_tags[-1][0] == name:
            self.open_tags.pop()
        if self.fold_depth is not None and len(self.open_tags) == self.fold_depth:
            self.out.append("</details>")
            self.fold_depth = None

    def _start_fold(self, mark: str, ahead: str) -> None:
        above = "".join(self.written)
        if not above.replace("&nbsp;", " ").strip() or FORWARD.match(ahead):
            return
        if mark == "this":
            self._continue_or_begin()
            self.fold_depth = len(self.open_tags)
        elif not POINTS_BELOW.search(above):
            closing = [f"</{name}>" for name, _ in reversed(self.open_tags)]
            opening = [tag for _, tag in self.open_tags]
            self.out += [*closing, self._summary(), *opening]
            self.is_rest = True

    def _continue_or_begin(self) -> None:
        """Continue the fold that has just ended, or begin a new one.

        This makes one fold of an attribution line and the quote below it.
        """
        index = next((i for i in range(len(self.out) - 1, -1, -1) if self.out[i].strip() and self.out[i] != "<br>"), -1)
        if index >= 0 and self.out[index] == "</details>":
            del self.out[index]
        else:
            self.out.append(self._summary())

    def _summary(self) -> str:
        return f"<details><summary>{html.escape(self.label)}</summary>"


def _mark_in(match: re.Match[str], ahead: str) -> str:
    if found := _MARK.search(match[3]):
        return found[1]
    return "rest" if _WORD_LINE.search(match[3]) and _WORD_FROM.match(_text_of(ahead)) else ""


def _text_of(source: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>?", " ", source)).lstrip()
