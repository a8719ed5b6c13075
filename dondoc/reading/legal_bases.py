"""The documents that a text cites: kind, number, day, issuer and what they are about, as printed."""

from __future__ import annotations

import re
from collections.abc import Iterable

_KIND = (
    r"(?:Nghị quyết|Quyết định|Nghị định|Thông tư(?: liên tịch)?|Chỉ thị|Kế hoạch|Chương trình|Công văn|Kết luận|Thông báo|Luật|Pháp lệnh|Công điện|"
    r"Đề án|Hướng dẫn|Quy định|Lệnh)"
)  # fmt: skip
_NUMBER = r"\d{1,5}(?:/\d{4})?\s?[-/]?\s?[A-ZĐ]{1,10}[\w&]*(?:[-/]\s?[A-ZĐ][\w&]*)*"
_CITED = re.compile(
    rf"{_KIND}(?:\s+(?:liên tịch|hành động))?\s+số\s+(?P<number>{_NUMBER})(?:\s+ngày\s+(?P<day>\d{{1,2}}[/.-]\d{{1,2}}[/.-]\d{{4}}|\d{{1,2}} tháng \d{{1,2}} năm \d{{4}}))?"
)
# Where the words about a citation end: a sentence, another citation, or what has nothing to do with it.
_END = re.compile(
    rf"[.;:](?=\s|$)|\)|\s+(?:và|,)\s+(?={_KIND}\s+số)|,\s+(?={_KIND}\s+số)|\s+và\s+(?:các|hướng dẫn|{_KIND})\b|\s+đối với\b|;|$"
)
_ISSUER = re.compile(r"\s+của\s+[^,.;()]+?(?=\s+(?:về|ban hành|quy định|phê duyệt|đối với|và)\b|[,.;()]|$)")
_ABOUT = re.compile(r"\s+(?:của|về|ban hành|phê duyệt|quy định)\b")


def legal_bases(texts: Iterable[str], most: int = 300) -> list[str]:
    """What the texts cite, each document once, in the order of its first citation."""
    found: dict[tuple[str, str], str] = {}
    for text in texts:
        for match in _CITED.finditer(text):
            rest = text[match.end() :]
            printed = match[0]
            if _ABOUT.match(rest):
                end = _END.search(rest)
                tail = rest[: end.start()] if end else rest
                if len(tail) > most:
                    issuer = _ISSUER.match(rest)
                    tail = issuer[0] if issuer else ""
                printed += tail
            found.setdefault((match["number"].replace(" ", ""), match["day"] or ""), printed.strip(" ,"))
    return list(found.values())


def doubled_days(texts: Iterable[str]) -> list[tuple[str, tuple[str, ...]]]:
    """(kind and number, the days) of documents cited with two days, or (issuer and day, the numbers) of one with two numbers."""
    days: dict[str, dict[str, None]] = {}
    numbers: dict[str, dict[str, None]] = {}
    for text in texts:
        for match in _CITED.finditer(text):
            if match["day"]:
                number = match["number"].replace(" ", "")
                days.setdefault(number, {})[match["day"]] = None
                issuer = _ISSUER.match(text[match.end() :])
                digits, _, symbol = number.partition("/")
                numbers.setdefault(
                    f"{match['day']} {symbol} {issuer[0].strip() if issuer else ''} {''.join(sorted(digits))}", {}
                )[number] = None
    twice = [(number, tuple(found)) for number, found in days.items() if len(found) > 1]
    return twice + [(key.rpartition(" ")[0], tuple(found)) for key, found in numbers.items() if len(found) > 1]
