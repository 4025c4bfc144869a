"""A real browser: pages that fail their test on a console error or a request to a foreign host, and the accessibility check."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, WebError, expect, sync_playwright

from app.process.launch.install import find_chromium
from tests.support.contexts import Contexts

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
# The one script runs before a page is loaded; what is swapped in is bound at once, but for what waits in the same turn.
BOUND = """() => new Promise((done) => {
  document.readyState === 'complete' ? setTimeout(done) : addEventListener('load', () => setTimeout(done));
})"""
# Frames hold what others wrote, and no axe; sheets need no fetching, because no rule of use reads them.
AXE = """([include, rules, exclude]) => axe.run(include ? { include } : exclude ? { exclude } : document, {
  resultTypes: ['violations'], iframes: false, preload: false, ...(rules ? { runOnly: rules } : {}),
}).then((found) => found.violations)"""
# The same on every page of whoever is signed in; tests/browser/test_every_page.py looks at it in each look and language.
FRAME = (".rail", "#keys-sheet", "#palette", ".tabbar")
TIMEOUT_MS = 120_000  # what comes soon costs nothing; a busy machine may need much of it


class NoBrowser(AssertionError):
    """There is no Chromium. A failure, not a skip: an untested page must not look tested."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start the Chromium that `make test` found or installed."""
    path = find_chromium()
    if path is None:
        raise NoBrowser("no Chromium found: install one (make test tries to), or name it in CHROMIUM_PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


class Watch:
    """What goes wrong in the pages of a context: errors on the console, exceptions, requests that leave the machine."""

    def __init__(self, context: BrowserContext) -> None:
        self.faults: list[str] = []
        self.context = context
        for event, heard in self._hears():
            context.on(event, heard)

    def end(self) -> None:
        """What happens in the context is somebody else's from now on."""
        for event, heard in self._hears():
            self.context.remove_listener(event, heard)

    def _hears(self) -> Iterator[tuple[Any, Callable[[Any], None]]]:
        yield from (("console", self._console), ("weberror", self._exception), ("request", self._request))

    def _exception(self, error: WebError) -> None:
        self.faults.append(f"exception: {error.error}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        self.faults.append(f"console: {message.text} ({message.location.get('url')})")
        before, last = self.faults[-2:-1], self.faults[-1]
        if "htmx:sendAbort" in last and before == [last.replace("sendAbort", "afterRequest")]:
            del self.faults[-2:]  # who leaves a page or types on takes back what was asked for, of which htmx tells twice

    def _request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and parts.hostname not in LOOPBACK_HOSTS:
            self.faults.append(f"request to a foreign host: {request.url}")


class Browsing:
    """The browser contexts of one test. `expected_faults` are parts of texts the test provokes, such as a refused form's 422."""

    def __init__(self, contexts: Contexts, base_url: str) -> None:
        self._contexts = contexts
        self.base_url = base_url
        self._watches: list[Watch] = []
        self.expected_faults: list[str] = []
        self.cookies_of = contexts.cookies_of[base_url]

    def new_page(self, **options: Any) -> Page:
        """Open a page with cookies of its own; `options` are Playwright's for a context."""
        usual: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Europe/Amsterdam", "viewport": {"width": 1280, "height": 800}}
        usual["reduced_motion"] = "reduce"  # nothing to wait for, nothing to paint
        page = self._contexts.lend(base_url=self.base_url, **(usual | options))
        page.context.set_default_timeout(TIMEOUT_MS)
        self._watches.append(Watch(page.context))
        return page

    def all_faults(self) -> list[str]:
        """Return what went wrong so far."""
        return [fault for watch in self._watches for fault in watch.faults]

    def unexpected_faults(self) -> list[str]:
        """Return what went wrong so far and was not announced."""
        return [fault for fault in self.all_faults() if not any(part in fault for part in self.expected_faults)]

    def take_pictures(self, path: Path) -> None:
        """Save what each page shows, under numbered names."""
        for number, page in enumerate(page for watch in self._watches for page in watch.context.pages):
            picture(page, path.with_name(f"{path.name}-{number}.png"))

    def close(self) -> None:
        for watch in self._watches:
            watch.end()
            self._contexts.give_back(watch.context, self.base_url)


def picture(page: Page, path: Path) -> None:
    """Save what a page shows; a page that has crashed shows nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(Error):
        page.screenshot(path=path, full_page=True)


def wait_until_bound(page: Page) -> None:
    """Wait until every element on the page hears its keys and clicks: modules come one by one, after the page."""
    page.evaluate(BOUND)


@contextmanager
def draft_kept(page: Page, words: str) -> Iterator[None]:
    """What is written inside the block is kept on the server, all of it: whoever types slowly has it kept in pieces."""
    with page.expect_response(lambda answer: answer.url.endswith("/draft") and words in (answer.request.post_data or "")):
        yield
    expect(page.locator("[data-draft-status]")).to_have_text("Draft saved")


def assert_accessible(page: Page, *, without: Sequence[str] = FRAME) -> None:
    """Fail on any finding of axe, of any severity, in the page but for the parts that are named. A page that is on its way is
    waited for."""
    page.wait_for_load_state()
    put_axe_in(page)
    found = page.evaluate(AXE, [None, None, [[one] for one in without] or None])
    wrong = [f"{item['id']}: {item['help']} ({item['nodes'][0]['html'][:160]})" for item in found]
    assert not wrong, "axe: " + "; ".join(wrong)


def put_axe_in(page: Page) -> None:
    """Half a megabyte of script, which a page that was looked at before has."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
