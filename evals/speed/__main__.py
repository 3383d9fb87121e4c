"""The bench: `make bench`, or `python -m evals.speed [PART...]`.

One table, every figure beside a reference of the same run. Writes `speed-<commit>.json`, `.md` and, with
matplotlib, two pictures. Ctrl-C ends it with the parts that are measured. The only module of the bench
that chooses what is run.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from evals import plots
from evals.results import CHECKOUT, check_folder, write_result
from evals.speed.asking import answer_figures, peer_figures
from evals.speed.engine import engine_figures
from evals.speed.figures import HEADINGS, Figure, markdown
from evals.speed.ground import Ground, vouch
from evals.speed.guessing import drafting_figures
from evals.speed.indexing import ingest_figures
from evals.speed.lasting import memory_figures, soak_figures
from evals.speed.llama_bench import built_llama_bench
from evals.speed.profiling import Stages
from evals.speed.searching import Searched, search_figures, searches
from evals.speed.spent import profile_table, profiles
from evals.speed.starting import import_costs, start_figures
from rag.bars import stage_bars
from rag.config import Settings, load_settings
from rag.errors import RagError, UsageError
from rag.weights import Choice
from rag.wiring import ModelSlot

PARTS = (
    *("start", "engine", "guesses", "answers", "profile"),
    *("ingest", "memory", "retrieval", "soak", "peers"),
)
OPTIONAL = {"peers"}
IMPORTED = ("rag.cli", "rag.wiring", "ui.app")
RESULTS = CHECKOUT / "evals" / "results" / "speed"
PEER_QUESTIONS = 4


@dataclass
class Bench:
    """What is measured so far. An `evals.results.Report`."""

    figures: list[Figure] = field(default_factory=list)
    sizes: list[Searched] = field(default_factory=list)
    imports: dict[str, list[tuple[str, float]]] = field(default_factory=dict)
    profiles: dict[str, Stages] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    suite: str = "speed"

    def record(self) -> dict[str, Any]:
        return {
            "figures": [figure.record() for figure in self.figures],
            "sizes": [asdict(size) for size in self.sizes],
            "imports_ms": self.imports,
            "profiles_ms": self.profiles,
            "failed": self.failed,
        }

    def table(self) -> str:
        """The figures, where the time goes, the imports and what failed, as Markdown."""
        told = [markdown(self.figures), *filter(None, [profile_table(self.profiles)])]
        for module, costs in self.imports.items():
            listed = ", ".join(f"{package} {cost:.0f}" for package, cost in costs)
            told.append(f"Imports of `{module}`, milliseconds with all that each brings: {listed}.\n")
        told += [f"The part {part} failed: {reason}\n" for part, reason in self.failed.items()]
        return "\n".join(told)

    @property
    def empty(self) -> bool:
        return not (self.figures or self.profiles)


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    bench = Bench()
    try:
        settings = load_settings()
        check_folder(options.results)
        try:
            with stage_bars() as progress:
                _measure(bench, options, settings, progress)
        except KeyboardInterrupt:
            Console(stderr=True).print("Interrupted: this is what was measured.")
        if not bench.empty:
            _show(bench)
            _write(bench, options.results, settings)
    except RagError as error:
        sys.exit(f"{error.message}\n{error.hint}")
    if bench.failed:
        sys.exit("\n".join(f"The part {part} failed: {reason}" for part, reason in bench.failed.items()))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.speed", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all but the peers if none is named")
    parser.add_argument("--turns", type=int, default=5, help="repeats of what is quick")
    parser.add_argument("--questions", type=int, default=5)
    parser.add_argument("--full", action="store_true", help="300 questions in a row; 200,000 chunks")
    parser.add_argument("--million", action="store_true", help="1,000,000 chunks, too: an hour once")
    parser.add_argument("--drop-made", action="store_true", help="delete the made shelves after the search")
    parser.add_argument("--llama-bench", type=Path, help="llama.cpp's own program, to compare with")
    parser.add_argument(
        "--build-llama-bench", action="store_true", help="compile it: needs cmake, 10 minutes"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder")
    return parser.parse_args()


def _measure(
    bench: Bench, options: argparse.Namespace, settings: Settings, progress: Callable[[str, int, int], None]
) -> None:
    if unknown := set(options.parts) - set(PARTS):
        raise UsageError(
            f"The bench has no part {', '.join(sorted(unknown))}.", hint=f"Parts: {', '.join(PARTS)}."
        )
    chosen = [part for part in PARTS if part in options.parts or not (options.parts or part in OPTIONAL)]
    ground = Ground(
        settings=settings,
        progress=progress,
        turns=options.turns,
        questions=options.questions,
        soak=300 if options.full else 30,
        sizes=(2_000, 20_000, *(200_000,) * options.full, *(1_000_000,) * options.million),
        keep_made=not options.drop_made,
        llama_bench=built_llama_bench(settings.cache) if options.build_llama_bench else options.llama_bench,
    )
    choice = cache(lambda: _choice(settings))
    parts: dict[str, Callable[[], list[Figure]]] = {
        "start": lambda: start_figures(ground),
        "engine": lambda: engine_figures(ground, choice()),
        "guesses": lambda: drafting_figures(ground, choice()),
        "answers": lambda: answer_figures(ground, choice()),
        "profile": lambda: _profiled(bench, ground),
        "ingest": lambda: ingest_figures(ground),
        "memory": lambda: memory_figures(ground),
        "retrieval": lambda: _searches(bench, ground),
        "soak": lambda: soak_figures(ground),
        "peers": lambda: _peers(settings),
    }
    for part in chosen:
        try:
            bench.figures += parts[part]()
            if part == "start":
                bench.imports = {module: import_costs(module) for module in IMPORTED}
        except Exception as error:  # noqa: BLE001 - what the other parts measure is not lost
            bench.failed[part] = reason(error)


def reason(error: Exception) -> str:
    """Why a part failed, in a line; of a child process the last line that it said."""
    if isinstance(error, subprocess.CalledProcessError):
        said = str(error.stderr or "").strip().splitlines()
        return (
            f"{' '.join(map(str, error.cmd[1:4]))} ended with {error.returncode}: {said[-1] if said else ''}"
        )
    return error.message if isinstance(error, RagError) else f"{type(error).__name__}: {error}"


def _profiled(bench: Bench, ground: Ground) -> list[Figure]:
    bench.profiles = profiles(ground)
    return []


def _choice(settings: Settings) -> Choice:
    with closing(ModelSlot(settings)) as slot:
        choice = slot.choice()
    if choice is None or not choice.writes:
        raise UsageError("The bench needs a language model.", hint="Run `vouch models pull`.")
    return choice


def _searches(bench: Bench, ground: Ground) -> list[Figure]:
    """Each size as soon as it is measured, so that an interruption loses one alone."""
    for searched in searches(ground):
        bench.sizes.append(searched)
        bench.figures += search_figures([searched])
    return []


def _peers(settings: Settings) -> list[Figure]:
    """The suite `peers` on a few questions; it makes the peers' environments where they are missing."""
    with tempfile.TemporaryDirectory() as folder:
        vouch("eval", "peers", "--sample", str(PEER_QUESTIONS), "--results", folder, settings=settings)
        (result,) = Path(folder).glob("*.json")
        return peer_figures(json.loads(result.read_text("utf-8"))["rows"])


def _show(bench: Bench) -> None:
    console = Console()
    if not console.is_terminal:
        sys.stdout.write(bench.table())
        return
    table = Table(*HEADINGS)
    for figure in bench.figures:
        table.add_row(*figure.cells(), style="red" if figure.reached is False else "")
    console.print(table)


def _write(bench: Bench, folder: Path, settings: Settings) -> None:
    kept = settings.model_dump(mode="json", exclude={"home", "cache"})
    path = write_result(bench, folder, settings=kept, model={"name": settings.model or "the best present"})
    path.with_suffix(".md").write_text(bench.table(), "utf-8")
    if plots.installed():
        ratios = {f"{figure.part}: {figure.what}": figure.ratios for figure in bench.figures}
        path.with_suffix(".svg").write_text(plots.ratios(ratios, name="ratios"), "utf-8")
        if bench.sizes:
            curves = {
                "Chroma": [(float(each.chunks), median(each.ours)) for each in bench.sizes],
                "exact": [(float(each.chunks), median(each.exact)) for each in bench.sizes],
            }
            growth = plots.growth(curves, name="growth", across="chunks", up="ms a search, median")
            path.with_name(f"{path.stem}-growth.svg").write_text(growth, "utf-8")
    else:
        Console(stderr=True).print(plots.HOW_TO_GET)
    Console(stderr=True).print(f"Written: {path}")


if __name__ == "__main__":
    main()
