"""One reader's page as a value, and what each act on it changes. Knows no gradio and no HTML of its own.

    Reading + act -> Reading, and the names of the parts that are to be drawn anew

Acts come from a browser: what they name is looked up, never trusted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rag.diary import Diary
from rag.errors import DiaryError
from rag.export import export_papers
from rag.types import Paper, Pick, PickAim, Scope
from ui import drawer, render, shelf
from ui.conversation import Asking, Conversation, reopen
from ui.examples import Example, examples_of
from ui.markup import escape
from ui.scope import Choices, pinned, render_scope, scope_of, without

MOST_COMPARED = 6
MOST_PICKED = 100
_AIMS: Mapping[str, PickAim] = {"compare": "compare", "summary": "summary", "like": "like"}
_FILES: Mapping[str, tuple[str, str]] = {
    "markdown": ("md", "text/markdown"),
    "csv": ("csv", "text/csv"),
    "bibtex": ("bib", "application/x-bibtex"),
    "ris": ("ris", "application/x-research-info-systems"),
}

log = logging.getLogger(__name__)

Parts = tuple[str, ...]

NOTHING_SAID = Conversation()
EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Order:
    """What the browser is to do: save `text` as a file, or turn to the desk. `stamp` tells orders apart."""

    kind: str
    stamp: int
    name: str = ""
    text: str = ""
    media: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A reader's page: the conversation, what is asked of, how shelf and drawer are searched."""

    conversation: Conversation = NOTHING_SAID
    scope: Scope = EVERYTHING
    sort: str = "newest"
    words: str = ""
    looked_for: str = ""
    order: Order | None = None
    orders: int = 0
    shelf_size: int = 0


class Told:
    """The acts of all readers on one assistant, one shelf and one diary."""

    def __init__(self, assistant: Asking, diary: Diary, examples: Sequence[Example] | None) -> None:
        self._assistant = assistant
        self._diary = diary
        self._examples = examples

    # what is drawn

    def draw(self, part: str, now: Reading) -> str:
        """The HTML of one part."""
        drawn: Mapping[str, Callable[[Reading], str]] = {
            "scope": self._scope,
            "shelf": self._shelf,
            "drawer": self._drawer,
            "welcome": self._welcome,
            "courier": _courier,
            "earlier": lambda now: now.conversation.earlier,
            "current": lambda now: now.conversation.current,
        }
        return drawn[part](now)

    def open(self, now: Reading, query: str) -> tuple[Reading, Parts]:
        """A page that was just loaded, at an address with this query."""
        choices = self._choices()
        now = replace(now, scope=scope_of(query, choices), shelf_size=len(choices.papers))
        return now, ("scope", "shelf", "drawer", "welcome")

    def is_news(self, now: Reading) -> bool:
        """Whether the shelf has grown since the page was drawn: the seeds are in."""
        return len(self._assistant.papers(Scope())) != now.shelf_size

    def look(self, now: Reading) -> tuple[Reading, Parts]:
        return replace(now, shelf_size=len(self._assistant.papers(Scope()))), ("scope", "shelf", "welcome")

    def _scope(self, now: Reading) -> str:
        choices = self._choices()
        return (
            render_scope(now.scope, choices, len(self._assistant.papers(now.scope))) if choices.papers else ""
        )

    def _shelf(self, now: Reading) -> str:
        papers = self._assistant.papers(replace(now.scope, papers=()))
        shown = shelf.Shown(
            tuple(self._assistant.pages()), tuple(papers), now.sort, now.words, now.scope.papers
        )
        return shelf.render_shelf(shown)

    def drawer(self, current: int | None, words: str = "") -> str:
        """The list of conversations, `current` marked."""
        try:
            return drawer.render_drawer(self._diary.find(words), current=current, words=words)
        except DiaryError as error:
            return render.render_note(f"{error.message} {error.hint}")

    def _drawer(self, now: Reading) -> str:
        return self.drawer(now.conversation.kept, now.looked_for)

    def _welcome(self, now: Reading) -> str:
        if now.conversation.current:
            return ""
        pages = self._assistant.pages()
        owners = {"", *(page.author for page in pages)}
        if self._examples is None:
            return render.render_welcome(examples_of(pages, self._assistant.papers(Scope())))
        return render.render_welcome([each for each in self._examples if each[0] in owners])

    def _choices(self) -> Choices:
        owners = [page.author for page in self._assistant.pages()]
        return Choices.of(self._assistant.papers(Scope()), owners)

    # questions

    def ask(self, now: Reading, question: str, wanted: Mapping[str, Any]) -> Conversation | None:
        """The conversation with the question begun; None where there is nothing to ask.

        `wanted` may name an aim and the papers that were picked for it.
        """
        question = question.strip()
        pick = self._pick(wanted)
        if pick and not question:
            question = "Compare these papers." if pick.aim == "compare" else "Summarise these papers."
        if not question:
            return None
        return now.conversation.ask(question, scope=now.scope, pick=pick)

    def keep(self, answered: Conversation) -> Conversation:
        """The conversation once its question is answered: the exchange stands in the diary."""
        kept = answered.kept
        try:
            kept = self._diary.write(kept, answered.count, answered.entry(self._assistant.settings()))
        except DiaryError as error:
            log.warning("%s %s", error.message, error.hint)
        return answered.finish(kept=kept)

    def _pick(self, wanted: Mapping[str, Any]) -> Pick | None:
        aim = _AIMS.get(str(wanted.get("aim", "")))
        papers = self._known(wanted)
        if aim is None or not papers:
            return None
        most = MOST_COMPARED if aim == "compare" else MOST_PICKED
        return Pick(aim, tuple(paper.id for paper in papers[:most]))

    def _known(self, wanted: Mapping[str, Any]) -> list[Paper]:
        """The papers that an act names, in its order, as far as the shelf has them."""
        shelved = self._choices().papers
        asked = dict.fromkeys(str(wanted.get("papers", "")).split())
        return [shelved[paper] for paper in asked if paper in shelved]

    # other acts

    def act(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        """The page after an act, and what of it has changed; an act that is not known changes nothing."""
        name = str(told.get("act", ""))
        acts = {
            "scope": self._filter,
            "drop": self._drop,
            "everything": self._everything,
            "only": self._only,
            "pin": self._pin,
            "shelf": self._sort,
            "export": self._export,
            "diary": self._look_for,
            "open": self._reopen,
            "rename": self._rename,
            "delete": self._delete,
            "transcript": self._transcript,
            "rate": self._rate,
            "new": self._new,
        }
        if name not in acts:
            return now, ()
        try:
            return acts[name](now, told)
        except DiaryError as error:
            log.warning("%s %s", error.message, error.hint)
            return now, ()

    def _filter(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        """The form's filters; pins are not in it and stay."""
        filters = scope_of(str(told.get("query", "")), self._choices())
        return _scoped(now, replace(filters, papers=now.scope.papers))

    def _drop(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        return _scoped(now, without(now.scope, str(told.get("field", "")), str(told.get("value", ""))))

    def _everything(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        return _scoped(now, Scope())

    def _only(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        owners = {page.author for page in self._assistant.pages()} & {str(told.get("owner", ""))}
        return _scoped(_order(now, "ask"), Scope(owners=tuple(owners)))

    def _pin(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        papers = [paper.id for paper in self._known(told)]
        return _scoped(_order(now, "ask"), pinned(now.scope, papers))

    def _sort(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        sort = str(told.get("sort", ""))
        words = str(told.get("words", ""))[:200]
        return replace(now, words=words, sort=sort if sort in shelf.SORTS else now.sort), ("shelf",)

    def _export(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        style, papers = str(told.get("style", "")), self._known(told)
        if style not in _FILES or not papers:
            return now, ()
        ending, media = _FILES[style]
        text = export_papers(papers, style)  # type: ignore[arg-type]
        return _order(now, "save", f"papers.{ending}", text, media), ("courier",)

    def _look_for(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        return replace(now, looked_for=str(told.get("words", ""))[:200]), ("drawer",)

    def _reopen(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        kept = _number(told, "kept")
        entries = self._diary.entries(kept)
        if not entries:
            return now, ("drawer",)
        conversation = reopen(kept, entries)
        now = _order(replace(now, conversation=conversation), "ask")
        return now, ("earlier", "current", "welcome", "drawer", "courier")

    def _rename(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        self._diary.rename(_number(told, "kept"), str(told.get("title", "")))
        return now, ("drawer",)

    def _delete(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        kept = _number(told, "kept")
        self._diary.delete(kept)
        if now.conversation.kept == kept:
            return self._new(now, told)
        return now, ("drawer",)

    def _transcript(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        kept = _number(told, "kept")
        entries = self._diary.entries(kept)
        if not entries:
            return now, ("drawer",)
        text = drawer.transcript(self._diary.title(kept), list(entries.values()))
        name = f"conversation-{datetime.now(UTC):%Y-%m-%d}-{kept}.md"
        return _order(now, "save", name, text, "text/markdown"), ("courier",)

    def _rate(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        """The button shows it by itself; drawn anew it does so from the diary."""
        position = str(told.get("anchor", "")).removeprefix("exchange-")
        if now.conversation.kept is not None and position.isdecimal():
            self._diary.rate(now.conversation.kept, int(position), _number(told, "rating"))
        return now, ()

    def _new(self, now: Reading, told: Mapping[str, Any]) -> tuple[Reading, Parts]:
        now = replace(now, conversation=now.conversation.clear())
        return now, ("earlier", "current", "welcome", "drawer")


def _scoped(now: Reading, scope: Scope) -> tuple[Reading, Parts]:
    return replace(now, scope=scope), ("scope", "shelf", "courier")


def _order(now: Reading, kind: str, name: str = "", text: str = "", media: str = "") -> Reading:
    stamp = now.orders + 1
    return replace(now, orders=stamp, order=Order(kind, stamp, name, text, media))


def _courier(now: Reading) -> str:
    if now.order is None:
        return ""
    order = now.order
    held = json.dumps(order.text) if order.text else ""
    return (
        f'<span hidden data-order="{escape(order.kind)}" data-stamp="{order.stamp}"'
        f' data-name="{escape(order.name)}" data-media="{escape(order.media)}"'
        f' data-text="{escape(held)}"></span>'
    )


def _number(told: Mapping[str, Any], key: str) -> int:
    try:
        return int(str(told.get(key, "")))
    except ValueError:
        return 0
