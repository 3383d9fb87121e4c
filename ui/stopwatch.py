"""How long a reader waits: until the page can be used after its start, and for evidence after a question.

    python -m ui.stopwatch                   starts `vouch chat` by itself, asks, prints, ends it

A tool for who works on Vouch, as ui.screenshots. Also how far the page jumps while answers are written: the
browser's cumulative layout shift, whose good values are below 0.1.
"""

from __future__ import annotations

import signal
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

from ui.screenshots import ANSWER_MS, CHROMIUM, DESKTOP, OPTIONS

QUESTIONS = (
    "How does LazyDiT make diffusion transformers faster?",
    "How does OWL choose the sparsity of each layer?",
    "What does LLM-QAT quantize besides weights?",
    "How are binary networks trained?",
    "How does one run models on phones?",
)
START_SECONDS = 60.0
COMMAND = "import sys; from rag.cli import main; sys.argv[0] = 'vouch'; main()"
# From the key that sends the question to the first source on the page, in the browser's own time.
WATCH = """
window.shifted = 0;
let sum = 0, first = -9999, last = -9999;
new PerformanceObserver(list => list.getEntries().forEach(each => {
  if (each.hadRecentInput) return;
  if (each.startTime - last > 1000 || each.startTime - first > 5000) {
    sum = 0;
    first = each.startTime;
  }
  last = each.startTime;
  sum += each.value;
  window.shifted = Math.max(window.shifted, sum);
})).observe({type: 'layout-shift'});
document.addEventListener('keydown', event => {
  if (event.key !== 'Enter') return;
  window.sent = event.timeStamp;
  window.found = 0;
  const before = document.querySelector('#current .exchange')?.id;
  const watch = new MutationObserver(() => {
    const now = document.querySelector('#current .exchange');
    if (now && now.id !== before && now.querySelector('.sources')) {
      window.found = performance.now();
      watch.disconnect();
    }
  });
  watch.observe(document.body, {childList: true, subtree: true});
}, true);
"""


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds, but for `shifted`, which is a share of the window."""

    listening: float
    interactive: float
    evidence: tuple[float, ...]
    shifted: float


def measure(browser: Any) -> Waited:
    """A start of the page and some questions, in this browser."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = browser.new_context(viewport=DESKTOP).new_page()
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, "-c", COMMAND, "chat", "--port", str(port)]) as server:
        try:
            _wait_for(port, start)
            listening = time.perf_counter() - start
            page.goto(f"http://127.0.0.1:{port}", wait_until="commit")
            page.get_by_label("Your question").wait_for()
            page.locator(".in-force").wait_for()
            interactive = time.perf_counter() - start
            page.evaluate(WATCH)
            _ask(page, QUESTIONS[0])  # waits until the models are loaded
            evidence = tuple(_ask(page, question) for question in QUESTIONS[1:])
            return Waited(listening, interactive, evidence, float(page.evaluate("window.shifted")))
        finally:
            server.send_signal(signal.SIGINT)


def _wait_for(port: int, start: float) -> None:
    while time.perf_counter() - start < START_SECONDS:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.01)


def _ask(page: Any, question: str) -> float:
    """Seconds from the key to the evidence, once the whole answer stands."""
    box = page.get_by_label("Your question")
    box.fill(question)
    box.press("Enter")
    asked = page.locator("#current .exchange").filter(has_text=question)
    asked.get_by_role("button", name="Good answer").wait_for(timeout=ANSWER_MS)
    page.wait_for_timeout(600)  # what was scrolled is at rest
    return float(page.evaluate("window.found - window.sent")) / 1000


def main() -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        waited = measure(browser)
        browser.close()
    each = ", ".join(f"{seconds:.2f}" for seconds in waited.evidence)
    sys.stdout.write(
        f"listening after {waited.listening:.2f} s, interactive after {waited.interactive:.2f} s\n"
        f"evidence after {statistics.median(waited.evidence):.2f} s (median of {each})\n"
        f"layout shift {waited.shifted:.3f}\n"
    )


if __name__ == "__main__":
    main()
