"""How plans call their fields: the headings of columns and the labels of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dondoc.foundation.names import unmarked

Field = Literal[
    "number", "content", "lead", "coordinating", "parties", "deliverable", "time", "head", "target", "basis", "other"
]

_LED = r"(?:chu tri|dau moi|tham muu|chiu trach nhiem|phu trach|chu quan|thuc hien|trien khai|soan thao|trinh|xay dung|ban hanh|tong hop)"
_WHO = r"(?:(?:cac )?(?:co quan|don vi|phong|bo phan|to chuc|ban|so|nganh|dia phuong|ca nhan|nguoi|phong ban|cap|cong chuc|can bo)(?:\s*[,/]?\s*(?:va )?(?:co quan|don vi|phong|bo phan|to chuc|ban|so|nganh|dia phuong|ca nhan|nguoi|phong ban|cong chuc|can bo))*)"
_RULES: tuple[tuple[Field, str], ...] = (
    ("number", r"(?:so )?(?:tt|stt)|so thu tu|s\.?t\.?t\.?|muc|ma so|ky hieu|#|no\.?"),
    ("parties", rf"{_WHO}?(?: duoc)?(?: giao| phan cong)? ?chu tri\s*(?:[,/;&-]|va)\s*(?:{_WHO} )?phoi hop.*|phan cong (?:thuc hien|nhiem vu|trach nhiem)|to chuc thuc hien"),
    ("coordinating", r".*phoi hop.*|.*cung thuc hien|.*tham gia(?: thuc hien)?|.*phoi, ket hop.*"),
    ("head", r"(?:lanh dao|nguoi|dong chi|thu truong)(?: .*)?(?:phu trach|chi dao|dung dau|chiu trach nhiem|theo doi)(?: .*)?|chi dao(?: thuc hien)?"),
    ("other", r"(?:nguon |du toan |du kien |uoc )?kinh phi.*|nguon von.*|nguon luc.*|ghi chu.*|co so phap ly|don vi tinh|dvt|trang thai|tinh trang|hien trang|cap do|uu tien|linh vuc|muc do uu tien|dia diem.*|doi tuong.*|quy mo.*|so luong.*"),
    ("basis", r"can cu(?: phap ly| thuc hien| ban hanh)?|van ban (?:can cu|chi dao|giao nhiem vu)"),
    ("target", r"chi tieu.*|muc tieu(?: cu the| phan dau| .{0,30})?|muc phan dau"),
    ("time", r"(?:du kien )?(?:thoi gian|thoi han|thoi diem|thoi ky|tien do|lo trinh|han|ky han|moc thoi gian|moc|ngay|ky|dinh ky)(?: .*)?|hoan thanh(?: truoc| trong)?(?: ngay)?|deadline|nam (?:thuc hien|hoan thanh)|(?:han|ngay) (?:hoan thanh|ban hanh|trinh)"),
    ("deliverable", r"(?:du kien )?(?:san pham|ket qua|dau ra|hinh thuc van ban|san pham, ket qua|ket qua, san pham|ten san pham|loai van ban|yeu cau ket qua|yeu cau san pham|yeu cau)(?:[ ,/(].*)?"),
    ("lead", rf"(?:{_WHO} )?(?:duoc )?(?:giao |phan cong )?{_LED}(?:[ ,/]+(?:va )?{_LED})*(?: chinh)?(?: nhiem vu)?|(?:co quan|don vi)(?:,? (?:don vi|dia phuong|ca nhan))*|chu tri|trach nhiem(?: thuc hien)?|don vi duoc giao(?: .*)?|don vi giao .*"),
    ("content", r"(?:ten )?(?:cac )?(?:noi dung|nhiem vu|cong viec|hoat dong|ten viec|dau viec|viec|muc tieu|nhom nhiem vu|van ban|de an|chuong trinh|du an|chuyen de|ten van ban|ten nhiem vu|giai phap|ten goi|hang muc|trich yeu|linh vuc)(?:[ ,/;(&-].*)?|nhiem vu.*"),
)  # fmt: skip
_COMPILED = tuple((field, re.compile(pattern)) for field, pattern in _RULES)
_LABEL_ONLY = {"number"}  # these head columns, never lines
# A label that is also a common word counts only where a line's whole beginning says it.
_SAFE_LABEL = re.compile(
    rf"(?:{_WHO} )?(?:duoc )?(?:giao |phan cong )?(?:chu tri|dau moi|phu trach|thuc hien|chiu trach nhiem|phoi hop|tham muu).*|chu tri.*|phoi hop.*|"
    r"(?:du kien )?(?:san pham|ket qua|dau ra).*|(?:du kien )?(?:thoi gian|thoi han|tien do|lo trinh|han hoan thanh|thoi diem|moc thoi gian|ky han).*|"
    r"hoan thanh|noi dung(?: .*)?|nhiem vu|ten nhiem vu|(?:nguon |du toan )?kinh phi.*|ghi chu|chi tieu(?: .*)?|can cu(?: phap ly)?|trach nhiem thuc hien|(?:lanh dao|nguoi) .*"
)  # fmt: skip
_ALONE = re.compile(
    rf"{_WHO} (?:duoc giao )?(?:chu tri|phoi hop|thuc hien|chu tri thuc hien|phoi hop thuc hien|chu tri tham muu)|"
    r"san pham(?: dau ra| du kien| hoan thanh)?|ket qua du kien|thoi gian(?: thuc hien| hoan thanh)?|thoi han(?: hoan thanh)?"
)
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Label:
    """The label a text begins with: its field, as printed, and where its value begins."""

    field: Field
    printed: str
    value: int


def _plain(text: str) -> str:
    text = unmarked(" ".join(text.split()))
    return re.sub(r"\s*\(.*?\)|[*_:.]+$|^\W+", "", text).strip(" .:*_-")


def field_of_heading(text: str) -> Field | None:
    """The field that a column's heading names; None where it names none."""
    plain = _plain(text)
    if not plain or len(plain) > 90:
        return None
    return next((field for field, pattern in _COMPILED if pattern.fullmatch(plain)), None)


def label_alone(text: str) -> Field | None:
    """The field that a line names and says nothing of: its value stands below; None where it is no such line."""
    plain = _plain(text)
    if len(plain) > 45 or ":" in text.rstrip(": ") or not _ALONE.fullmatch(plain):
        return None
    return field_of_heading(plain)


def label_of(text: str) -> Label | None:
    """The label that a line begins with, after its bullet and marks; None where it has none."""
    colon = text.find(":")
    if not 0 < colon <= _LONGEST + 12:
        return None
    printed = text[:colon]
    plain = _plain(re.sub(r"^\s*(?:[-+*•–]|[a-zđ]\)|\d{1,2}[.)])\s*", "", printed.lstrip("*_ ")))
    if not plain or len(plain) > _LONGEST or not _SAFE_LABEL.fullmatch(plain):
        return None
    field = field_of_heading(plain)
    if field is None or field in _LABEL_ONLY:
        return None
    end = colon + 1
    while end < len(text) and text[end] in " \t*_":
        end += 1
    return Label(field, printed.strip(" -+*•–_"), end)
