"""What can go wrong, as a reader is told it.

RagError
├── UsageError        the command or setting is wrong (exit 2)
├── QuestionError     the question cannot be asked as it is
├── PageError         an author page cannot be read; names file and line
├── LibraryError      the library is missing, locked, newer, damaged or not writable
│   ├── MissingLibraryError  there is no index yet
│   ├── DamagedError  what is on the disk is not what was written
│   ├── UnreadableError  the disk does not give what was written
│   ├── LockedError   another process is writing
│   └── StaleIndexError  the vectors were made by other settings
├── DiaryError        kept conversations cannot be read or written
├── ModelError        a model is missing, damaged or of an unknown kind
│   └── DownloadError a model could not be fetched
└── PromptError       a file in prompts/ names what it is not given, or the reverse

Each carries a `hint`: what to do. Doors (cli, ui) catch RagError once and show message
and hint; adapters translate other libraries' errors into these at the border.
"""

from __future__ import annotations


class RagError(Exception):
    """A fault that a reader can understand and act on."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(RagError):
    """A wrong command line or setting."""


class QuestionError(RagError):
    """A question that cannot be asked as it is."""


class PageError(RagError):
    """An author page that cannot be read. `line` counts from 1; 0 stands for the whole file."""

    def __init__(self, message: str, *, file: str, line: int = 0, hint: str = "") -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {message}", hint=hint)
        self.file = file
        self.line = line


class LibraryError(RagError):
    """A library that cannot be read or written."""


class MissingLibraryError(LibraryError):
    """There is no library yet."""


class DamagedError(LibraryError):
    """What is on the disk is not what was written."""


class UnreadableError(LibraryError):
    """A file is there and the disk does not give it: another try, or another machine, may."""


class LockedError(LibraryError):
    """Another process is writing to the library."""


class StaleIndexError(LibraryError):
    """The vectors do not belong to this library or embedder."""


class DiaryError(RagError):
    """Kept conversations that cannot be read or written."""


class ModelError(RagError):
    """A model file that is missing, damaged or of an unknown kind."""


class DownloadError(ModelError):
    """A model that could not be fetched."""


class PromptError(RagError):
    """A prompt template and the values for it do not fit."""
