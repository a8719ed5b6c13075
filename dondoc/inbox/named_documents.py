"""Which document a sender's own words say was handed in: its number and date, and only where they are said of it.

A cover letter cites more than it sends: what it carries out, answers or rests on. So a number counts where the last
verb before it hands something over ("gửi kèm … số …") and names one document, or where it stands alone at the
beginning of a line and nothing else is cited. In any doubt there is none, and the reviewer looks.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

# "Số: 05/KH-VP", with "ngày 05/3/2024" or "ngày 05 tháng 3 năm 2024" close behind.
_NUMBER = re.compile(
    r"[Ss]ố(?:\s+hiệu)?\s*:?\s*(?P<number>\d{1,5}/[A-ZĐ][A-ZĐa-z0-9&-]{0,30}(?:/[A-ZĐ0-9-]{1,20})?)"
    r"(?:\s*,?\s*(?:ký\s+)?ngày\s+(?P<day>\d{1,2})(?:[/.-]|\s+tháng\s+)(?P<month>\d{1,2})(?:[/.-]|\s+năm\s+)(?P<year>\d{4}))?"
)
_KINDS = r"(?:kế hoạch|báo cáo|công văn|quyết định|tờ trình|thông báo|văn bản|nghị quyết|chỉ thị|chương trình|hướng dẫn|biên bản|phiếu|đề án|kết luận|thông tư|nghị định|luật|chỉ đạo)"
_KIND = re.compile(_KINDS)
_HANDED_IN = re.compile(
    rf"(?:kính gửi\s+(?:kèm|{_KINDS}|lại|bản)|(?<!kính )gửi|đính kèm|kèm theo (?:thư|đây)|gửi kèm|nộp|trình ký|báo cáo kết quả tại)"
)
_CITED = re.compile(
    r"(?:thực hiện|triển khai|căn cứ|phúc đáp|trả lời|theo|tại|thay(?: thế)?|sửa đổi|bổ sung|tiếp theo|yêu cầu|đề nghị|"
    r"liên quan|về việc|tinh thần|chỉ đạo|dựa trên|xét|thi hành|tham chiếu|quy định|hướng dẫn)"
)
_ISSUED_ABOVE = re.compile(
    r"\s*,?\s*của\s+(?:ủy ban|uỷ ban|ubnd|chính phủ|thủ tướng|bộ|tỉnh|hội đồng|hđnd|sở|ban|quốc hội|trung ương|chủ tịch)"
)
_DONE = re.compile(r"(?!\s*,?\s*(?:về|\())[^.;\n]{0,60}?(?:thực hiện|triển khai|căn cứ|phúc đáp|yêu cầu|giao|quy định)")
_BARE = re.compile(rf"\W*(?:(?:văn phòng|đơn vị|phòng|trung tâm|nộp|xin|kính)\s+)*{_KINDS}?\W*")
_CLAUSE_ENDS = re.compile(r"[;\n]|\.\s")


def named_document(text: str, today: date) -> tuple[str | None, date | None]:
    """The number and date of the one document that `text` says is handed in; None for what it does not say clearly.

    A date after `today` is none.
    """
    found = list(_NUMBER.finditer(text))
    said = [match for match in found if _is_handed_in(text, match)]
    numbers = {match["number"] for match in found}
    if not said and len(numbers) == 1 and not _CITED.search(text.lower()):
        said = [m for m in found if _BARE.fullmatch(_before(text, m)) and not _is_anothers(text, m)]
    if len({match["number"] for match in said}) != 1:
        return None, None
    dates = {match.group("year", "month", "day") for match in said if match["day"]}
    return said[0]["number"], _day(dates.pop(), today) if len(dates) == 1 else None


def mentioned(text: str) -> tuple[str, ...]:
    """Every document number in a text, each once: for the reviewer, where none is taken for the result's."""
    return tuple(dict.fromkeys(match["number"] for match in _NUMBER.finditer(text)))[:5]


def _before(text: str, match: re.Match[str]) -> str:
    """The clause before a number, in small letters."""
    before = text[max(0, match.start() - 400) : match.start()].lower()
    return _CLAUSE_ENDS.split(before)[-1]


def _is_handed_in(text: str, match: re.Match[str]) -> bool:
    before = _before(text, match)
    verbs = [(found.end(), found.start()) for found in _HANDED_IN.finditer(before)]
    if not verbs:
        return False
    end, start = verbs[-1]
    kinds = len(_KIND.findall(before[start:]))
    if kinds > 1 or "(" in before[end:] or _CITED.search(_KIND.sub("", before[end:])):
        return False
    return not _is_anothers(text, match)


def _is_anothers(text: str, match: re.Match[str]) -> bool:
    """Whether what follows a number says that another body issued it, or that it was carried out."""
    after = text[match.end() : match.end() + 80].lower()
    return bool(_ISSUED_ABOVE.match(after) or _DONE.match(after))


def _day(told: tuple[str | Any, ...], today: date) -> date | None:
    try:
        signed = date(*map(int, told))
    except ValueError:
        return None
    return signed if signed <= today else None
