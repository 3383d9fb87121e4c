"""The `vouch` command: parse, open, call, print. Each command is a few lines.

Answers go to stdout, progress and errors to stderr. Heavy modules are imported inside the commands.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rag import __version__
from rag.command import INTERRUPTED, as_command, say
from rag.errors import QuestionError, UsageError

if TYPE_CHECKING:
    from rag.assistant import Assistant
    from rag.types import Answer, Passage
    from rag.weights import Model

app = typer.Typer(
    name="vouch",
    help="Questions about research papers, answered on this machine; every sentence names its paper.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(help="Models: list, pull, use, verify.", no_args_is_help=True)
app.add_typer(models_app, name="models")

# The UsageError of click: of typer's own copy or of the package, as the release of typer has it.
COMMAND_LINE_FAULT: type[Exception] = typer.BadParameter.__mro__[1]

# What Vouch writes is its reader's alone: files 0600, folders 0700.
PRIVATE = 0o077

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command; a RagError is one sentence and a hint, never a traceback."""
    os.umask(PRIVATE)
    with as_command():
        code = _run()
    sys.exit(code)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command("ingest")
def ingest_command(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Author pages.")] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make all chunks and vectors anew.")] = False,
    crawl_year: Annotated[int | None, typer.Option(help="Year of dates that print none.")] = None,
) -> None:
    """Index the shipped seeds, or the pages given; only what is new or changed."""
    from rag.bars import stage_bars
    from rag.config import load_settings
    from rag.renewal import ingest_pages

    with stage_bars() as progress:
        report = ingest_pages(
            load_settings(), _expanded(paths or []), crawl_year=crawl_year, rebuild=rebuild, progress=progress
        )
    shelf = f"{report.papers} papers on the shelf"
    if report.chunks_embedded or report.chunks_removed or report.pages_changed:
        print(
            f"{shelf}, {report.abstract_tokens:,} tokens of abstracts; "
            f"{report.pages_changed} of {report.pages} pages changed, "
            f"{report.chunks_embedded} chunks embedded, {report.chunks_removed} removed."
        )
    else:
        print(f"{shelf}; nothing has changed.")


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="The question.")] = None,
    as_json: Json = False,
    batch: Annotated[Path | None, typer.Option(help="A file of questions, one JSON object a line.")] = None,
    style: Annotated[
        str, typer.Option("--format", help="markdown, csv (a comparison's table, else the sources) or json.")
    ] = "",
    export: Annotated[
        Path | None,
        typer.Option(help="A new file for what was cited: .bib, .ris, .json (CSL), .md, .csv or .jsonl."),
    ] = None,
) -> None:
    """Answer a question, with the papers that each sentence comes from."""
    if (question is None) == (batch is None):
        raise UsageError("Give either a question or --batch FILE.", hint='Such as: vouch ask "What is OWL?"')
    if batch is not None:
        if style or export:
            raise UsageError("--format and --export go with one question.", hint="--batch prints JSON.")
        _ask_batch(batch)
        return
    from rag.config import load_settings
    from rag.printed import answer_in, check_style, check_target, save_papers
    from rag.question import check_question
    from rag.wiring import ModelSlot, open_assistant

    check_style(style, ("markdown", "csv", "json"))
    check_question(question or "")
    if export:
        check_target(export)
    settings = load_settings()
    with closing(ModelSlot(settings)) as slot:
        slot.begin()
        from rag.terminal import harmless, show_answers  # the model is opened meanwhile

        assistant = open_assistant(settings, slot=slot)
        if as_json or style == "json":
            answer = assistant.ask(question or "")
            _print_json(answer.record())
        elif style:
            answer = assistant.ask(question or "")
            print(harmless(answer_in(answer, style)), end="")
        else:
            answer = show_answers(assistant.stream(question or ""))
    if export:
        cited = [citation.paper for citation in answer.citations]
        say(save_papers(cited, export) if cited else f"Nothing was cited, so {export} was not written.")


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="The question.")],
    count: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many papers.")] = 10,
    explain: Annotated[
        bool, typer.Option("--explain", help="What each signal says of each paper, and its rank by it.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Rank papers for a question, without the language model."""
    from rag.config import load_settings
    from rag.question import check_question
    from rag.terminal import harmless
    from rag.wiring import open_assistant

    check_question(question)
    passages = open_assistant(load_settings()).search(question, count=count)
    if as_json:
        rows = enumerate(passages, 1)
        _print_json([_passage_record(rank, passage, explain=explain) for rank, passage in rows])
    else:
        for rank, passage in enumerate(passages, 1):
            print(harmless(f"{rank:3}  {passage.score:.3f}  {passage.relevance:4.0%}  {passage.paper.title}"))
            if explain:
                print("     " + "   ".join(f"{s.name} {s.value:.3f} (#{s.rank})" for s in passage.signals))


@app.command()
def papers(
    author: Annotated[
        list[str] | None, typer.Option(help="Page owner or printed author; several: any.")
    ] = None,
    year: Annotated[list[int] | None, typer.Option(help="Year of the paper; several: any.")] = None,
    category: Annotated[list[str] | None, typer.Option(help="Such as CV, LG, CL; several: any.")] = None,
    code: Annotated[
        bool | None, typer.Option("--code/--no-code", help="Marked with or without code.")
    ] = None,
    page: Annotated[list[str] | None, typer.Option(help="On this owner's page.")] = None,
    first_author: Annotated[list[str] | None, typer.Option(help="Printed first.")] = None,
    printed: Annotated[list[str] | None, typer.Option(help="Printed as an author.")] = None,
    together: Annotated[
        list[str] | None, typer.Option("--with", help="Several: each an author of the paper.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="Neither page owner nor printed.")] = None,
    affiliation: Annotated[list[str] | None, typer.Option(help="Such as harvard, meta-ai.")] = None,
    since: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="This day or later.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="This day or earlier.")] = None,
    dated: Annotated[bool | None, typer.Option("--dated/--undated", help="With or without a date.")] = None,
    title: Annotated[list[str] | None, typer.Option(help="Word of the title; several: all.")] = None,
    style: Annotated[str, typer.Option("--format", help="bibtex, ris, csl, markdown, csv or json.")] = "",
    as_json: Json = False,
) -> None:
    """List the shelf; filters add up; --json (or --format json) prints one paper a line."""
    from rag.config import load_settings
    from rag.export import FORMATS, export_papers
    from rag.library import Library
    from rag.printed import check_style, is_format
    from rag.terminal import harmless
    from rag.types import Scope

    check_style(style, FORMATS)
    scope = Scope(
        authors=tuple(author or ()),
        years=tuple(year or ()),
        categories=tuple(category or ()),
        has_code=code,
        owners=tuple(page or ()),
        printed=tuple(printed or ()),
        together=tuple(together or ()),
        first_authors=tuple(first_author or ()),
        affiliations=tuple(affiliation or ()),
        since=since.date() if since else None,
        until=until.date() if until else None,
        dated=dated,
        not_authors=tuple(without or ()),
        titled=tuple(title or ()),
    )
    with closing(Library.of_shelf(load_settings().shelf_path)) as library:
        found = library.papers(scope)
    if as_json or style == "json":
        for paper in found:
            print(export_papers([paper], "json"), end="")
    elif is_format(style):
        print(harmless(export_papers(found, style)), end="")
    else:
        for paper in found:
            date = paper.date.isoformat() if paper.date else "no date   "
            names = ", ".join(paper.authors) + (" et al." if paper.et_al else "")
            print(harmless(f"{date}  {paper.category or '  '}  {paper.title} — {names}"))
    if not found:
        say("No paper on the shelf fits these filters.")


@app.command()
def chat(
    host: Annotated[str, typer.Option(help="Address to serve on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to serve on.")] = 7860,
    auth: Annotated[str, typer.Option(help="NAME:PASSWORD to ask for.", envvar="VOUCH_AUTH")] = "",
) -> None:
    """Open the chat page."""
    from rag.config import load_settings
    from ui.app import serve
    from ui.desk import Desk

    name, colon, password = auth.partition(":")
    if auth and not (name and colon and password):
        raise UsageError("--auth is NAME:PASSWORD.", hint="Such as --auth reader:secret.")
    settings = load_settings()
    with closing(Desk(settings)) as desk:
        serve(
            desk,
            queue_length=settings.queue_length,
            diary=desk.open_diary(),
            host=host,
            port=port,
            auth=(name, password) if auth else None,
            on_ready=lambda url: say(f"Vouch is open on {url} (Ctrl-C ends it)."),
        )


@app.command("eval")
def eval_command(
    suites: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SUITE...",
            help="answers (also if none is named), retrieval, support, summaries, injection, peers, or your "
            "own questions.jsonl; or: report [RESULT.json...].",
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="A model's name, or the path of a GGUF.")] = "",
    split: Annotated[str, typer.Option(help="Only dev or held; of a bench, such as test.")] = "",
    sample: Annotated[int | None, typer.Option(min=1, help="Only so many, spread evenly.")] = None,
    show_held: Annotated[bool, typer.Option("--show-held", help="Write held questions out, too.")] = False,
    bench: Annotated[Path | None, typer.Option(help="retrieval: a folder in BEIR layout.")] = None,
    pairs: Annotated[Path | None, typer.Option(help="support: a JSONL file of claims and evidence.")] = None,
    articles: Annotated[Path | None, typer.Option(help="summaries: a JSONL file of abstracts.")] = None,
    peers: Annotated[list[str] | None, typer.Option("--peer", help="peers: only this one.")] = None,
    results: Annotated[Path | None, typer.Option(help="Folder for results.")] = None,
    as_json: Json = False,
) -> None:
    """Run eval suites, or make the report of their results; docs/evals.md tells more."""
    from evals.options import DEFAULT_SUITE, Options, check_options, check_report_options
    from evals.run import run_suite, write_report
    from rag.bars import stage_bars
    from rag.config import load_settings

    settings = load_settings()
    options = Options(bench, pairs, articles, split, sample, show_held, tuple(peers or ()), results)
    if suites and suites[0] == "report":
        check_report_options(options, model=model, json=as_json)
        page, markdown = write_report(settings, [Path(name) for name in suites[1:]], results)
        print(markdown)
        say(f"Written: {page}")
        return
    if model:
        settings = settings.model_copy(update={"model": model})
    names = suites or [DEFAULT_SUITE]
    check_options(names, options)
    for suite in names:
        with stage_bars() as progress:
            report, path = run_suite(settings, suite, options, progress=progress)
        if as_json:
            _print_json(report.record())
        else:
            print(report.table())
        say(f"Written: {path}")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="A new file.")]) -> None:
    """Write the whole shelf into one file."""
    from rag.config import load_settings
    from rag.renewal import back_up

    size = back_up(load_settings(), file)
    say(f"{file}: {size / 1e6:.1f} MB, read again and found whole.")


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="What `vouch backup` wrote.")]) -> None:
    """Make what a backup holds the shelf; the one before stays until the next ingest."""
    from rag.config import load_settings
    from rag.renewal import restore

    with closing(restore(load_settings(), file)) as library:
        say(f"{library.paper_count()} papers on the shelf, from {file}.")


@app.command()
def doctor(
    check: Annotated[bool, typer.Option("--check", help="Read and check all data and models, too.")] = False,
    as_json: Json = False,
) -> None:
    """Say what is installed, what is missing and what to do."""
    from rag.checkup import check_all
    from rag.config import load_settings
    from rag.doctor import examine

    settings = load_settings()
    findings = examine(settings) + (check_all(settings) if check else [])
    if as_json:
        _print_json([finding.record() for finding in findings])
    else:
        for finding in findings:
            print(f"{'ok ' if finding.ok else '-- '} {finding.subject}: {finding.state}")
            if finding.cure:
                print(f"    {finding.cure}")
    if not all(finding.ok or finding.optional for finding in findings):
        raise typer.Exit(1)


@models_app.command("list")
def models_list(as_json: Json = False) -> None:
    """The models that Vouch knows, and which are here."""
    from rag.config import load_settings
    from rag.weights import load_catalogue, present

    settings = load_settings()
    for model in load_catalogue():
        here = present(model, settings.models_path)
        if as_json:
            _print_json(_model_record(model, here))
        else:
            size = f"{model.size / 1e6:6.0f} MB" if model.size else "   size ?"
            known = f"{model.role}, {model.licence}" + ("" if model.tried else ", not tried")
            print(f"{'here' if here else '    '}  {size}  {model.name:28} {known}")


@models_app.command("pull")
def models_pull(
    names: Annotated[list[str] | None, typer.Argument(help="Names; none: the default.")] = None,
) -> None:
    """Fetch models as data, check them, and keep them in the cache."""
    from rag.bars import download_bar
    from rag.config import load_settings
    from rag.weights import find, load_catalogue, pull

    settings, catalogue = load_settings(), load_catalogue()
    wanted = [find(catalogue, name) for name in names or []] or [m for m in catalogue if m.role == "default"]
    for model in wanted:
        with download_bar(model.name) as advance:
            path = pull(model, folder=settings.models_path, report=say, progress=advance)
        say(f"{model.name} is in {path}.")


@models_app.command("use")
def models_use(model: Annotated[str, typer.Argument(help="A name, a path of a GGUF, or 'auto'.")]) -> None:
    """Answer with this model from now on; 'auto' takes the best one present."""
    from rag.config import load_settings, save_setting
    from rag.probes import probe_model
    from rag.weights import choose, load_catalogue

    settings = load_settings()
    setting = "" if model == "auto" else model
    choice = choose(setting, load_catalogue(), settings.models_path)
    if choice.model is None:
        probe_model(choice)
        setting = str(choice.path.resolve())
    elif setting:
        setting = choice.name
    save_setting(settings, "model", setting)
    say(f"Answers come from {choice.name} from now on.")


@models_app.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(help="Names; none: all present.")] = None,
) -> None:
    """Compare models with their recorded sha256."""
    from rag.config import load_settings
    from rag.weights import find, load_catalogue, present, verify

    settings, catalogue = load_settings(), load_catalogue()
    here = [model for model in catalogue if present(model, settings.models_path)]
    for model in [find(catalogue, name) for name in names] if names else here:
        verify(model, settings.models_path)
        print(f"{model.name}: as recorded")
    if not names and not here:
        say("No model is here yet; `vouch models pull` fetches the default.")


def _run() -> int:
    """The command's exit code; what typer and click raise becomes what `as_command` knows."""
    try:
        code: int = app(standalone_mode=False) or 0
    except COMMAND_LINE_FAULT as error:
        raise _usage_error(error) from error
    except typer.Abort as error:
        raise KeyboardInterrupt from error
    if code == INTERRUPTED:  # what typer makes of Ctrl-C
        raise KeyboardInterrupt
    return code


def _ask_batch(path: Path) -> None:
    """One JSON line in, one out; the model is opened once. Bad lines are found before the first answer."""
    from rag.batch import read_batch
    from rag.config import load_settings
    from rag.wiring import ModelSlot, open_assistant

    items = read_batch(path)
    settings = load_settings()
    with closing(ModelSlot(settings)) as slot:
        slot.begin()
        assistant = open_assistant(settings, slot=slot)
        for item in items:
            answer = _last_answer(assistant, item.turns)
            print(json.dumps({"id": item.id, **answer.record()}, ensure_ascii=False), flush=True)


def _last_answer(assistant: Assistant, turns: Sequence[str]) -> Answer:
    """The answer to a conversation's last turn; one that cannot be asked is answered by why."""
    from rag.compose import decline

    try:
        return assistant.ask(turns[-1], assistant.history(turns[:-1]))
    except QuestionError as error:
        return decline(turns[-1], f"{error.message} {error.hint}")


def _passage_record(rank: int, passage: Passage, *, explain: bool) -> dict[str, Any]:
    told = {signal.name: {"value": round(signal.value, 4), "rank": signal.rank} for signal in passage.signals}
    return {
        "rank": rank,
        "paper_id": passage.paper.id,
        "title": passage.paper.title,
        "score": round(passage.score, 4),
        "relevance": round(passage.relevance, 4),
        **({"signals": told} if explain else {}),
    }


def _model_record(model: Model, here: bool) -> dict[str, Any]:
    keys = ("name", "role", "parameters", "licence", "file", "size", "sha256", "writes", "tried")
    return {**{key: getattr(model, key) for key in keys}, "present": here}


def _expanded(paths: Sequence[Path]) -> list[Path]:
    """Files as given; a folder stands for its .txt files."""
    found = [page for path in paths for page in (sorted(path.glob("*.txt")) if path.is_dir() else [path])]
    if paths and not found:
        raise UsageError(f"{paths[0]} holds no .txt page.", hint="Name author pages, or a folder of them.")
    return found


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=None))


def _usage_error(fault: Any) -> UsageError:
    """What click found wrong, in one sentence, and where to read on."""
    command = fault.ctx.command_path if fault.ctx else "vouch"
    message = " ".join(fault.format_message().split()) or f"{command} needs a command."
    return UsageError(
        message if message.endswith((".", "?", "!")) else f"{message}.", hint=f"Run `{command} --help`."
    )
