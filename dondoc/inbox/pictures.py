"""Which pictures of a mail are handed in, and which only decorate it: logos of signatures, of forwarded mails, of banners.

A photograph that a telephone puts into the text is handed in; what Outlook calls image001.png is not, nor what is tiny.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERED = re.compile(
    r"(image|img|oledata|outlook-?\w*|attachment|tep-?)[-_]?\d{1,3}(\s?\(\d+\))?\.\w{2,4}", re.IGNORECASE
)
_DECORATIVE = re.compile(r"logo|banner|signature|chu[ _-]?ky|chữ ký|icon|footer|header|facebook|zalo|spacer|pixel", re.IGNORECASE)  # fmt: skip
_CAMERA = re.compile(
    r"(img|dsc[fn]?|pxl|mvimg|photo|image|ảnh|anh|scan|quét|screenshot|z)[ _-]?\d{4,}.*|\d{8}[ _-]\d{4,}.*"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-.*|(photo|ảnh|scan|bản chụp).*",
    re.IGNORECASE,
)
_TINY = 10_000  # bytes
_TINIEST = 2_000  # what no camera or scanner makes
_LARGE = 50_000


@dataclass(frozen=True, slots=True)
class PicturePart:
    """What is known of a picture's part. `shown`: the mail's page shows it, or it has a name to be shown by;
    `attached`: its sender's program calls it an attachment; `forwarded`: it lies inside another mail.
    """

    name: str
    media_type: str
    size: int
    shown: bool
    attached: bool
    forwarded: bool


def is_decoration(picture: PicturePart) -> bool:
    """Whether a picture is none of the files that were handed in."""
    if _NUMBERED.fullmatch(picture.name):
        return picture.shown or picture.forwarded or not picture.attached or picture.size < _TINY
    if _DECORATIVE.search(picture.name):
        return picture.shown or picture.forwarded or not picture.attached or picture.size < _TINY
    if picture.forwarded:
        return picture.shown or not picture.attached
    if picture.attached and not picture.shown:
        return False
    if _CAMERA.fullmatch(picture.name):
        return picture.size < _TINIEST
    if picture.size < _TINY:
        return True
    if not picture.shown:
        return False
    return picture.size < _LARGE or picture.media_type == "image/gif"
