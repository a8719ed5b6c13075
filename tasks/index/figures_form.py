"""The typed form of a month's figures: entered whole, corrected, or confirmed as they are."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tasks.obligations.operator_forms import Form, asked, optional


class FigureRow(BaseModel):
    """Một chỉ tiêu: để trống ô nào là chưa có số liệu đó, không phải số 0."""

    model_config = ConfigDict(title="Chỉ tiêu", frozen=True, extra="forbid", str_strip_whitespace=True)

    code: str = asked(
        0, "Mã chỉ tiêu", "Ví dụ PUBLISH_ON_TIME; các mã ở config/indexes/qd766/figures.yaml.", max_length=60
    )
    numerator: int | None = optional(1, "Tử số", "Số đếm, từ 0 trở lên; để trống nếu chưa có số liệu.")
    denominator: int | None = optional(2, "Mẫu số", "Số đếm, từ 0 trở lên; để trống nếu chưa có số liệu.")
    score: str | None = optional(3, "Điểm trên Cổng", "Điểm Cổng Dịch vụ công quốc gia ghi, ví dụ 5,82.", max_length=20)

    unit: str | None = optional(
        4, "Đơn vị", "Để trống là số liệu chung; ghi tên đơn vị nếu là phần của đơn vị đó.", max_length=80
    )

    @property
    def said(self) -> str:
        """The row on one line; an empty cell is three dots."""
        counts = "/".join("…" if count is None else str(count) for count in (self.numerator, self.denominator))
        return f"{self.code} {counts}" + "".join(f" ({text})" for text in (self.score, self.unit) if text)


class FiguresForm(Form):
    """Số liệu một tháng: nhập cả bảng, sửa vài chỉ tiêu, hoặc xác nhận số liệu bất thường là đúng."""

    model_config = ConfigDict(title="Số liệu tháng")

    plan: str = asked(0, "Kế hoạch", "Mã kế hoạch, ví dụ cchc-2026.", min_length=1, max_length=100)
    month: str = asked(1, "Tháng", "Tháng của số liệu, ví dụ 2026-03.", pattern=r"^20\d\d-(0[1-9]|1[0-2])$")
    closed_on: date | None = optional(
        2, "Ngày chốt", "Ngày chốt số liệu, không sau hôm nay; bắt buộc khi nhập hoặc sửa số liệu."
    )
    table: str | None = optional(
        3, "Bảng số liệu",
        "Dán cả bảng từ Excel hoặc CSV, có dòng tiêu đề; cần các cột mã, tử số, mẫu số (và điểm, đơn vị nếu có).",
        max_length=200_000,
    )  # fmt: skip
    rows: tuple[FigureRow, ...] = Field(
        default=(),
        title="Từng chỉ tiêu",
        description="Chỉ tiêu cần nhập hoặc sửa; chỉ tiêu không nêu giữ như lần trước.",
        json_schema_extra={"position": 4},
        max_length=60,
    )
    confirm: bool = Field(
        default=False,
        title="Xác nhận số liệu bất thường",
        description="Đánh dấu khi số liệu đã ghi là đúng dù bất thường; cần ghi lý do. Số liệu còn thiếu thì không xác nhận được.",
        json_schema_extra={"position": 5},
    )
    reason: str | None = optional(6, "Lý do", "Bắt buộc khi sửa số liệu đã ghi hoặc khi xác nhận.", max_length=1000)
    recorded_by: str = asked(
        7, "Người ghi",
        "Họ tên và chức danh người đang điền biểu này; ghi vào sổ chứng cứ. Prefect không biết ai đang đăng nhập.",
        min_length=2, max_length=120,
    )  # fmt: skip

    def answers(self) -> list[tuple[str, Any]]:
        """(label, value) of what was filled in: a pasted table by its number of lines, rows one after another."""
        shown: dict[str, Any] = {}
        fields = type(self).model_fields
        if self.table:
            shown["table"] = f"{len(self.table.strip().splitlines())} dòng"
        if self.rows:
            shown["rows"] = "; ".join(row.said for row in self.rows)
        if self.confirm:
            shown["confirm"] = "có"
        return [
            (str(field.title), shown.get(name, getattr(self, name)))
            for name, field in fields.items()
            if getattr(self, name) not in (None, "", (), False)
        ]

    @property
    def about(self) -> str:
        """What the form is about: the plan's id."""
        return self.plan
