"""A printed list of units → their names: only where a name of its own begins is a list cut."""

from __future__ import annotations

import re

from dondoc.foundation.names import unmarked
from dondoc.office.wording import clean

_HEADS = (
    r"(?:Sở|Ban|Phòng|Trung tâm|Công an|Văn phòng|Viện|Trường|Thanh tra|Tổ|Đài|Báo|Bộ|Cục|Chi cục|Tổng cục|Vụ|Hội|Liên hiệp|Hiệp hội|"
    r"Kho bạc|Thuế|Bảo hiểm|Đoàn|Ủy ban|Uỷ ban|Mặt trận|Quỹ|Công ty|Tập đoàn|Ngân hàng|Tòa án|Toà án|Viện kiểm sát|Đảng ủy|Tỉnh ủy|Thành ủy|"
    r"Huyện ủy|UBND|HĐND|UBMTTQ|UBMTTQVN|BHXH|BQL|VP|VPUB|Bưu điện|Liên đoàn|Chi nhánh|Điện lực|Hải quan|Bệnh viện|Hợp tác xã|Doanh nghiệp|Tiểu ban|Hội đồng|Nhà xuất bản|Cổng|Đảng uỷ|Liên minh)"
)  # fmt: skip
_GENERIC = re.compile(
    r"(?:(?:các|những|toàn thể|tất cả)\b|cơ quan|đơn vị|doanh nghiệp|địa phương|tổ chức|chủ đầu tư|cá nhân|ubnd các|ubnd cấp|các sở)",
    re.I,
)
_OWN = re.compile(rf"{_HEADS}\s+(?:(?:các|cấp|xã|phường|huyện|tỉnh|thành phố|nhân dân)\b|[A-ZĐÀ-ỸƯƠĂÂÊÔ&])")
_BARE = re.compile(rf"{_HEADS}")
_SHARED = re.compile(r"(?:các )?(?P<kind>sở|bộ|phòng|ban|cục|chi cục)(?:, (?:ban, )?ngành)?\s*:\s*(?P<names>.+)", re.I)
# What a list of departments leaves "Sở" away before.
_DEPARTMENTS = frozenset({
    "tai chinh", "noi vu", "tu phap", "cong thuong", "xay dung", "y te", "giao duc va dao tao", "khoa hoc va cong nghe",
    "nong nghiep va moi truong", "van hoa, the thao va du lich", "dan toc va ton giao", "ngoai vu", "giao thong van tai",
    "thong tin va truyen thong", "ke hoach va dau tu", "tai nguyen va moi truong", "lao dong - thuong binh va xa hoi",
    "nong nghiep va phat trien nong thon", "du lich", "quy hoach - kien truc",
})  # fmt: skip


def unit_names(text: str) -> list[str]:
    """The units that a printed list names, in its order, each once and as printed."""
    names: list[str] = []
    for part in re.split(r"[;\n]|^[-+•]\s*", text.strip().rstrip(".;,")):
        part = clean(part).strip(" .;,-+*•")
        if not part:
            continue
        shared = _SHARED.fullmatch(part)
        if shared:
            names += _cut(f"{shared['kind'][:1].upper()}{shared['kind'][1:]} {shared['names']}")
        else:
            names += _cut(part)
    return list(dict.fromkeys(names))


def _cut(part: str) -> list[str]:
    pieces = re.split(rf"(,\s*|\s+và\s+(?=(?!UBND|HĐND){_HEADS}\s+[A-ZĐ]|các\s)|\s*/\s*(?={_HEADS}\s))", part)
    result: list[str] = []
    for n in range(0, len(pieces), 2):
        piece, mark = pieces[n].strip(), pieces[n - 1] if n else ""
        if not result or _begins(result[-1], piece):
            result.append(piece)
        elif (
            mark.strip() == ","
            and result[-1].startswith("Sở ")
            and unmarked(piece) in _DEPARTMENTS
            and unmarked(result[-1][3:]) in _DEPARTMENTS
        ):
            result.append(f"Sở {piece}")
        else:
            result[-1] += f"{mark.rstrip()} {piece}" if mark.strip() == "," else f"{mark}{piece}"
    return [name for name in (each.strip(" .;,") for each in result) if name]


def _begins(before: str, piece: str) -> bool:
    """Whether a name of its own begins there: a department by its name, or a group after such a one."""
    if not piece:
        return False
    if re.match(r"(?:các|toàn thể|tất cả|những)\s", piece, re.I):
        return True
    if _own_group(before):
        return bool(_OWN.match(piece)) and not re.match(
            r"(?:UBND|HĐND|Ủy ban nhân dân|Uỷ ban nhân dân)\s+(?:các|cấp|xã|phường|huyện)", piece
        )
    return bool(_OWN.match(piece)) or (bool(_GENERIC.match(piece)) and not _own_group(before))


def _own_group(name: str) -> bool:
    """Whether a name is a group's so far: "Các sở, ngành", "Sở, ban", "Viện"."""
    return bool(re.match(r"(?:các|toàn thể|tất cả|những)\s", name, re.I)) or bool(
        re.fullmatch(rf"{_HEADS}(?:, .*)?", name)
    )
