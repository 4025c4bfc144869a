"""What opens over a page, by page: dialogs, menus, lists of choices, folds. All opened by keys alone, as without a mouse.

A scene begins on a page at rest: `start` gets the focus, `keys` are pressed, then `opened` is in sight and the focus on `focus`
(anything in `opened` where that is empty). Escape, or what `ends` says, shuts it; the focus is on `back` then (`start` where that
is empty).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

TITLE = "#thread-head h1"
MENU = "details.menu[open] > .menu__panel"
INTO_MENU = ("Enter", "ArrowDown")


@dataclass(frozen=True)
class Scene:
    """`typed` is written where the focus is after the keys; `holds`: nothing but a choice or Escape leads out of it. `alike`:
    opens and is built as another of these is."""

    start: str
    keys: tuple[str, ...]
    opened: str
    typed: str = ""
    waits_for: str = ""
    focus: str = ""
    back: str = ""
    ends: str = "Escape"
    holds: bool = False
    alike: bool = False


ROW = "a[data-row]"
ANSWERED = f"{ROW}:has(.thread-row__status)"  # whose state is told is waiting for a reply to ours


def tool(key: str) -> str:
    """The menu of what is done to the selected threads that bears a key."""
    return f".bulk-bar__tools summary[data-key={key}]"


def fold(details: str, *, alike: bool = False) -> Scene:
    """What unfolds in the page stays there until it is folded again."""
    return Scene(
        f"{details} > summary", ("Enter",), f"{details} > .form", focus=f"{details} > summary", ends="Enter", alike=alike
    )


DRAWER = "[aria-controls=context]"
WRITING = "#composer-rich, #composer-text"
THREAD: Mapping[str, Scene] = {
    "keys": Scene(TITLE, ("?",), "#keys-sheet", holds=True),
    "palette": Scene(TITLE, ("Control+k",), "#palette", typed="laad", holds=True, waits_for="#palette-list [role=option]"),
    "merge": Scene(TITLE, ("m",), "dialog:has(#merge-title)", holds=True, waits_for="#merge-list [role=option]"),
    "split": Scene(".message__tools [hx-get*='/split']", ("Enter",), "dialog:has(#split-title)", holds=True),
    "macros": Scene("#head-macros", INTO_MENU, MENU, waits_for="#thread-head .macro-menu :is(.macro, .macro__none)"),
    "more": Scene("#head-more", INTO_MENU, MENU),
    "status": Scene("#head-status", INTO_MENU, MENU, alike=True),
    "priority": Scene("#head-priority", INTO_MENU, MENU, alike=True),
    "assign": Scene(TITLE, ("a",), MENU, back="#head-assignee", waits_for=".handover-teams button"),
    "clock": Scene("#head-clock", INTO_MENU, MENU, waits_for="#clocks .clock__state", alike=True),
    "snooze": Scene(TITLE, ("h",), MENU, back="#head-snooze"),
    "tag": Scene(TITLE, ("t",), MENU, focus="#tag-field", back="#head-tags", waits_for="#tag-options"),
    "account": Scene(".me > summary", INTO_MENU, MENU, waits_for=".me [name=state]", alike=True),
    "keys from a menu": Scene(".me > summary", ("Enter", "ArrowUp", "ArrowUp", "Enter"), "#keys-sheet", holds=True),
    "details": Scene(DRAWER, ("Enter", "Tab"), "#context", focus="#context *", back=DRAWER),
    "operators": Scene("#rail-search", (), "#rail-search-suggestions", typed="status:", focus="#rail-search"),
    "templates": Scene(TITLE, ("#",), "#template-picker", back=WRITING, waits_for="#template-options [role=option]"),
}
REPLY: Mapping[str, Scene] = {
    "ways to send": Scene(".composer__more > summary", INTO_MENU, MENU, alike=True),
    "copies": Scene(
        ".composer__mail > summary", ("Enter",), ".composer__copies", focus=".composer__mail > summary", ends="Enter"
    ),
}
NOTE: Mapping[str, Scene] = {
    "mentions": Scene("#composer-text", (), "#mention-list", typed=" @", focus="#composer-text"),
}
LIST: Mapping[str, Scene] = {
    "filter": Scene(".list-head summary:has(.list-head__words)", INTO_MENU, MENU),
    "order": Scene(".list-head__order", INTO_MENU, MENU, alike=True),
    "view": Scene("#main", ("v",), MENU, focus="#save-view-name", back=".list-head summary[data-key=v]"),
}
SEARCH: Mapping[str, Scene] = {
    "save": Scene("#main", ("v",), MENU, focus="#save-search-name", back="summary[data-key=v]", alike=True),
}
BULK: Mapping[str, Scene] = {
    "assign many": Scene(ROW, ("a",), MENU, back=tool("a"), waits_for=".bulk-bar [hx-get$='/bulk/people'] button"),
    "tag many": Scene(ROW, ("t",), MENU, focus="#bulk-tag-field", back=tool("t"), waits_for="#bulk-tag-options"),
    "snooze many": Scene(ROW, ("h",), MENU, back=tool("h"), alike=True),
    "run a macro on many": Scene(
        ROW, ("q",), MENU, focus="*", back=tool("q"), waits_for=".bulk-bar .macro-menu :is(button, p)", alike=True
    ),
    "change many": Scene(".bulk-bar__tools > details:last-of-type > summary", INTO_MENU, MENU, alike=True),
}
TASKS: Mapping[str, Scene] = {
    "type": Scene(".tasks__filters details:nth-of-type(1) > summary", INTO_MENU, MENU),
    "state": Scene(".tasks__filters details:nth-of-type(2) > summary", INTO_MENU, MENU, alike=True),
}
BOARD: Mapping[str, Scene] = {
    "move": Scene("[data-card] summary", INTO_MENU, MENU),
}
CONTACT: Mapping[str, Scene] = {
    "way": Scene(".way__menu > summary", INTO_MENU, MENU, alike=True),
    "new way": fold(".contacts__card:has(#ways-title) > details"),
    "new address": fold(".contacts__card:has(#places-title) > details", alike=True),
    "consent": fold(".contacts__card:has(#consents-title) > details", alike=True),
}
