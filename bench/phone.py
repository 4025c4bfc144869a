"""`python -m bench.phone`: what a technician waits for, in a real Chromium with the line and the processor of a cheap phone.

First page over slow 3G (400 kbit/s, 400 ms), the same out of the phone's store without a network, a photo of 12 megapixels made
small at a quarter of the processor's speed, and a full outbox drained on a good line. `--rounds` of each; the median counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import generate_key
from app.core.db import transaction
from app.core.migrate import upgrade
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.events.actions import SYSTEM
from app.domain.field.checklists import set_checklist
from app.process.launch.servers import EmbeddedServers
from tests.domain.appointments.factories import make_appointment
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.browsing import running_browser
from tests.support.cut_line import CutLine
from tests.support.live import LiveServer, running_application
from tests.support.signing_in import sign_in_browser

EMAIL, VISITS, PHOTOS, ACTIONS = "tim@switchyard.example", 8, 40, 200
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
PACKED = """async () => {
  while (!(await (await caches.open('field-pointer')).match('/field/current'))) await new Promise((done) => setTimeout(done, 50));
}"""
SHOWN = "() => performance.getEntriesByType('paint').find((one) => one.name === 'first-contentful-paint')?.startTime ?? 0"
SHRINK = """async () => {
  const canvas = Object.assign(document.createElement('canvas'), { width: 4000, height: 3000 }), paint = canvas.getContext('2d');
  for (let at = 0; at < 20000; at += 1) {
    paint.fillStyle = `hsl(${(at * 37) % 360} 70% ${20 + at % 60}%)`; paint.fillRect((at * 71) % 4000, (at * 43) % 3000, 60, 45);
  }
  const photo = await new Promise((done) => canvas.toBlob(done, 'image/jpeg', 0.93));
  canvas.width = canvas.height = 0;
  window.photo = await photo.arrayBuffer();
  return window.photo.byteLength;
}"""
TIMED = """async () => {
  const { shrink } = await import('/static/js/field/photos.js'), began = performance.now();
  const small = await shrink(window.photo, 'image/jpeg');
  return [performance.now() - began, small.byteLength];
}"""
FILL = """async ([visits, actions, photos]) => {
  const { keep } = await import('/static/js/field/outbox.js');
  const visit = (at) => ({ visit_id: visits[at % visits.length], who: 'x' });
  for (let at = 0; at < actions; at += 1) await keep({ ...visit(at), kind: 'note', body: { text: `Note ${at}` } });
  for (let at = 0; at < photos; at += 1) {
    const bytes = new Uint8Array(500000);
    for (let place = 0; place < bytes.length; place += 65536) crypto.getRandomValues(bytes.subarray(place, place + 65536));
    bytes.set([0xff, 0xd8, 0xff]);
    await keep({ ...visit(at), kind: 'photo', body: { label: 'before' }, bytes: bytes.buffer });
  }
}"""
DRAIN = """async () => {
  const { hurry } = await import('/static/js/field/actions.js'), { list } = await import('/static/js/field/outbox.js');
  const began = performance.now();
  do { await hurry(); } while ((await list()).some((one) => one.state === 'saved' || one.state === 'sending'));
  return performance.now() - began;
}"""


def main() -> int:
    """Measure and print; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="switchyard-phone-") as folder:
        Path(folder).chmod(0o711)
        with EmbeddedServers(Path(folder) / "servers") as servers:
            settings = Settings(
                data_dir=Path(folder),
                database_url=servers.urls.database_url.replace("postgresql://", "postgresql+psycopg://", 1),
                redis_url=servers.urls.redis_url,
                secret_key="bench" * 10,
                encryption_keys=generate_key(),
                storage_url=f"file://{folder}/storage",
                outbound_allow=("127.0.0.0/8",),
                log_format="json",
            )
            upgrade(settings.database_url)
            with running_application(settings) as live:
                figures = _measure(live, rounds)
    return _print(figures)


def _measure(live: LiveServer, rounds: int) -> dict[str, float]:
    visits = _fill(live)
    target = urlsplit(live.url)
    line = CutLine((str(target.hostname), int(target.port or 80)))
    with running_browser() as browser:
        first = [_first_page(live, browser, line) for _ in range(rounds)]
        context = _context(live, browser, line)
        stored = _from_store(context, line, rounds)
        small = _photo(context, rounds)
        drained = _drain(context, line, visits)
    line.close()
    return {
        "first page, kB": statistics.median(one[0] for one in first) / 1000,
        "first page shown, s": statistics.median(one[1] for one in first) / 1000,
        "first page usable, s": statistics.median(one[2] for one in first) / 1000,
        "from the store shown, ms": statistics.median(stored),
        "photo of 12 MP made small, s": statistics.median(one[0] for one in small) / 1000,
        "photo made small, kB": statistics.median(one[1] for one in small) / 1000,
        f"{ACTIONS} actions and {PHOTOS} photos drained, s": drained / 1000,
    }


LIMITS = {"first page, kB": 100, "first page usable, s": 3, "from the store shown, ms": 300, "photo of 12 MP made small, s": 1.5}


def _print(figures: dict[str, float]) -> int:
    limits = {**LIMITS, f"{ACTIONS} actions and {PHOTOS} photos drained, s": 60}
    missed = 0
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {time.strftime('%Y-%m-%dT%H:%MZ', time.gmtime())}")
    for name, value in figures.items():
        limit = limits.get(name)
        is_missed = limit is not None and value > limit
        missed += is_missed
        print(f"{name:42} {value:9.2f}  {f'at most {limit:g}' if limit else ''}{'  MISSED' if is_missed else ''}")
    Path("bench-phone.json").write_text(json.dumps(figures, indent=1))
    return 1 if missed else 0


def _fill(live: LiveServer) -> list[str]:
    now = utc_now()
    with live.app.app_context(), transaction() as session:
        brand = make_brand(session, name="ChargeCars")
        channel = make_channel(session, brand, keyring=runtime().keyring)
        tim = make_user(session, "Tim", role=Role.TECHNICIAN, brands=(brand,))
        tim.email = EMAIL
        set_checklist(session, brand_id=brand.id, order_type="", items=[f"Punt {n}" for n in range(12)], now=now, actor=SYSTEM)
        visits = []
        for number in range(VISITS):
            contact = make_contact(session, f"Klant {number}", value=f"3161234{number:04}")
            thread = make_thread(session, channel, contact, at=now)
            for text in range(15):
                make_message(session, thread, f"Bericht {text} over de meterkast en de parkeerplaats", at=now)
            times = {"starts_at": now + timedelta(minutes=number), "ends_at": now + timedelta(minutes=number, hours=1)}
            more = {"technician_user_id": tim.id, "place": "Kerkstraat 12, Utrecht"}
            visits.append(make_appointment(session, thread, now=now, **more, **times))
        return [str(visit.id) for visit in visits]


def _context(live: LiveServer, browser: Browser, line: CutLine) -> BrowserContext:
    context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=line.url)
    sign_in_browser(context.new_page(), live.app, EMAIL, url=line.url)
    return context


def _first_page(live: LiveServer, browser: Browser, line: CutLine) -> tuple[float, float, float]:
    """Bytes over the line until it is usable, and milliseconds until something stands there and until taps are heard."""
    context = _context(live, browser, line)
    page = context.pages[0]
    devtools, got = context.new_cdp_session(page), [0.0]
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_3G)
    devtools.on("Network.loadingFinished", lambda event: got.append(event["encodedDataLength"]))
    began = time.monotonic()
    page.goto("/today", wait_until="commit")
    page.wait_for_selector("body[data-ready=on]")
    usable, size = (time.monotonic() - began) * 1000, sum(got)
    shown = float(page.evaluate(SHOWN))
    context.close()
    return size, shown, usable


def _from_store(context: BrowserContext, line: CutLine, rounds: int) -> list[float]:
    page = context.pages[0]
    page.goto("/today")
    page.evaluate(PACKED)
    line.cut()
    shown = []
    for _ in range(rounds):
        page.goto("/today")
        page.wait_for_selector("body[data-ready=on]")
        shown.append(float(page.evaluate(SHOWN)))
    line.mend()
    return shown


def _photo(context: BrowserContext, rounds: int) -> list[list[float]]:
    page = _ready(context.new_page())
    page.evaluate(SHRINK)
    devtools = context.new_cdp_session(page)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    return [list(page.evaluate(TIMED)) for _ in range(rounds)]


def _drain(context: BrowserContext, line: CutLine, visits: list[str]) -> float:
    page = _ready(context.new_page())
    line.cut()
    page.evaluate(FILL, [visits, ACTIONS, PHOTOS])
    line.mend()
    return float(page.evaluate(DRAIN))


def _ready(page: Page) -> Page:
    page.goto("/visits/queue")
    page.wait_for_selector("body[data-ready=on]")
    return page


if __name__ == "__main__":
    sys.exit(main())
