"""Opening a zipped office document that anybody may have sent: bounded, and every way of being broken said in one sentence."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import PurePath
from typing import TypeVar

from dondoc.index.definitions import FigureError
from dondoc.reading.document import ReadingError
from tasks.spreadsheets.reading import refuse_bomb

_Opened = TypeVar("_Opened")
_UNPACKED = 200_000_000


def open_zipped(name: str, ending: str, content: bytes, load: Callable[[io.BytesIO], _Opened]) -> _Opened:
    """What `load` makes of a document of that `ending` (.docx, .xlsx). Raises ReadingError for a broken, locked or huge one."""
    try:
        refuse_bomb(content, _UNPACKED)
        return load(io.BytesIO(content))
    except FigureError as error:
        large = error.key == "xlsx_too_big"
        said = (
            "is larger than any plan when unpacked; give the plan itself"
            if large
            else f"is no readable {PurePath(name).suffix} (broken, or under a password); save it again"
        )
        raise ReadingError(f"{name} {said}") from error
    except Exception as error:  # a broken file fails anywhere inside a library, in every way there is
        raise ReadingError(
            f"{name} is no readable {ending} (broken, or under a password); save it again as {ending}"
        ) from error
