"""The drawer: the conversations kept on this machine as a list, and one of them as Markdown. Pure.

Knows what the diary gives; knows nothing of where it is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.diary import Entry, Kept
from rag.printed import answer_in
from rag.scopes import chosen_words
from ui.markup import act, counted, escape


def render_drawer(kept: Sequence[Kept], *, current: int | None, words: str = "") -> str:
    """The list, the latest first; `words` are those that it was searched by."""
    none = "No conversation holds these words." if words else "Questions that you ask are kept here."
    items = "".join(_item(one, one.id == current) for one in kept)
    listed = f'<ol class="kept">{items}</ol>' if items else f'<p class="none">{none}</p>'
    return (
        '<div class="drawer-head"><h2>Conversations</h2>'
        f"{act('drawer', 'Close')}</div>"
        '<form data-form="diary" role="search" aria-label="Conversations"><input type="search" name="words"'
        ' aria-label="Search conversations" placeholder="Search conversations"></form>'
        f'{listed}<p class="none">Kept on this machine only.</p>'
    )


def transcript(title: str, entries: Sequence[Entry]) -> str:
    """A conversation as Markdown: each question, its answer, and its sources."""
    return "\n".join([f"# {_line(title)}\n", *map(_told, entries)])


def _item(kept: Kept, current: bool) -> str:
    identity = str(kept.id)
    here = ' aria-current="true"' if current else ""
    title = escape(kept.title)
    about = f"{counted(kept.questions, 'question')} · {kept.changed.day} {kept.changed:%B %Y}"
    return (
        f'<li{here}><button type="button" class="open" data-act="open" data-kept="{identity}" dir="auto">'
        f'{title}</button><span class="byline">{about}</span>'
        f'<details class="menu" id="kept-{identity}"><summary class="act" aria-label="More on {title}">⋯'
        f'</summary><div class="choices"><form data-form="rename" data-kept="{identity}">'
        f'<input type="text" name="title" aria-label="New name of {title}" placeholder="New name"'
        ' maxlength="90" autocomplete="off">'
        '<button type="submit" class="act">Rename</button></form>'
        f"{act('transcript', 'Export', spoken=f'Export {kept.title} as Markdown', kept=identity)}"
        f"{act('delete', 'Delete', spoken=f'Delete {kept.title}', kept=identity)}</div></details></li>"
    )


def _told(entry: Entry) -> str:
    parts = [f"## {_line(entry.question)}\n"]
    if entry.scope:
        parts.append(f"*Asked of {' · '.join(chosen_words(entry.scope))}*\n")
    if entry.answer:
        parts.append(answer_in(entry.answer, "markdown").replace("\n## Sources", "\n### Sources"))
    if entry.note:
        parts.append(f"{entry.note}\n")
    return "\n".join(parts)


def _line(text: str) -> str:
    return " ".join(text.split())
