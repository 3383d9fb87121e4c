"""Prompt files to token segments, and text made safe to hand to a tokeniser.

A prompt file is Markdown: `# system`, `# user` and `# assistant` headings split roles, and
`$name` stands for a value by the rules of string.Template. A chat format puts control tokens
around the roles; what papers and readers wrote stays plain text. Knows no vocabulary and no
model: whether a control token exists is the engine's to check.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import Literal, cast, get_args

from rag.cleaning import clean
from rag.errors import PromptError
from rag.types import Control, Segment

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = get_args(Role)

_HEADING = re.compile(r"^# +(.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """One role's text. `parts` joined is the text; a new part starts at the last placeholder."""

    role: Role
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt file, read: templates by role, in order. `file` is named in errors."""

    file: str
    sections: tuple[tuple[Role, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the values that the prompt needs, in order."""
        found = (name for _, text in self.sections for name in Template(text).get_identifiers())
        return tuple(dict.fromkeys(found))

    def messages(self, /, **values: str) -> tuple[Message, ...]:
        """The messages with cleaned values. Raises PromptError for missing and unused names."""
        missing = [name for name in self.names if name not in values]
        unused = [name for name in values if name not in self.names]
        if missing or unused:
            faults = [f"is not given {', '.join(missing)}"] * bool(missing)
            faults += [f"does not use {', '.join(unused)}"] * bool(unused)
            raise PromptError(
                f"{self.file} {' and '.join(faults)}.", hint="Make its $names and the values agree."
            )
        cleaned = {name: clean(value) for name, value in values.items()}
        return tuple(Message(role, _filled(text, cleaned)) for role, text in self.sections)


def load_prompt(path: Path) -> Prompt:
    """Read a prompt file. Raises PromptError for an unreadable file, heading or placeholder."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"{path.name} cannot be read: {error}.", hint="Restore the file.") from error
    before, *pieces = _HEADING.split(text)
    headings = pieces[0::2]
    sections = tuple(zip(headings, (piece.strip() for piece in pieces[1::2]), strict=True))
    if fault := _fault(before, headings, [body for _, body in sections]):
        raise PromptError(
            f"{path.name} {fault}.",
            hint="A prompt is `# system`, if any, then `# user`; `$name` is a value, `$$` a dollar.",
        )
    return Prompt(path.name, cast("tuple[tuple[Role, str], ...]", sections))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a chat format puts before and after the text of one role."""

    opening: tuple[Segment, ...]
    closing: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """How a family of models marks turns. Without a system frame, system text leads the user's."""

    user: Frame
    assistant: Frame
    system: Frame | None = None

    @property
    def controls(self) -> frozenset[Control]:
        """All control tokens that the format uses."""
        frames = [frame for frame in (self.system, self.user, self.assistant) if frame]
        segments = (segment for frame in frames for segment in frame.opening + frame.closing)
        return frozenset(segment for segment in segments if isinstance(segment, Control))

    def frame(self, role: Role) -> Frame:
        """The frame of a role that the format has."""
        found = {"system": self.system, "user": self.user, "assistant": self.assistant}[role]
        if found is None:
            raise PromptError(f"The chat format has no {role} role.")
        return found


def _chatml(role: str, first_words: str = "") -> Frame:
    return Frame((Control("<|im_start|>"), f"{role}\n{first_words}"), (Control("<|im_end|>"), "\n"))


def _llama3(role: str) -> Frame:
    header = (Control("<|start_header_id|>"), role, Control("<|end_header_id|>"), "\n\n")
    return Frame(header, (Control("<|eot_id|>"),))


def _gemma(role: str) -> Frame:
    return Frame((Control("<start_of_turn>"), f"{role}\n"), (Control("<end_of_turn>"), "\n"))


# Written after the models' own templates. The beginning-of-text token is the engine's: the
# vocabulary says whether there is one.
CHAT_FORMATS: Mapping[str, ChatFormat] = MappingProxyType(
    {
        "chatml": ChatFormat(_chatml("user"), _chatml("assistant"), _chatml("system")),
        # ChatML of models that think aloud unless an empty thought is put in their mouth.
        "qwen3": ChatFormat(
            _chatml("user"), _chatml("assistant", "<think>\n\n</think>\n\n"), _chatml("system")
        ),
        "llama3": ChatFormat(_llama3("user"), _llama3("assistant"), _llama3("system")),
        "gemma": ChatFormat(_gemma("user"), _gemma("model")),
        "mistral": ChatFormat(
            Frame((Control("[INST]"),), (Control("[/INST]"),)), Frame((), (Control("</s>"),))
        ),
    }
)

# Format: markers that its templates hold, and markers of relatives that it must not hold.
_MARKERS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("chatml", ("<|im_start|>",), ("<|im_sep|>", "enable_thinking")),
    ("qwen3", ("<|im_start|>", "enable_thinking"), ("<|im_sep|>",)),
    ("llama3", ("<|start_header_id|>", "<|eot_id|>"), ()),
    ("gemma", ("<start_of_turn>",), ()),
    ("mistral", ("[INST]", "[/INST]"), ("<<SYS>>", "[SYSTEM_PROMPT]")),
)


def detect_chat_format(template: str) -> str | None:
    """The chat format of a GGUF's `tokenizer.chat_template`; None where no one format fits."""
    found = [
        name
        for name, held, foreign in _MARKERS
        if all(marker in template for marker in held) and not any(marker in template for marker in foreign)
    ]
    return found[0] if len(found) == 1 else None


def render(messages: Sequence[Message], chat_format: str) -> tuple[Segment, ...]:
    """The segments of a conversation, ending with the assistant's opening.

    Text that follows text begins something that changes more often than what is before it.
    """
    if chat_format not in CHAT_FORMATS:
        raise PromptError(
            f"The chat format {chat_format} is unknown.", hint=f"Known formats: {', '.join(CHAT_FORMATS)}."
        )
    layout = CHAT_FORMATS[chat_format]
    folded = messages if layout.system else _system_folded(messages)
    return tuple(_segments(folded, layout))


def _segments(messages: Iterable[Message], layout: ChatFormat) -> Iterator[Segment]:
    for message in messages:
        frame = layout.frame(message.role)
        yield from (*frame.opening, *message.parts, *frame.closing)
    yield from layout.assistant.opening


def _system_folded(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages with the system's text at the head of the user's first."""
    system = "".join(part for message in messages if message.role == "system" for part in message.parts)
    first, *others = [message for message in messages if message.role != "system"]
    if not system:
        return (first, *others)
    return (Message(first.role, (f"{system}\n\n", *first.parts)), *others)


def _filled(text: str, values: Mapping[str, str]) -> tuple[str, ...]:
    """The template, filled, in two parts: up to its last placeholder, and from there."""
    starts = [match.start() for match in Template.pattern.finditer(text) if match["named"] or match["braced"]]
    # Vocabularies hold words with the space before them: it goes with the value.
    border = len(text[: starts[-1]].rstrip(" ")) if starts else 0
    halves = (Template(half).substitute(values) for half in (text[:border], text[border:]))
    return tuple(half for half in halves if half)


def _fault(before: str, headings: Sequence[str], bodies: Sequence[str]) -> str:
    """What is wrong with a prompt file; empty if nothing is."""
    if before.strip():
        return "has text before its first heading"
    if strange := [heading for heading in headings if heading not in ROLES]:
        return f"has a heading that is no role: {', '.join(strange)}"
    if headings[-1:] != ["user"] or "system" in headings[1:]:
        return "must begin with its only `# system`, if any, and end with `# user`"
    if not all(bodies):
        return "has a role without text"
    if not all(Template(body).is_valid() for body in bodies):
        return "has a $ that starts no name"
    return ""
