"""Browser contexts that tests lend one another: to make one costs Chromium more than most tests do in it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page

KEEPS_TIME = "Date.now.toString().includes('native code')"  # a clock that a test put into a context cannot be taken out


class Contexts:
    """Contexts by the options they were made with. One that is lent knows nothing of who had it before, but what the server lets
    any browser keep, such as its scripts."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = defaultdict(list)
        self._made_for: dict[BrowserContext, str] = {}
        self.cookies_of: dict[str, dict[str, Any]] = defaultdict(dict)  # by address of the application and of who signed in

    def lend(self, **options: Any) -> Page:
        """The one, blank, page of a context; `options` are Playwright's for a context."""
        kind = json.dumps(options, sort_keys=True)
        if self._free[kind]:
            return self._free[kind].pop()
        context = self._browser.new_context(**options)
        if options.get("java_script_enabled", True):
            self._made_for[context] = kind
        return context.new_page()

    def give_back(self, context: BrowserContext, origin: str) -> None:
        """Its pages are closed, and what the server at `origin` left in it is thrown away."""
        kind = self._made_for.get(context)
        try:
            blank = emptied(context, origin) if kind else None
        except Error:  # it has crashed
            blank = None
        if kind and blank:
            self._free[kind].append(blank)
        else:
            self._made_for.pop(context, None)
            context.close()


def emptied(context: BrowserContext, origin: str) -> Page | None:
    """The one, blank, page the context has then; none where it cannot be what it was."""
    used = context.pages
    blank = context.new_page()
    for page in used:
        page.close()
    context.set_offline(False)
    context.clear_cookies()
    context.clear_permissions()
    tools = context.new_cdp_session(blank)
    tools.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    tools.detach()
    return blank if blank.evaluate(KEEPS_TIME) else None
