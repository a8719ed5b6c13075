"""Octets → text, whatever table they are really written in; Vietnamese offices use five. Nothing here raises.

A name of a one-byte table is often wrong: programs that write UTF-8 call it iso-8859-1. So UTF-8 is tried before them.
TCVN 5712 (the ".VnTime" fonts) has no name that programs agree on and is known by how its octets stand in words.
"""

from __future__ import annotations

import codecs
import re
import unicodedata

_TCVN3_FROM = 0xA1
# Octets A1–FE of TCVN 5712:1993, VN3 ("ABC"); a space stands for an octet that is no letter.
_TCVN3 = "ĂÂÊÔƠƯĐăâêôơưđẰ     àảãáạẲằẳẵắẴẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịòỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵ"
_TCVN3_TABLE = {_TCVN3_FROM + n: letter for n, letter in enumerate(_TCVN3) if letter != " "}
# Octets that are letters in TCVN 5712 and signs in Windows' tables, right behind a letter: "b¸o", "®¬n".
_TCVN3_MARKS = re.compile(rb"[A-Za-z][\xa8-\xae\xb5-\xb9\xbb-\xbe]|\xae[a-z\xa8-\xfe]")
_TCVN3_NAMES = re.compile(r"tcvn|vn-?abc|vnabc", re.IGNORECASE)
_ONE_BYTE = re.compile(r"(?:iso-?8859|latin|windows-?125|cp125|us-?ascii|ascii|ansi|x-unknown|unknown|default|8bit)", re.IGNORECASE)  # fmt: skip
_WORDS = re.compile(r"(?s)[^ \n]{1,250}[ \n]*|[ \n]+")
# Tables that are none: they would run escapes of their own, or take long over short texts.
_NO_TABLES = frozenset({"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "mbcs", "oem"})


def text_of_octets(octets: bytes, charset: str = "utf-8") -> str:
    """`octets` as text in NFC where they can be read; what no table knows becomes a question mark sign."""
    name = charset.strip().strip("\"'")[:60]
    if _TCVN3_NAMES.search(name):
        return _valid(octets, "utf-8") or _tcvn3(octets)
    told = _table(name)
    tables = ["utf-8", told] if not told or _ONE_BYTE.match(name) else [told, "utf-8"]
    for table in filter(None, tables):
        if (table == "utf-8" or not _ONE_BYTE.match(name)) and (text := _valid(octets, table)) is not None:
            return text
    if _TCVN3_MARKS.search(octets):
        return _tcvn3(octets)
    for table in dict.fromkeys((told, "cp1258", "cp1252")):
        if table and (text := _valid(octets, table)) is not None:
            return composed(text)
    return octets.decode("utf-8", "replace")


def composed(text: str) -> str:
    """`text` in NFC. Word by word: the order of marks over one letter costs the square of their number."""
    return "".join(unicodedata.normalize("NFC", word) for word in _WORDS.findall(text))


def _table(name: str) -> str:
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return "" if found.replace("-", "_") in _NO_TABLES else found


def _valid(octets: bytes, table: str) -> str | None:
    """The text in that table; None where it does not fit. Half characters, which no UTF-8 can carry, are replaced."""
    try:
        return octets.decode(table).encode("utf-8", "replace").decode()
    except (UnicodeDecodeError, LookupError, ValueError, TypeError, AssertionError):
        return None


def _tcvn3(octets: bytes) -> str:
    return octets.decode("latin-1").translate(_TCVN3_TABLE)
