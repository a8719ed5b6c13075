"""A printed time phrase as tokens: days, months, quarters, years, cadences and the words that bind them.

Each token has a one-letter kind, so that `time_phrases` writes its grammar as patterns over a string of letters. What
no rule knows is a token of kind "?": a phrase that holds one is never read silently.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4}


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of a phrase: its kind, what it says, and where it stands in the normal form."""

    kind: str
    value: Any
    start: int
    end: int


def normal(phrase: str) -> str:
    """The phrase as the rules compare it: one line of small NFC letters, one kind of dash, "quý" and "hằng" as such."""
    text = " ".join(unicodedata.normalize("NFC", phrase).casefold().split())
    for found, instead in (
        ("–", "-"),
        ("—", "-"),
        ("−", "-"),
        ("hàng ", "hằng "),
        ("quí", "quý"),
        ("qúy", "quý"),
        ("qúi", "quý"),
    ):
        text = text.replace(found, instead)
    text = re.sub(r"\bq\s?\.?\s?(iv|i{1,3}|[1-4])\b", r"quý \1", text)
    text = re.sub(r"(?<=\d)\s*/\s*(?=\d)", "/", text)
    return re.sub(r"(\d)\s*-\s*(\d)", r"\1 - \2", text)


def _year(text: str | None) -> int | None:
    return int(text) if text else None


def _date(m: re.Match[str]) -> Any:
    return int(m["day"]), int(m["month"]), _year(m["year"])


_Y = r"(?P<year>(?:19|20)\d\d)"
_OF_YEAR = rf"(?:\s*(?:[/-]|năm|của năm)\s*{_Y})?"
_CADENCES = {"tuần": "week", "tháng": "month", "quý": "quarter", "năm": "year"}
_WEEKDAYS = {"hai": "mon", "ba": "tue", "tư": "wed", "năm": "thu", "sáu": "fri", "bảy": "sat"} | {
    str(n): day for n, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat"), 2)
}
_NUMBER = r"(?:\d{1,2}|một|hai|ba|bốn)"
_COUNTS = {"một": 1, "hai": 2, "ba": 3, "bốn": 4}
_CLAUSE = r"[^;]*?(?=\s*(?:;|\(hoặc|$))"


def _count(text: str) -> int:
    return _COUNTS.get(text, 0) or int(text)


def _times(m: re.Match[str]) -> Any:
    """So many times a period: the cadence, or None where there is none for it."""
    number, each = _count(m["number"]), m["each"]
    table = {(1, "tuần"): "week", (1, "tháng"): "month", (1, "quý"): "quarter", (1, "năm"): "year", (2, "năm"): "half-year", (4, "năm"): "quarter", (12, "năm"): "month"}  # fmt: skip
    return table.get((number, each))


def _span(m: re.Match[str]) -> Any:
    """Once in so many periods ("6 tháng một lần")."""
    number = _count(m["number"])
    table = {(1, "tháng"): "month", (3, "tháng"): "quarter", (6, "tháng"): "half-year", (12, "tháng"): "year", (1, "tuần"): "week", (2, "tuần"): "two-weeks", (1, "quý"): "quarter", (1, "năm"): "year", (2, "quý"): "half-year"}  # fmt: skip
    return table.get((number, m["each"]))


# In this order: what is longer or says more comes first. kind, pattern, what it says.
_RULES: tuple[tuple[str, str, Callable[[re.Match[str]], Any]], ...] = (
    # a number of days after or before an event
    ("V", rf"(?:chậm nhất |không quá |trong (?:vòng |thời hạn )?|sau )?(?:là )?(?P<number>\d{{1,3}}) ngày(?P<working> làm việc)?,? (?:kể từ|tính từ|sau)(?: ngày| khi| thời điểm)*(?: có| nhận được)?\s*(?P<event>{_CLAUSE})", lambda m: ("after", m["event"], int(m["number"]), bool(m["working"]))),
    ("V", rf"(?:chậm nhất )?(?P<number>\d{{1,3}}) ngày(?P<working> làm việc)? trước (?:khi |ngày )?(?P<event>(?!\d){_CLAUSE})", lambda m: ("before", m["event"], int(m["number"]), bool(m["working"]))),
    ("V", rf"(?:ngay )?sau khi (?P<event>{_CLAUSE})", lambda m: ("after", m["event"], None, False)),
    ("V", rf"trước (?:khi|các kỳ|kỳ|phiên|cuộc|hội nghị|đại hội|dịp|tết|lễ) ?(?P<event>{_CLAUSE})", lambda m: ("before", m[0].removeprefix("trước ").removeprefix("khi "), None, False)),
    # repeating occasions
    ("X", r"(?:khi )?(?:có )?phát sinh(?: nhiệm vụ| vụ việc| thực tế)?|(?:báo cáo )?đột xuất(?: khi có yêu cầu)?|(?:khi|lúc) có (?:yêu cầu|đề nghị|chỉ đạo)|theo (?:yêu cầu|đề nghị)(?: nhiệm vụ| công việc| thực tế| của \S+(?: \S+){0,6})?|khi cần(?: thiết)?|tùy tình hình(?: thực tế)?", lambda m: m[0]),
    ("V", rf"(?:ngay )?khi (?:có )?(?P<event>{_CLAUSE})", lambda m: ("after", m["event"], None, False)),
    # another document's dates
    ("L", rf"(?:(?:đúng|đảm bảo|bảo đảm|triển khai) )*(?:theo|đúng)(?: đúng)?(?: các)? (?P<what>(?:kế hoạch|chương trình|quy định|tiến độ|lộ trình|hướng dẫn|chỉ đạo|thời gian|thời hạn|quyết định|đề án|nghị quyết|văn bản|lịch|thông báo|công văn|chỉ thị|kết luận|phân công|luật|nghị định|thông tư|dự án|phân kỳ|mốc){_CLAUSE})", lambda m: m["what"]),
    # days
    ("D", rf"(?:ngày )?(?P<day>\d{{1,2}}) tháng (?P<month>\d{{1,2}})(?:\s*(?:/|năm|,? năm)\s*{_Y})?", _date),
    ("D", rf"(?:ngày )?(?P<day>\d{{1,2}})[/.](?P<month>\d{{1,2}})[/.]{_Y}", _date),
    ("D", rf"(?:ngày )?(?P<day>\d{{1,2}}) - (?P<month>\d{{1,2}}) - {_Y}", _date),
    ("K", r"(?:ngày )?(?P<day>\d{1,2})(?: của)? tháng cuối (?:của )?(?:(?P<each>quý|năm|tháng)|kỳ(?: báo cáo)?|mỗi quý)", lambda m: (int(m["day"]), _CADENCES.get(m["each"] or "quý" * ("quý" in m[0])))),
    ("M", rf"(?:tháng |t\.?)?(?P<month>\d{{1,2}})/{_Y}", lambda m: (int(m["month"]), int(m["year"]))),
    ("D", r"(?:ngày )?(?P<day>\d{1,2})[/.](?P<month>\d{1,2})(?:\s*năm\s*(?P<year>(?:19|20)\d\d))?", _date),
    ("d", r"ngày (?P<day>\d{1,2})(?! tháng \d)(?: của)?(?= (?:hằng|mỗi|tháng|cuối))", lambda m: int(m["day"])),
    # cadences
    ("C", rf"(?:tối thiểu |ít nhất )?(?P<number>0?{_NUMBER}) lần\s*(?:/|trong |mỗi |một |trên )\s*(?:một |01 |1 )?(?P<each>tuần|tháng|quý|năm)", _times),
    ("C", rf"(?:định kỳ |cứ )?(?:(?P<number>0?{_NUMBER}) )(?P<each>tuần|tháng|quý|năm)\s*(?:/|một|01|1)\s*lần", _span),
    ("C", r"(?:định kỳ |cứ )?(?P<each>tuần|tháng|quý|năm)\s*/\s*(?:01 |1 |một )?lần", lambda m: _CADENCES[m["each"]]),
    ("H", rf"0?(?:6|sáu) tháng (?P<half>đầu|cuối)(?: năm)?{_OF_YEAR}|nửa (?P<half2>đầu|cuối) năm{_OF_YEAR.replace('year', 'year2')}", lambda m: (1 if "đầu" in (m["half"] or m["half2"]) else 2, _year(m["year"] or m["year2"]))),
    ("C", r"(?:định kỳ )?(?:hằng |mỗi )?0?(?:6|sáu) tháng", lambda _: "half-year"),
    ("C", r"(?:định kỳ )?(?:hằng |mỗi )?0?(?:3|ba) tháng(?= một lần|/lần)", lambda _: "quarter"),
    ("C", r"(?:định kỳ )?(?:hai|2|02) tuần(?: một lần)?", lambda _: "two-weeks"),
    ("C", r"(?:định kỳ )?(?:hằng|mỗi|từng|các) (?P<each>tuần|tháng|quý|năm)(?! tiếp theo| sau)", lambda m: _CADENCES[m["each"]]),
    ("C", r"định kỳ (?P<each>tuần|tháng|quý|năm)\b(?! *(?:\d|i|v))", lambda m: _CADENCES[m["each"]]),
    ("w", r"(?:ngày )?(?:chiều |sáng )?thứ (?P<day>hai|ba|tư|năm|sáu|bảy|[2-7])", lambda m: _WEEKDAYS[m["day"]]),
    # stretches without an end
    ("N", r"(?:và |, ?)?(?:(?:những|các) )?(?:năm|giai đoạn|thời gian) (?:tiếp theo|sau|kế tiếp)|trở đi|về sau", lambda _: None),
    ("T", r"(?:nhiệm vụ |công việc |thực hiện )?(?:thường xuyên|liên tục|xuyên suốt|duy trì)(?:,? (?:liên tục|thường xuyên))?", lambda _: None),
    # parts of a year
    ("U", r"(?P<part>đầu|giữa|cuối)(?= (?:quý|tháng|năm))", lambda m: m["part"]),
    ("Q", rf"(?:các )?quý (?P<number>iv|i{{1,3}}|0?[1-4])\b{_OF_YEAR}", lambda m: (_ROMAN.get(m["number"]) or int(m["number"]), _year(m["year"]))),
    ("q", rf"(?P<number>iv|i{{1,3}})\b{_OF_YEAR}", lambda m: (_ROMAN[m["number"]], _year(m["year"]))),
    ("M", rf"(?:các )?(?:tháng |t\.?)(?P<month>\d{{1,2}})(?!\d)(?:\s*(?:/|năm|của năm)\s*{_Y})?", lambda m: (int(m["month"]), _year(m["year"]))),
    ("G", r"(?:giai đoạn |năm |các năm )?(?P<first>(?:19|20)\d\d)\s*(?:-|đến(?: hết)?(?: năm)?|÷|~|>)\s*(?:năm )?(?P<last>(?:19|20)\d\d)", lambda m: (int(m["first"]), int(m["last"]))),
    ("Y", rf"(?:trong |giai đoạn |của )?(?:năm )?{_Y}", lambda m: int(m["year"])),
    ("y", r"(?:trong |cả |suốt |hết )?(?:năm nay|năm kế hoạch)|(?:trong|cả|suốt|hết|của) năm(?! \d)", lambda _: None),
    ("n", r"\d{1,2}(?![\d/])", lambda m: int(m[0])),
    # words that bind
    ("E", r"(?:chậm nhất|muộn nhất|không quá|đến hết|cho đến|hạn chót|trước và trong|tới|đến|hết)(?: hết)?(?: ngày)?\b", lambda _: None),
    ("B", r"(?:xong |hoàn thành )*trước(?: ngày)?\b", lambda _: None),
    ("F", r"(?:bắt đầu |triển khai |thực hiện )*(?:kể )?từ(?: ngày)?\b|bắt đầu(?! từ)", lambda _: None),
    ("P", r"định kỳ\b", lambda _: None),
    ("-", r"-|÷|~", lambda _: None),
    ("&", r"[,;.&+/()]|\b(?:và|hoặc|hay|cùng với)\b", lambda _: None),
    # what says nothing about time
    ("", r"\b(?:hoàn thành|hoàn thiện|xong|thực hiện|tổ chức|triển khai|trong|ngày|dự kiến|thời gian|thời hạn|giai đoạn|các|của|là|vào|năm|tháng|được|phải|sẽ|kỳ|lần|một|mốc|cuối cùng|nhiệm vụ|sơ kết|tổng kết|báo cáo|kết quả|về|cáo)\b", lambda _: None),
    ("?", r"\S+", lambda m: m[0]),
)  # fmt: skip
_COMPILED = tuple((kind, re.compile(pattern), says) for kind, pattern, says in _RULES)


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a phrase in `normal` form, in order; what says nothing about time is left out."""
    at = 0
    while at < len(text):
        if text[at] == " ":
            at += 1
            continue
        for kind, pattern, says in _COMPILED:
            match = pattern.match(text, at)
            if match and match.end() > at and _whole(text, match, kind):
                if kind:
                    yield Token(kind, says(match), at, match.end())
                at = match.end()
                break
        else:
            at += 1


def _whole(text: str, match: re.Match[str], kind: str) -> bool:
    """Whether the match ends where a word ends."""
    end = match.end()
    if kind in ("-", "&", "?") or end >= len(text):
        return True
    return not (text[end].isalnum() and text[end - 1].isalnum())
