"""Witnesses and exports as they come back from people: opened and saved by Notepad, sent by mail, with a mark and CRLF.

Only what a text editor adds is undone: the mark at the beginning, UTF-16, carriage returns, empty lines. Everything
else is left to whoever checks it.
"""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encoding_of(start: bytes) -> str:
    """The encoding a text file says by its first bytes, to read it whole; UTF-8 where it says none."""
    return "utf-16" if start.startswith(_UTF_16) else "utf-8-sig"


def added_encoding(start: bytes) -> str:
    """The encoding in which a line is added to a file that begins so."""
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    return "utf-16-be" if start.startswith(codecs.BOM_UTF16_BE) else "utf-8"


def saved_text(content: bytes) -> str:
    """The text of a file. Raises UnicodeDecodeError where it is none."""
    return content.decode(encoding_of(content))


def saved_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of an export, one at a time, as UTF-8 without what an editor added."""
    start = file.read(3)
    file.seek(0)
    if start.startswith(_UTF_16):
        with io.TextIOWrapper(file, "utf-16", errors="surrogateescape", newline="\n") as text:
            yield from _plain(line.encode("utf-8", "surrogateescape") for line in text)
        return
    if start.startswith(codecs.BOM_UTF8):
        file.seek(3)
    yield from _plain(file)


def _plain(lines: Iterator[bytes] | BinaryIO) -> Iterator[bytes]:
    for line in lines:
        plain = line.rstrip(b"\r\n")
        if plain:
            yield plain
