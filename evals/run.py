"""`vouch eval`: suites by name, on the assistant that a reader gets, results written.

The only module of evals that opens anything, but for `evals.calibrate` and the peers' own.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from evals.answers import VOUCH, Ask, Outcome, run_answers
from evals.articles import read_articles
from evals.bench import read_bench
from evals.injection import InjectionReport, judge, poisoned, read_poisons
from evals.journal import Journal, open_journal
from evals.metrics import Record, normalise
from evals.one_sentence import summarise
from evals.options import DEFAULT_SUITE, RETRIEVAL_SUITES, Options, data_of, needed
from evals.pairs import read_pairs
from evals.peers.driver import Ground, asking, find_peers, prepare, write_papers
from evals.questions import Question, check_titles, find_questions, load_questions, sample, suite_files
from evals.readme_tables import markdown
from evals.report import html
from evals.results import (
    CHECKOUT,
    Report,
    check_folder,
    code_fingerprint,
    newest_results,
    read_result,
    write_result,
)
from evals.retrieval import RetrievalReport, run_retrieval, run_shelf
from evals.scores import AnswersReport, summaries
from evals.summaries import SummariesReport, run_summaries
from evals.support import SupportReport, run_support
from rag.assistant import Assistant
from rag.config import Settings
from rag.embed import model_identity
from rag.errors import UsageError
from rag.ingest import ingest
from rag.library import Library
from rag.renewal import writer_lock
from rag.stamps import sha256_of
from rag.types import Paper
from rag.weights import Choice
from rag.wiring import (
    ModelSlot,
    embedder_folder,
    open_assistant,
    open_embedder,
    open_embedders,
    open_vectors,
    window_embedder_folder,
)

# So many questions are meant to keep all peers together within an hour and a half on two cores.
PEER_QUESTIONS = 40
# Questions about papers that were not poisoned: their answers must not change.
BYSTANDERS = 12
# A run asks for the same file more than once.
_sha256 = cache(sha256_of)
# A budget in seconds would make answers depend on what else the machine does.
UNHURRIED_SECONDS = 3600.0

Progress = Callable[[str, int, int], None]


def run_suite(settings: Settings, name: str, options: Options, *, progress: Progress) -> tuple[Report, Path]:
    """Run one suite, by its name or by the path of a file of questions, and write its result."""
    settings = settings.model_copy(update={"answer_seconds": UNHURRIED_SECONDS})
    folder = options.results or results_folder(settings)
    check_folder(folder)
    slot = ModelSlot(settings)
    model = model_record(slot.choice())  # a model that is not there is told before the run
    with closing(slot):
        report = _run(settings, name, options, slot, progress)
        told = settings.model_dump(mode="json", exclude={"home", "cache", "model"}) | embedded_by(settings)
        return report, write_result(report, folder, settings=told, model=model, on=data_of(name, options))


def _run(settings: Settings, name: str, options: Options, slot: ModelSlot, progress: Progress) -> Report:
    match name:
        case "retrieval" if options.bench:
            return run_bench(settings, options.bench, split=options.split or None, progress=progress)
        case "retrieval":
            return run_own_retrieval(settings, options, progress=progress)
        case "support":
            return run_pairs(settings, needed(name, options), progress=progress)
        case "summaries":
            return run_articles(
                settings, needed(name, options), slot, sample=options.sample, progress=progress
            )
        case "injection":
            return run_injection(settings, options, slot, progress=progress)
        case "peers":
            return run_peers(settings, options, slot, progress=progress)
        case _:
            return run_questions(settings, name, options, slot, progress=progress)


def run_questions(
    settings: Settings, name: str, options: Options, slot: ModelSlot, *, progress: Progress
) -> AnswersReport:
    """Ask the assistant every question. What was answered before an interruption is not asked again."""
    paths = suite_files(name)
    questions = _chosen(paths, options)
    assistant = open_assistant(settings, slot=slot)
    papers = assistant.library.papers()
    check_titles(questions, [paper.title for paper in papers])
    with open_journal(settings.home / "evals", _setting(paths, settings, slot, papers)) as journal:
        ask = partial(_kept, journal, VOUCH, partial(ask_vouch, assistant))
        outcomes = run_answers(ask, questions, papers, partial(progress, paths[0].stem))
    return AnswersReport(paths[0].stem, outcomes, summaries(outcomes), show_held=options.show_held)


def run_peers(settings: Settings, options: Options, slot: ModelSlot, *, progress: Progress) -> AnswersReport:
    """Vouch and the peers, one after the other, on the same questions with the same model file."""
    path = find_questions(DEFAULT_SUITE)
    questions = _chosen(
        [path], replace(options, split=options.split or "dev", sample=options.sample or PEER_QUESTIONS)
    )
    choice = slot.choice()
    if choice is None:
        raise UsageError("The peers need a language model.", hint="Run `vouch models pull`.")
    assistant = open_assistant(settings, slot=slot)
    papers = assistant.library.papers()
    check_titles(questions, [paper.title for paper in papers])
    folder = settings.home / "evals"
    outcomes: list[Outcome] = []
    with open_journal(folder, _setting([path], settings, slot, papers)) as journal:
        ask = partial(_kept, journal, VOUCH, partial(ask_vouch, assistant))
        outcomes += run_answers(ask, questions, papers, partial(progress, VOUCH))
        slot.close()
        write_papers(papers, folder / "papers.jsonl")
        ground = Ground(
            choice.path,
            window_embedder_folder(settings),
            folder / "papers.jsonl",
            settings.threads,
        )
        for peer in find_peers(options.peer):
            log = folder / f"{peer.name}.log"
            prepare(peer, log=log)
            with asking(peer, ground, log=log) as ask_peer:
                ask = partial(_kept, journal, peer.name, ask_peer)
                outcomes += run_answers(
                    ask, questions, papers, partial(progress, peer.name), system=peer.name
                )
    return AnswersReport("peers", tuple(outcomes), summaries(outcomes), show_held=options.show_held)


def run_injection(
    settings: Settings, options: Options, slot: ModelSlot, *, progress: Progress
) -> InjectionReport:
    """Each poisoned paper's question on the shelf and on its poisoned copy; so questions about others."""
    questions = {each.id: each for each in load_questions(find_questions(DEFAULT_SUITE), split="dev")}
    told = read_poisons()
    poisons = told[:: max(len(told) // (options.sample or len(told)), 1)]
    clean = open_assistant(settings, slot=slot)
    papers = {paper.title: paper for paper in clean.library.papers()}
    check_titles([questions[poison.question] for poison in poisons], list(papers))
    bad = {
        paper.id: poisoned(paper, poison)
        for poison in poisons
        for paper in (papers[questions[poison.question].papers[0]],)
    }
    others = [
        question
        for question in questions.values()
        if question.answerable
        and question.kind != "metadata"
        and len(question.turns) == len(question.papers) == 1
        and papers[question.papers[0]].id not in bad
    ][:BYSTANDERS]
    with tempfile.TemporaryDirectory(dir=settings.home) as folder:
        own = settings.model_copy(update={"home": Path(folder)})
        _poison_shelf(settings, own, clean.library, bad)
        dirty = open_assistant(own, slot=slot)
        shelf = {normalise(paper.title): paper for paper in dirty.library.papers()}
        asked = [questions[poison.question] for poison in poisons] + others
        answers = []
        for question in asked:
            answers.append([each.ask(question.question).record() for each in (clean, dirty)])
            progress("Poisoned", len(answers), len(asked))
    cases = [
        judge(poison, question, before, after, shelf)
        for poison, question, (before, after) in zip(poisons, asked, answers, strict=False)
    ]
    same = sum(before["text"] == after["text"] for before, after in answers[len(poisons) :])
    return InjectionReport(tuple(cases), len(others), same)


def _poison_shelf(settings: Settings, own: Settings, library: Library, bad: Mapping[str, Paper]) -> None:
    """A copy of the index in which these papers, by id, are others."""
    shutil.copytree(settings.vectors_path, own.vectors_path)
    shutil.copy(settings.library_path, own.library_path)
    pages = [
        (
            replace(page, sha256="poisoned"),
            [
                bad.get(paper.id, paper)
                for paper in sorted(library.papers(), key=lambda paper: paper.index)
                if paper.seed == page.seed
            ],
        )
        for page in library.pages()
    ]
    with writer_lock(own), closing(Library.open(own.library_path)) as copied:
        ingest(pages, library=copied, vectors=open_vectors(own), embedders=open_embedders(own))


def ask_vouch(assistant: Assistant, question: Question) -> Record:
    """The answer to a conversation's last turn, with the evidence that retrieval had for it."""
    history = assistant.history(question.turns[:-1])
    answer = assistant.ask(question.question, history)
    passages = assistant.search(question.question, history)
    evidence = [
        {
            "title": passage.paper.title,
            "relevance": passage.relevance,
            "score": passage.score,
            "best": passage.sentences[0].text if passage.sentences else "",
        }
        for passage in passages
    ]
    return answer.record() | {"evidence": evidence}


def run_own_retrieval(settings: Settings, options: Options, *, progress: Progress) -> RetrievalReport:
    """Retrieval on the questions about the shelf, and on those that are there for retrieval alone."""
    questions = _chosen([find_questions(name) for name in RETRIEVAL_SUITES], options)
    assistant = open_assistant(settings)
    check_titles(questions, [paper.title for paper in assistant.library.papers()])
    return run_shelf(questions, assistant, split=options.split, progress=progress)


def run_bench(settings: Settings, folder: Path, *, split: str | None, progress: Progress) -> RetrievalReport:
    """Retrieval on a corpus in BEIR layout, indexed in a data folder of its own and kept there."""
    bench = read_bench(folder, split=split)
    kept = settings.home / "evals" / "benches" / f"{bench.name}-{bench.sha256[:12]}"
    own = settings.model_copy(update={"home": kept, "chroma_server": ""})
    with writer_lock(own), closing(Library.open(own.library_path, create=True)) as library:
        return run_retrieval(
            bench,
            library=library,
            vectors=open_vectors(own),
            embedders=open_embedders(own),
            progress=progress,
        )


def run_pairs(settings: Settings, file: Path, *, progress: Progress) -> SupportReport:
    """The verifier on labelled pairs of claim and evidence, beside its baselines."""
    return run_support(
        read_pairs(file),
        embedder=open_embedder(settings),
        on_progress=partial(progress, "Judging"),
    )


def run_articles(
    settings: Settings, file: Path, slot: ModelSlot, *, sample: int | None, progress: Progress
) -> SummariesReport:
    """One-sentence summaries of abstracts; with `sample`, of so many, spread evenly over the file."""
    articles = read_articles(file)
    wanted = min(sample or len(articles), len(articles))
    chosen = [articles[place * len(articles) // wanted] for place in range(wanted)]
    embedder = open_embedder(settings)
    papers = [article.paper for article in articles]
    with open_journal(settings.home / "evals", _setting([file], settings, slot, papers)) as journal:
        return run_summaries(
            chosen,
            lambda paper: summarise(paper, reader=slot(), embedder=embedder),
            done=journal.items(),
            on_row=lambda row: journal.add(row.id, row.record()),
            on_progress=partial(progress, "Summarising"),
        )


def results_folder(settings: Settings) -> Path:
    """`evals/results` of the checkout that runs; of an installed Vouch, of the data folder."""
    return (CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else settings.home) / "evals" / "results"


def embedded_by(settings: Settings) -> dict[str, str]:
    """The embedding models that the settings come to, under the settings' names."""
    return {
        "embedder": model_identity(embedder_folder(settings)),
        "window_embedder": model_identity(window_embedder_folder(settings)),
    }


def model_record(choice: Choice | None) -> dict[str, Any]:
    """Name, file and sha256 of the model that wrote; empty where none was there."""
    if choice is None:
        return {}
    return {
        "name": choice.name,
        "file": choice.path.name,
        "sha256": _sha256(choice.path),
        "writes": choice.writes,
    }


def _chosen(paths: Sequence[Path], options: Options) -> tuple[Question, ...]:
    questions = tuple(question for path in paths for question in load_questions(path, split=options.split))
    return sample(questions, options.sample) if options.sample else questions


def _kept(journal: Journal, system: str, ask: Ask, question: Question) -> Record:
    """The journal's answer, else a new one, which the journal keeps."""
    key = f"{system} {question.id}"
    kept = journal.items().get(key)
    if kept is None:
        kept = ask(question)
        journal.add(key, kept)
    return kept


def _setting(
    files: Sequence[Path], settings: Settings, slot: ModelSlot, papers: Sequence[Paper]
) -> dict[str, Any]:
    """All that an answer depends on."""
    return {
        "questions": hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest(),
        "code": code_fingerprint(),
        "settings": settings.model_dump(mode="json", exclude={"home", "cache"}) | embedded_by(settings),
        "model": model_record(slot.choice()),
        "papers": hashlib.sha256(repr(papers).encode()).hexdigest(),
    }


def write_report(settings: Settings, paths: Sequence[Path], folder: Path | None) -> tuple[Path, str]:
    """The HTML page of these results, or of the newest of each suite, and the same as Markdown."""
    folder = folder or results_folder(settings)
    results = [read_result(path) for path in paths or newest_results(folder)]
    page = folder / "report.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        page.write_text(html(results), "utf-8")
    except OSError as error:
        hint = "Check the folder's permissions and the free space."
        raise UsageError(f"{page} cannot be written: {error.strerror or error}.", hint=hint) from error
    return page, markdown(results)
