"""The typed forms that Prefect's UI shows an operator: what may be recorded, each field with its label and its help.

The JSON schema is what the UI renders: an optional field is written plainly (Prefect takes null for what is not
required), for `anyOf` makes the UI ask for a type first; `position` keeps the order, which the server's JSON loses.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from dondoc.obligations.act_table import ACTS, ActName
from tasks.config.loading import words
from tasks.config.settings import settings


def act_labels() -> dict[str, ActName]:
    """The acts by what the form's list calls them, in the table's order."""
    said = words(settings().config)["acts"]
    return {said[name]["label"]: name for name in ACTS}


def asked(position: int, title: str, description: str, **more: Any) -> Any:
    """A field that must be filled in."""
    return Field(title=title, description=description, json_schema_extra={"position": position}, **more)


def chosen(position: int, title: str, description: str) -> Any:
    """A field that names one of the acts, as a list to choose from."""

    def listed(schema: dict[str, Any]) -> None:
        schema.update(enum=list(act_labels()), position=position)

    return Field(title=title, description=description, json_schema_extra=listed)


def optional(position: int, title: str, description: str, **more: Any) -> Any:
    """A field that may stay empty (null)."""

    def plain(schema: dict[str, Any]) -> None:
        given = schema.pop("anyOf")[0]
        schema.pop("default", None)
        schema.update(given, position=position)

    return Field(default=None, title=title, description=description, json_schema_extra=plain, **more)


class Form(BaseModel):
    """What every form shares: nothing unknown, no stray spaces, and its answers by label."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def answers(self) -> list[tuple[str, Any]]:
        """(label, value) of every field that was filled in, in the form's order."""
        fields = type(self).model_fields
        said = [(str(field.title), getattr(self, name)) for name, field in fields.items()]
        return [(title, value) for title, value in said if value not in (None, "")]


class RecordForm(Form):
    """Một việc đơn vị hoặc người theo dõi đã làm, do đơn vị vận hành ghi thay."""

    model_config = ConfigDict(title="Nội dung ghi nhận")

    occurrence: str = asked(
        0, "Kỳ thực hiện",
        "Mã kỳ như dondoc status in ra, ví dụ cchc-2026/chi-so-phuc-vu/ket-qua-danh-gia/2026-11. "
        "Gõ sai thì lượt chạy báo những mã gần nhất và không ghi gì.",
        min_length=1, max_length=300,
    )  # fmt: skip
    act: str = chosen(
        1, "Việc ghi nhận",
        "Việc của đơn vị: nộp kết quả, đề nghị gia hạn, nêu vướng mắc, đã nhận việc. Các việc còn lại là quyết định "
        "của người theo dõi hoặc lãnh đạo.",
    )  # fmt: skip
    recorded_by: str = asked(
        2, "Người ghi",
        "Họ tên và chức danh người đang điền biểu này; ghi vào sổ chứng cứ. Prefect không biết ai đang đăng nhập.",
        min_length=2, max_length=120,
    )  # fmt: skip
    on_behalf_of: str | None = optional(
        3, "Ghi thay cho",
        "Mã hoặc tên đơn vị (hcqt), hoặc mã vai trò (tracker, deputy, head). Để trống: đơn vị chủ trì nếu là việc "
        "của đơn vị, người theo dõi nếu là quyết định.",
        max_length=200,
    )  # fmt: skip
    document: str | None = optional(
        4, "Số, ký hiệu văn bản",
        "Ví dụ 12/BC-VP. Khi nộp: cần có văn bản hoặc ghi chú. Cho thôi thực hiện: bắt buộc, là quyết định cho thôi.",
        max_length=4000,
    )  # fmt: skip
    signed: date | None = optional(
        5, "Ngày ký",
        "Ngày ghi trên văn bản; trễ hay không xét theo ngày này, không có thì theo ngày nộp. Bắt buộc khi cho thôi.",
    )  # fmt: skip
    signer: str | None = optional(6, "Người ký", "Chức danh người ký văn bản, ví dụ Chánh Văn phòng.", max_length=4000)
    note: str | None = optional(7, "Ghi chú", "Điều người theo dõi cần biết thêm.", max_length=4000)
    reason: str | None = optional(
        8, "Lý do",
        "Bắt buộc khi trả lại, gia hạn (đề nghị, cho, từ chối), cho thôi, nêu vướng mắc; khi trả lời vướng mắc thì "
        "ghi câu trả lời ở đây.",
        max_length=4000,
    )  # fmt: skip
    until: date | None = optional(9, "Gia hạn đến ngày", "Hạn mới, bắt buộc khi đề nghị gia hạn và khi cho gia hạn.")

    @field_validator("act")
    @classmethod
    def _known(cls, label: str) -> str:
        if label not in act_labels():
            raise ValueError(f"{label!r} is no act; choose one of the list")
        return label

    @property
    def about(self) -> str:
        """What the form is about, beginning with the plan's id."""
        return self.occurrence

    @property
    def name(self) -> ActName:
        """The act as the domain calls it."""
        return act_labels()[self.act]


class EventForm(Form):
    """Một sự kiện bên ngoài mà kế hoạch chờ."""

    model_config = ConfigDict(title="Sự kiện")

    plan: str = asked(0, "Kế hoạch", "Mã kế hoạch, ví dụ cchc-2026.", min_length=1, max_length=100)
    event: str = asked(
        1, "Sự kiện",
        "Mã sự kiện ghi trong kế hoạch, ví dụ kh-chuyen-doi-so-tinh. Gõ sai thì lượt chạy báo những mã có trong kế hoạch.",
        min_length=1, max_length=100,
    )  # fmt: skip
    happened_on: date = asked(2, "Ngày xảy ra", "Ngày sự kiện xảy ra, thường là ngày ký văn bản; không sau hôm nay.")
    document: str = asked(
        3, "Số, ký hiệu văn bản", "Văn bản làm căn cứ, ví dụ 210/KH-UBND.", min_length=1, max_length=400
    )
    recorded_by: str = asked(
        4, "Người ghi",
        "Họ tên và chức danh người đang điền biểu này; ghi vào sổ chứng cứ. Prefect không biết ai đang đăng nhập.",
        min_length=2, max_length=120,
    )  # fmt: skip

    @property
    def about(self) -> str:
        """What the form is about: the plan's id."""
        return self.plan
