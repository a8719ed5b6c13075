"""Plan documents of our own in the layouts that offices use, each with what a careful reader finds in it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import docx
import matplotlib
import openpyxl
from docx.document import Document as Word
from docx.table import Table
from fpdf import FPDF

FONT = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"

CONTINUOUS = {"kind": "continuous", "cadence": None}


def window(first: str, last: str) -> dict[str, Any]:
    return {"kind": "window", "start": first, "end": last, "end_inclusive": True}


def deadline(day: str, *, inclusive: bool = True) -> dict[str, Any]:
    return {"kind": "deadline", "end": day, "end_inclusive": inclusive}


# (title, lead, coordinating, deliverable, phrase, time)
DUTIES: list[tuple[str, list[str], list[str], str, str, dict[str, Any]]] = [
    ("Xây dựng Kế hoạch cải cách hành chính năm 2026 của huyện và tổ chức quán triệt đến từng phòng, ban", ["Phòng Nội vụ"], ["Các phòng, ban, đơn vị"], "Kế hoạch của UBND huyện", "Quý I/2026", window("2026-01-01", "2026-03-31")),
    ("Rà soát, đơn giản hóa thủ tục hành chính thuộc thẩm quyền giải quyết", ["Văn phòng HĐND và UBND"], ["Phòng Tư pháp", "UBND các xã, thị trấn"], "Quyết định công bố", "Trước ngày 30/9/2026", deadline("2026-09-30", inclusive=False)),
    ("Kiểm tra việc chấp hành kỷ luật, kỷ cương hành chính tại các đơn vị", ["Phòng Nội vụ"], ["Thanh tra huyện"], "Báo cáo kết quả kiểm tra", "Quý II, Quý IV", {"kind": "recurring", "months": None, "quarters": [2, 4]}),
    ("Cập nhật, công khai tiến độ giải quyết hồ sơ trên Cổng dịch vụ công", ["Trung tâm Phục vụ hành chính công"], ["Phòng Văn hóa và Thông tin"], "Báo cáo tháng", "Trước ngày 15 hằng tháng", {"kind": "recurring", "cadence": "monthly", "due_day": 15, "end_inclusive": False}),
    ("Tuyên truyền cải cách hành chính trên hệ thống truyền thanh cơ sở", ["Phòng Văn hóa và Thông tin"], ["UBND các xã, thị trấn"], "Tin, bài", "Thường xuyên", CONTINUOUS),
    ("Tổ chức tập huấn nghiệp vụ một cửa cho công chức cấp xã", ["Phòng Nội vụ", "Văn phòng HĐND và UBND"], ["Phòng Tài chính - Kế hoạch"], "Lớp tập huấn", "Tháng 6/2026", window("2026-06-01", "2026-06-30")),
    ("Đánh giá mức độ hài lòng của người dân đối với sự phục vụ của cơ quan nhà nước", ["Phòng Nội vụ"], [], "Báo cáo đánh giá", "15/11/2026", deadline("2026-11-15")),
    ("Thực hiện số hóa hồ sơ, kết quả giải quyết thủ tục hành chính còn hiệu lực", ["Văn phòng HĐND và UBND"], ["Các phòng, ban, đơn vị"], "Hồ sơ được số hóa", "Theo Kế hoạch số 45/KH-UBND ngày 12/02/2026 của UBND tỉnh", {"kind": "by_reference"}),
    ("Báo cáo tình hình thực hiện kế hoạch với Ủy ban nhân dân tỉnh", ["Phòng Nội vụ"], ["Các phòng, ban, đơn vị"], "Báo cáo", "Hằng quý", {"kind": "recurring", "cadence": "quarterly", "due": None}),
    ("Ban hành quy chế phối hợp sau khi có hướng dẫn của cấp trên", ["Phòng Tư pháp"], [], "Quy chế", "Sau khi UBND tỉnh ban hành hướng dẫn", {"kind": "event", "offset": None}),
    ("Sắp xếp tổ chức bộ máy bên trong các phòng chuyên môn", ["Phòng Nội vụ"], ["Các phòng, ban, đơn vị"], "Đề án", "2026 - 2030", window("2026-01-01", "2030-12-31")),
    ("Giải quyết phản ánh, kiến nghị của tổ chức, cá nhân về quy định hành chính", ["Văn phòng HĐND và UBND"], ["Thanh tra huyện"], "Văn bản trả lời", "Khi có phát sinh", {"kind": "event", "offset": None}),
]  # fmt: skip
GROUPS = ((0, "Cải cách thể chế"), (4, "Tuyên truyền, bồi dưỡng"), (8, "Tổ chức thực hiện cải cách"))
HEAD = [
    "ỦY BAN NHÂN DÂN HUYỆN",
    "KẾ HOẠCH",
    "Cải cách hành chính giai đoạn 2026 - 2030",
    "I. MỤC ĐÍCH, YÊU CẦU",
    "1. Mục đích: hoàn thành các chỉ tiêu trước ngày 15/12 hằng năm.",
    "2. Yêu cầu: các đơn vị chủ động phối hợp thực hiện.",
]
TAIL = [
    "IV. TỔ CHỨC THỰC HIỆN",
    "1. Các phòng, ban căn cứ kế hoạch này triển khai thực hiện.",
    "Trong quá trình thực hiện nếu có vướng mắc, kịp thời phản ánh về Phòng Nội vụ./.",
    "Nơi nhận:\n- Như trên;\n- Lưu: VT.",
]


def truth(refs: Sequence[str], *, deliverables: bool = True, end: str = "") -> dict[str, Any]:
    """What a careful reader finds, by the references that a layout prints."""
    rows = [
        {
            "ref": ref,
            "title_start": title[:60],
            "lead": lead,
            "coordinating": together,
            "deliverable": product if deliverables else None,
            "time_verbatim": phrase + end,
            "time": time,
        }
        for ref, (title, lead, together, product, phrase, time) in zip(refs, DUTIES, strict=True)
    ]
    return {"year": 2026, "items": rows}


def grouped(anew: bool) -> list[str]:
    """The references of a table in groups whose numbers begin anew, or go on."""
    refs, numeral = [], ""
    for n in range(len(DUTIES)):
        for g, (begin, _) in enumerate(GROUPS):
            if n == begin:
                numeral, first = ("I", "II", "III")[g], n
        refs.append(f"{numeral}.{n - first + 1}" if anew else str(n + 1))
    return refs


def _cells(n: int) -> dict[str, str]:
    title, lead, together, product, phrase, _ = DUTIES[n]
    return {
        "title": title,
        "lead": "; ".join(lead),
        "together": "; ".join(together),
        "product": product,
        "time": phrase,
    }


def _word(lines: Sequence[str] = HEAD) -> Word:
    word = docx.Document()
    for line in lines:
        word.add_paragraph(line)
    return word


def _saved(word: Word) -> bytes:
    for line in TAIL:
        word.add_paragraph(line)
    kept = io.BytesIO()
    word.save(kept)
    return kept.getvalue()


def _fill(table: Table, rows: Sequence[Sequence[str]]) -> None:
    for cells, texts in zip((row.cells for row in table.rows), rows, strict=True):
        for cell, text in zip(cells, texts, strict=True):
            cell.text = text


def two_headings() -> tuple[str, bytes, dict[str, Any]]:
    """Word: product before units, a heading over two columns, a row of column numbers, groups in one merged cell."""
    word = _word()
    rows: list[list[str]] = []
    groups = dict(GROUPS)
    shown = []
    for n in range(len(DUTIES)):
        c = _cells(n)
        if n in groups:
            shown.append(len(rows))
            rows.append([f"{'ABC'[list(groups).index(n)]}. {groups[n]}", "", "", "", "", ""])
        rows.append([str(n + 1), c["title"], c["product"], c["lead"], c["together"], c["time"]])
    table = word.add_table(3 + len(rows), 6)
    _fill(
        table,
        [
            ["Số TT", "Nội dung công việc", "Sản phẩm đầu ra", "Phân công", "", "Tiến độ"],
            ["", "", "", "Chủ trì", "Phối hợp", ""],
            ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
            *rows,
        ],
    )
    for column in (0, 1, 2, 5):
        table.cell(0, column).merge(table.cell(1, column))
    table.cell(0, 3).merge(table.cell(0, 4))
    for at in shown:
        table.cell(at + 3, 0).merge(table.cell(at + 3, 5))
    return "hai-tang-tieu-de.docx", _saved(word), truth(grouped(anew=False))


def merged_times() -> tuple[str, bytes, dict[str, Any]]:
    """Word: numerals in a column of their own, numbers that begin anew, the table broken in two with its heading again."""
    word = _word()
    heading = ["TT", "Nhiệm vụ", "Thời gian hoàn thành", "Đơn vị thực hiện", "Cơ quan phối hợp", "Kết quả", "Ghi chú"]
    rows: list[list[str]] = []
    groups = dict(GROUPS)
    refs = grouped(anew=True)
    for n in range(len(DUTIES)):
        c = _cells(n)
        if n in groups:
            rows.append([("I", "II", "III")[list(groups).index(n)], groups[n], "", "", "", "", ""])
        rows.append([refs[n].split(".")[1], c["title"], c["time"], c["lead"], c["together"], c["product"], ""])
    for part in (rows[:6], rows[6:]):
        table = word.add_table(1 + len(part), 7)
        _fill(table, [heading, *part])
        word.add_paragraph("")
    return "bang-ngat-doi.docx", _saved(word), truth(refs)


def one_column_of_units() -> tuple[str, bytes, dict[str, Any]]:
    """Word: no numbers, and one cell for who leads and who helps."""
    word = _word()
    table = word.add_table(1 + len(DUTIES), 4)
    rows = []
    for n in range(len(DUTIES)):
        c = _cells(n)
        together = f"\nPhối hợp: {c['together']}" if c["together"] else ""
        rows.append([c["title"], f"Chủ trì: {c['lead']}{together}", c["time"], c["product"]])
    _fill(table, [["Nội dung thực hiện", "Phân công thực hiện", "Thời hạn", "Sản phẩm"], *rows])
    return "mot-cot-phan-cong.docx", _saved(word), truth([""] * len(DUTIES))


def nested_numbers() -> tuple[str, bytes, dict[str, Any]]:
    """A workbook: titles above, groups 1, 2, 3 with 1.1 below them, days as days, a hidden sheet of an older draft."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "Phụ lục 1"
    page.append(["PHỤ LỤC: DANH MỤC NHIỆM VỤ GIAI ĐOẠN 2026 - 2030"])
    page.merge_cells("A1:F1")
    page.append([])
    page.append(
        ["STT", "Tên nhiệm vụ", "Cơ quan chủ trì", "Cơ quan phối hợp", "Kết quả/Sản phẩm", "Thời hạn hoàn thành"]
    )
    groups, refs = dict(GROUPS), []
    group = number = 0
    for n in range(len(DUTIES)):
        c = _cells(n)
        if n in groups:
            group, number = group + 1, 0
            page.append([group, groups[n]])
        number += 1
        refs.append(f"{group}.{number}")
        page.append([f"{group}.{number}", c["title"], c["lead"], c["together"], c["product"], c["time"]])
        if c["time"] == "15/11/2026":
            cell = page.cell(page.max_row, 6)
            cell.value, cell.number_format = date(2026, 11, 15), "dd/mm/yyyy"
    older = book.create_sheet("Bản cũ")
    older.append(["STT", "Tên nhiệm vụ", "Cơ quan chủ trì", "Thời hạn"])
    older.append([1, "Nhiệm vụ đã bỏ", "Phòng Nội vụ", "Quý I"])
    older.sheet_state = "hidden"
    kept = io.BytesIO()
    book.save(kept)
    return "so-long-nhau.xlsx", kept.getvalue(), truth(refs)


def lettered_fields() -> tuple[str, bytes, dict[str, Any]]:
    """Text: a), b), c) as names of fields, the head and tail of a web page around it."""
    lines = ["Trang chủ › Văn bản › Kế hoạch", "Cỡ chữ A- A A+ | In trang | Chia sẻ", *HEAD, "II. NHIỆM VỤ, GIẢI PHÁP"]
    for n in range(len(DUTIES)):
        c = _cells(n)
        lines += [f"{n + 1}. {c['title']}", f"a) Cơ quan chủ trì: {c['lead']}"]
        lines += [f"b) Cơ quan phối hợp: {c['together']}"] if c["together"] else []
        lines += [f"c) Sản phẩm: {c['product']}", f"d) Thời hạn hoàn thành: {c['time']}"]
    lines += [*TAIL, "Tin liên quan", "Bản quyền thuộc Cổng thông tin điện tử. Số lượt truy cập: 12345"]
    return "truong-a-b-c.txt", "\n\n".join(lines).encode(), truth([f"II.{n + 1}" for n in range(len(DUTIES))])


def narrow_lines() -> tuple[str, bytes, dict[str, Any]]:
    """Text broken at a margin, page numbers between, labels with "+" below sections without letters."""
    import textwrap

    lines: list[str] = []
    for line in HEAD:
        lines += textwrap.wrap(line, 72)
    lines.append("II. NHIỆM VỤ CHỦ YẾU")
    refs, groups = [], dict(GROUPS)
    section = letter = 0
    for n in range(len(DUTIES)):
        c = _cells(n)
        if n in groups:
            section, letter = section + 1, 0
            lines.append(f"{section}. {groups[n]}")
        refs.append(f"II.{section}.{'abcd'[letter]}")
        lines += textwrap.wrap(f"{'abcd'[letter]}) {c['title']}.", 72)
        letter += 1
        lines += textwrap.wrap(f"- Đơn vị chủ trì tham mưu thực hiện: {c['lead']}.", 72)
        if c["together"]:
            lines += textwrap.wrap(f"- Đơn vị phối hợp: {c['together']};", 72)
        lines += textwrap.wrap(f"- Sản phẩm: {c['product']}.", 72)
        lines += textwrap.wrap(f"- Thời gian thực hiện: {c['time']}", 72)
    return "dong-hep.txt", "\n".join([*lines, *TAIL]).encode(), truth(refs)


def in_one_line() -> tuple[str, bytes, dict[str, Any]]:
    """Word: all fields of a duty one after another in one paragraph."""
    word = _word([*HEAD, "II. NHIỆM VỤ"])
    for n in range(len(DUTIES)):
        c = _cells(n)
        word.add_paragraph(f"{n + 1}. {c['title']}.")
        together = f" Phối hợp: {c['together']}." if c["together"] else ""
        word.add_paragraph(f"Đơn vị chủ trì: {c['lead']}.{together} Thời gian hoàn thành: {c['time']}.")
    return (
        "mot-dong.docx",
        _saved(word),
        truth([f"II.{n + 1}" for n in range(len(DUTIES))], deliverables=False, end="."),
    )


def values_below() -> tuple[str, bytes, dict[str, Any]]:
    """Word: each label stands alone, its value in the paragraph below it."""
    word = _word([*HEAD, "II. NHIỆM VỤ"])
    for n in range(len(DUTIES)):
        c = _cells(n)
        word.add_paragraph(f"{n + 1}. {c['title']}")
        for label, value in (
            ("- Cơ quan chủ trì:", c["lead"]),
            ("- Cơ quan phối hợp:", c["together"]),
            ("- Thời gian:", c["time"]),
        ):
            if value:
                word.add_paragraph(label)
                word.add_paragraph(value)
    return (
        "gia-tri-duoi-nhan.docx",
        _saved(word),
        truth([f"II.{n + 1}" for n in range(len(DUTIES))], deliverables=False),
    )


def markdown() -> tuple[str, bytes, dict[str, Any]]:
    """Markdown: a table with bars, bold group rows."""
    lines = [*HEAD, "", "| TT | Nội dung | Kết quả | Thời gian | Chủ trì | Phối hợp |", "|---|---|---|---|---|---|"]
    groups, refs = dict(GROUPS), grouped(anew=True)
    for n in range(len(DUTIES)):
        c = _cells(n)
        if n in groups:
            lines.append(f"| **{('I', 'II', 'III')[list(groups).index(n)]}** | **{groups[n]}** | | | | |")
        lines.append(
            f"| {refs[n].split('.')[1]} | {c['title']} | {c['product']} | {c['time']} | {c['lead']} | {c['together']} |"
        )
    return "bang-gach.md", "\n".join([*lines, "", *TAIL]).encode(), truth(refs)


def _pdf() -> FPDF:
    pdf = FPDF(orientation="L")
    pdf.add_font("vi", fname=str(FONT))
    pdf.add_font("vi", style="B", fname=str(FONT))
    pdf.set_font("vi", size=10)
    pdf.add_page()
    for line in HEAD:
        pdf.multi_cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return pdf


WIDTHS = (12, 88, 52, 52, 30, 40)


def ruled_pdf() -> tuple[str, bytes, dict[str, Any]]:
    """PDF: a ruled table over several pages, its heading again on each."""
    pdf = _pdf()
    with pdf.table(col_widths=WIDTHS, line_height=6, repeat_headings=1) as table:
        row = table.row()
        for heading in ("STT", "Nhiệm vụ", "Chủ trì", "Phối hợp", "Kết quả", "Thời gian"):
            row.cell(heading)
        groups = dict(GROUPS)
        for n in range(len(DUTIES)):
            c = _cells(n)
            if n in groups:
                row = table.row()
                row.cell(("I", "II", "III")[list(groups).index(n)])
                row.cell(groups[n], colspan=5)
            row = table.row()
            for text in (str(n + 1), c["title"], c["lead"], c["together"], c["product"], c["time"]):
                row.cell(text)
    pdf.ln(4)
    for line in TAIL:
        pdf.multi_cell(0, 6, line, new_x="LMARGIN", new_y="NEXT")
    return "bang-ke.pdf", bytes(pdf.output()), truth(grouped(anew=False))


def open_pdf() -> tuple[str, bytes, dict[str, Any]]:
    """PDF: a table that no rule draws."""
    pdf = _pdf()
    pdf.add_page()
    with pdf.table(col_widths=WIDTHS, line_height=6, repeat_headings=1, borders_layout="NONE") as table:
        row = table.row()
        for heading in ("TT", "Nội dung công việc", "Cơ quan chủ trì", "Cơ quan phối hợp", "Sản phẩm", "Thời hạn"):
            row.cell(heading, align="L")
        for n in range(len(DUTIES)):
            c = _cells(n)
            row = table.row()
            for text in (str(n + 1), c["title"], c["lead"], c["together"], c["product"], c["time"]):
                row.cell(text, align="L")
    return "bang-khong-ke.pdf", bytes(pdf.output()), truth(grouped(anew=False))


def prose_pdf() -> tuple[str, bytes, dict[str, Any]]:
    """PDF: running text with labels, a head on every page and page numbers."""

    class Paged(FPDF):
        def header(self) -> None:
            self.set_font("vi", size=8)
            self.cell(0, 5, "Kế hoạch cải cách hành chính - UBND huyện", new_x="LMARGIN", new_y="NEXT")

        def footer(self) -> None:
            self.set_y(-12)
            self.cell(0, 5, str(self.page_no()), align="C")

    pdf = Paged()
    pdf.add_font("vi", fname=str(FONT))
    pdf.set_font("vi", size=12)
    pdf.add_page()
    pdf.set_font("vi", size=12)

    def line(text: str) -> None:
        pdf.multi_cell(0, 7, text, new_x="LMARGIN", new_y="NEXT", align="L")

    for text in (*HEAD, "II. NHIỆM VỤ"):
        line(text)
    for n in range(len(DUTIES)):
        c = _cells(n)
        line(f"{n + 1}. {c['title']}.")
        line(f"- Đơn vị chủ trì: {c['lead']}.")
        if c["together"]:
            line(f"- Đơn vị phối hợp: {c['together']}.")
        line(f"- Thời gian thực hiện: {c['time']}.")
    for text in TAIL:
        line(text)
    return (
        "loi-van.pdf",
        bytes(pdf.output()),
        truth([f"II.{n + 1}" for n in range(len(DUTIES))], deliverables=False, end="."),
    )


def scan(
    *, stamp: str = "Ký bởi: ỦY BAN NHÂN DÂN HUYỆN\nNgày ký: 20/11/2025 08:30:12 +07:00\nCơ quan: TỈNH QUẢNG NGÃI"
) -> bytes:
    """PDF: three pages of pictures, on the first the words of an electronic signature."""
    from PIL import Image

    pdf = FPDF()
    pdf.add_font("vi", fname=str(FONT))
    pdf.set_font("vi", size=8)
    for page in range(3):
        pdf.add_page()
        pdf.image(Image.new("L", (420, 594), 200), 0, 0, 210, 297)
        if page == 0:
            pdf.multi_cell(60, 4, stamp)
    return bytes(pdf.output())


LAYOUTS: tuple[Callable[[], tuple[str, bytes, dict[str, Any]]], ...] = (
    two_headings, merged_times, one_column_of_units, nested_numbers, lettered_fields, narrow_lines, in_one_line,
    values_below, markdown, ruled_pdf, open_pdf, prose_pdf,
)  # fmt: skip
