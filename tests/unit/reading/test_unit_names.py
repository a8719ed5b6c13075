"""A printed list of units is cut only where a name of its own begins."""

from __future__ import annotations

import pytest

from dondoc.reading.unit_names import unit_names


@pytest.mark.parametrize(
    ("printed", "names"),
    [
        ("Các Sở, ngành, đơn vị, UBND cấp xã.", ["Các Sở, ngành, đơn vị, UBND cấp xã"]),
        ("Báo và Phát thanh, Truyền hình tỉnh; Sở Tư pháp", ["Báo và Phát thanh, Truyền hình tỉnh", "Sở Tư pháp"]),
        ("Sở Khoa học và Công nghệ, các sở, ngành, UBND xã, phường, đặc khu", ["Sở Khoa học và Công nghệ", "các sở, ngành, UBND xã, phường, đặc khu"]),
        ("Sở Văn hóa, Thể thao và Du lịch, Sở Y tế", ["Sở Văn hóa, Thể thao và Du lịch", "Sở Y tế"]),
        ("Các Sở: Nội vụ, Tài chính, Tư pháp", ["Sở Nội vụ", "Sở Tài chính", "Sở Tư pháp"]),
        ("Sở Tài chính và Sở Nội vụ", ["Sở Tài chính", "Sở Nội vụ"]),
        ("Văn phòng Đoàn ĐBQH và HĐND tỉnh, Sở Tư pháp", ["Văn phòng Đoàn ĐBQH và HĐND tỉnh", "Sở Tư pháp"]),
        ("Trung tâm Phục vụ - Kiểm soát thủ tục hành chính, Phòng Hành chính - Quản trị.", ["Trung tâm Phục vụ - Kiểm soát thủ tục hành chính", "Phòng Hành chính - Quản trị"]),
        ("Viện, Trường; Doanh nghiệp", ["Viện, Trường", "Doanh nghiệp"]),
        ("- Sở Xây dựng\n- UBND các xã, phường", ["Sở Xây dựng", "UBND các xã, phường"]),
        ("", []),
    ],
)  # fmt: skip
def test_the_names_are_told_apart(printed: str, names: list[str]) -> None:
    assert unit_names(printed) == names
