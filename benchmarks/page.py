"""What the page reaches in Chromium: `python -m benchmarks.page [SCALE]` prints a table; ratios are against floors of the same run.

The browser and the server share the machine's cores. A scale of 1 makes 100,000 runs, a console of a million lines, a chart of 50 curves
of 10,000 points, and a version of a million files, which takes some minutes and 2 GB.
"""

import gzip
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.measure import let_python_compile
from benchmarks.page_data import CURVES, Made, fill
from tilth.testing.servers import RunningServer, running_server

_ROOT = Path(__file__).parents[1]
_UPLOT = _ROOT / "ui" / "node_modules" / "uplot" / "dist" / "uPlot.iife.min.js"
_DESK = {"width": 1440, "height": 900}
_ROUNDS = 5
_JUMPS = 12
_PATIENCE_MS = 60_000

_CALL = """async ([name, body]) => {
  const begun = performance.now();
  const headers = { "content-type": "application/json", "x-tilth-csrf": "1" };
  const answer = await fetch(`/api/${name}`, { method: "POST", headers, body: JSON.stringify(body) });
  await answer.json();
  return performance.now() - begun;
}"""
_SCROLL = """async ([pixels, frames]) => {
  const table = document.querySelector(".table");
  const frame = () => new Promise(requestAnimationFrame);
  const isBlank = () => {
    const { top, bottom } = table.getBoundingClientRect();
    const rows = [...table.querySelectorAll("[data-index]")].filter((row) => {
      const at = row.getBoundingClientRect();
      return at.bottom > top + 40 && at.top < bottom - 2;
    });
    return rows.length < Math.floor((bottom - top - 60) / 40) || rows.some((row) => row.querySelector(".ghost"));
  };
  let blank = 0, longest = 0, since = null, slow = 0, last = performance.now();
  for (let at = 0; at < frames; at++) {
    table.scrollTop += pixels;
    await frame();
    await new Promise((done) => setTimeout(done)); // what React does for this frame is drawn with it
    const now = performance.now();
    if (now - last > 34) slow++;
    last = now;
    if (isBlank()) {
      blank++;
      since ??= now;
      longest = Math.max(longest, now - since);
    } else since = null;
  }
  return { blank, longest, slow };
}"""
_JUMP = """async (part) => {
  const table = document.querySelector(".table");
  const begun = performance.now();
  table.scrollTop = part * (table.scrollHeight - table.clientHeight);
  for (;;) {
    await new Promise(requestAnimationFrame);
    const { top, bottom } = table.getBoundingClientRect();
    const rows = [...table.querySelectorAll("[data-index]")].filter((row) => {
      const at = row.getBoundingClientRect();
      return at.bottom > top + 40 && at.top < bottom - 2;
    });
    const isThere = rows.length >= Math.floor((bottom - top - 60) / 40) && !rows.some((row) => row.querySelector(".ghost"));
    if (isThere) return performance.now() - begun;
    if (performance.now() - begun > 60000) throw new Error("the rows did not come");
  }
}"""
_DRAWN = """new PerformanceObserver((seen) => {
  if (window.drawn || !seen.getEntriesByName("chart-draw").length) return;
  const [answer] = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/events.scalar_metrics_iter_histogram"));
  window.drawn = -1;
  requestAnimationFrame(() => (window.drawn = performance.now() - answer.responseEnd));
}).observe({ type: "measure" })"""
"""From the answer until the first frame after the page says that the curves are drawn."""
_WHEN_DRAWN = """() => new Promise((done) => {
  const look = () => (window.drawn > 0 ? done(window.drawn) : setTimeout(look, 20));
  look();
})"""
_UPLOT_ALONE = """async ([series, points]) => {
  const x = Array.from({ length: points }, (_, at) => at);
  const lines = Array.from({ length: series }, (_, line) => x.map((at) => Math.sin(at * line) + 100 / (at + 50)));
  const colours = Array.from({ length: series }, (_, line) => ({ stroke: `hsl(${line * 7} 60% 40%)`, points: { show: false } }));
  const begun = performance.now();
  new uPlot({ width: 1100, height: 400, series: [{}, ...colours], scales: { x: { time: false } } }, [x, ...lines], document.body);
  await new Promise(requestAnimationFrame);
  return performance.now() - begun;
}"""
_READY = """() => {
  const heads = () => [...document.querySelectorAll("main h2, main h1")].filter((head) => head.getClientRects().length);
  const seen = () => heads().length && document.querySelector("nav[aria-label=Places]");
  const look = () => (seen() ? requestAnimationFrame(() => (window.ready = performance.now())) : requestAnimationFrame(look));
  look();
}"""
_WAIT = """() => new Promise((done) => {
  const look = () => (window.ready ? done(window.ready) : requestAnimationFrame(look));
  look();
})"""
_LOADED_FILES = "performance.getEntriesByType('resource').map(({ name }) => name)"
_LOADED = "performance.timing.loadEventEnd - performance.timing.navigationStart"


class Row(NamedTuple):
    """One figure, what it is compared with, and what is wanted."""

    what: str
    reached: str
    floor: str = ""
    wanted: str = ""


def main(scale: float) -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("Chromium is not here: `make services` installs it")
    folder = Path(tempfile.mkdtemp(prefix="tilth-bench-"))
    try:
        begun = perf_counter()
        made = fill(folder / "home", folder, scale)
        print(f"filled in {perf_counter() - begun:.0f} s", file=sys.stderr)
        with running_server(folder / "home") as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            rows = list(measured(browser, server, made))
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("| what | reached | floor of the same run, ratio | wanted |\n|---|---|---|---|")
    print("\n".join(f"| {' | '.join(row)} |" for row in rows))


def measured(browser: Browser, server: RunningServer, made: Made) -> Iterator[Row]:
    """Every figure, one after the other."""
    with _signed_in(browser, server) as context:
        cookies = context.cookies()
        yield from first_page(browser, server, cookies)
        page = context.new_page()
        page.set_default_timeout(_PATIENCE_MS)
        blank = _best(lambda: _opened(page, f"{server.web}/health", "body"))
        yield from table(page, server, made)
        yield from chart(page, server, made)
        yield from version(page, server, made, blank)
        yield from console(page, server, made, blank)


def first_page(browser: Browser, server: RunningServer, cookies: Any) -> Iterator[Row]:
    """The first page of all, with nothing in the browser's cache."""

    def opened(address: str, expression: str) -> float:
        context = browser.new_context(viewport=_DESK)  # type: ignore[arg-type]
        context.add_cookies(cookies)
        page = context.new_page()
        page.add_init_script(f"({_READY})()")
        page.goto(address)
        found: float = page.evaluate(expression)
        scripts.update(name for name in page.evaluate(_LOADED_FILES) if name.endswith(".js"))
        context.close()
        return found

    scripts: set[str] = set()
    blank = min(opened(f"{server.web}/health", _LOADED) for _ in range(_ROUNDS))
    scripts.clear()
    times = sorted(opened(f"{server.web}/", _WAIT) for _ in range(_ROUNDS))
    yield Row(
        "first page, cold cache, until it can be used",
        f"{times[0]:.0f} ms (slowest of {_ROUNDS}: {times[-1]:.0f})",
        f"an empty answer of the server {blank:.0f} ms, {times[0] / blank:.1f}",
        "1,500 ms",
    )
    size = sum(len(gzip.compress(server.request("GET", name.removeprefix(server.web)).data)) for name in scripts)
    yield Row("JavaScript of the first page, gzip", f"{size / 1e3:.0f} KB in {len(scripts)} files", "", "250 KB")


def table(page: Page, server: RunningServer, made: Made) -> Iterator[Row]:
    """The table of all runs: steady scrolling, and jumps to any place."""
    orders = {"newest first": "", "by a parameter": "?columns=param:Args/lr&order=hyperparams.Args.lr.value"}
    for name, said in orders.items():
        opened = _best(lambda said=said: _opened(page, f"{server.web}/experiments{said}", "[data-index='0'] .status"))  # type: ignore[misc]
        yield Row(f"{made.tasks:,} runs, {name}: open", f"{opened:.0f} ms")
        page.wait_for_timeout(2_000)
        for pixels in (40, 100):
            frames = 300
            found = page.evaluate(_SCROLL, [pixels, frames])
            said_blank = f"{found['blank']} of {frames} frames with a blank row, the longest {found['longest']:.0f} ms"
            slow = f"{found['slow']} frames took longer than 34 ms"
            yield Row(f"{name}: scrolled by {pixels} pixels a frame", said_blank, slow, "no blank row")
        jumps = sorted(page.evaluate(_JUMP, (at * 0.618) % 1) for at in range(1, _JUMPS + 1))
        order = "hyperparams.Args.lr.value" if said else "-last_update"
        part = {"page": made.tasks // 200, "page_size": 100, "only_fields": ["name", "status"]}
        body = {"order_by": [order], "system_tags": ["-archived"], **part}
        floor = sorted(page.evaluate(_CALL, ["tasks.get_all_ex", body]) for _ in range(_ROUNDS))[_ROUNDS // 2]
        middle = jumps[len(jumps) // 2]
        yield Row(
            f"{name}: jump anywhere until all rows are there",
            f"{middle:.0f} ms (slowest of {_JUMPS}: {jumps[-1]:.0f})",
            f"the bare call {floor:.0f} ms, {middle / floor:.1f}",
        )


def chart(page: Page, server: RunningServer, made: Made) -> Iterator[Row]:
    """A chart of many curves, from the server's answer until it is drawn."""
    page.goto("about:blank")
    page.add_script_tag(path=_UPLOT)
    floor = min(page.evaluate(_UPLOT_ALONE, [CURVES, 10_000]) for _ in range(_ROUNDS))
    page.add_init_script(_DRAWN)
    times = []
    for _ in range(_ROUNDS):
        page.goto(f"{server.web}/experiments/{made.curves}")
        times.append(page.evaluate(_WHEN_DRAWN))
    yield Row(
        f"a chart of {CURVES} curves of 10,000 points, from the answer until it is drawn",
        f"{min(times):.0f} ms (slowest of {_ROUNDS}: {max(times):.0f})",
        f"uPlot alone with every point {floor:.0f} ms, {min(times) / floor:.1f}",
        "200 ms",
    )


def version(page: Page, server: RunningServer, made: Made, blank: float) -> Iterator[Row]:
    """A version of very many files: the version, its folders, one of its folders."""
    address = f"{server.web}/datasets/{made.version}"
    for what, said, selector in (
        ("its page", "", "h1"),
        ("its folders", "?tab=contents", "[data-index='0'] .cell:first-child"),
        ("one of its folders", "?tab=contents&folder=500", "[data-index='0'] .cell:first-child"),
    ):
        took = _best(lambda said=said, selector=selector: _opened(page, address + said, f"main {selector}"))  # type: ignore[misc]
        floor = f"an empty answer {blank:.0f} ms, {took / blank:.1f}"
        yield Row(f"a version of {made.files:,} files: {what}", f"{took:.0f} ms", floor, "1,000 ms")


def console(page: Page, server: RunningServer, made: Made, blank: float) -> Iterator[Row]:
    """A very long console: its end, its start, and a search of all of it."""
    last = f".log-line[data-line='{made.lines}'] .log-text"
    took = _best(lambda: _opened(page, f"{server.web}/experiments/{made.console}?tab=console", last))
    floor = f"an empty answer {blank:.0f} ms, {took / blank:.1f}"
    yield Row(f"a console of {made.lines:,} lines: open at its end", f"{took:.0f} ms", floor, "1,000 ms")
    begun = perf_counter()
    page.get_by_role("button", name="To the start").click()
    page.locator(".log-line[data-line='1'] .log-text").wait_for()
    yield Row("to its start", f"{(perf_counter() - begun) * 1_000:.0f} ms")
    begun = perf_counter()
    page.get_by_label("Find in all lines").fill(f"step {made.lines // 2} ")
    page.locator(".log-text.hit").wait_for()
    yield Row("a text found in all lines", f"{(perf_counter() - begun) * 1_000:.0f} ms, of which 250 wait for the last key")


def _opened(page: Page, address: str, selector: str) -> float:
    """How long after its begin a page showed something."""
    page.goto(address, wait_until="commit")
    page.wait_for_selector(selector)
    found: float = page.evaluate("performance.now()")
    return found


def _best(measure: Callable[[], float]) -> float:
    return min(measure() for _ in range(_ROUNDS))


@contextmanager
def _signed_in(browser: Browser, server: RunningServer) -> Iterator[BrowserContext]:
    words = [sys.executable, "-m", "tilth.cli.main", "link", "--home", str(server.home)]
    link = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split()[0]
    context = browser.new_context(viewport=_DESK)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(link)
    page.wait_for_selector("nav[aria-label=Places]")
    page.close()
    yield context
    context.close()


if __name__ == "__main__":
    let_python_compile()
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0)
