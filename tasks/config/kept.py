"""What was read from files, kept until one of them changes: the configuration of a running portal or worker is never old."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import jinja2
from jinja2.loaders import split_template_path

Made = TypeVar("Made")
Stamp = tuple[tuple[str, int, int], ...]

_kept: dict[Hashable, tuple[Stamp, Any]] = {}


def kept(key: Hashable, files: Iterable[Path], make: Callable[[], Made]) -> Made:
    """What `make` makes of those files, made anew where one changed, came or went. Raises what `make` raises.

    A file is known by its time and size; nothing is kept of a reading that failed.
    """
    stamp = tuple(_stamp(file) for file in files)
    if key not in _kept or _kept[key][0] != stamp:
        _kept[key] = (stamp, make())
    found: Made = _kept[key][1]
    return found


def template_loader(folder: Path) -> jinja2.FunctionLoader:
    """Templates below `folder`; one whose time or size changed is compiled again when it is next asked for."""

    def load(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        file = folder.joinpath(*split_template_path(name))
        before = _stamp(file)
        if not file.is_file():
            return None
        return file.read_text(encoding="utf-8"), str(file), lambda: _stamp(file) == before

    return jinja2.FunctionLoader(load)


def _stamp(file: Path) -> tuple[str, int, int]:
    try:
        seen = file.stat()
    except OSError:
        return str(file), 0, 0
    return str(file), seen.st_mtime_ns, seen.st_size
