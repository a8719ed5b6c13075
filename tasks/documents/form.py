"""The form of every document (Nghị định 30/2020/NĐ-CP, Phụ lục I): page, type, styles, page numbers."""

from __future__ import annotations

from typing import Any

from docx import Document as new_document
from docx.document import Document as Docx
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section
from docx.shared import Cm, Length, Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.text.paragraph import Paragraph

from dondoc.documents.form_settings import DocumentSettings

FONT = "Times New Roman"
LANGUAGE = "vi-VN"
_UNUSED = ("/thumbnail", "/stylesWithEffects", "/customXml")
A4 = (Mm(210), Mm(297))


def blank(settings: DocumentSettings) -> Docx:
    """An empty document in the Decree's form: one upright A4 section, styles, a number on top of every page but the first."""
    docx = new_document()
    _slim(docx)
    _defaults(docx, settings)
    section = docx.sections[0]
    _margins(section, settings)
    section.page_width, section.page_height = A4
    section.different_first_page_header_footer = True
    _page_number(section.header.paragraphs[0], settings)
    return docx


def appendix(docx: Docx, settings: DocumentSettings) -> Section:
    """A new section lying on its side, whose pages count from 1 again: each appendix is numbered on its own."""
    section: Section = docx.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = A4[1], A4[0]
    _margins(section, settings)
    section.different_first_page_header_footer = True
    numbering = OxmlElement("w:pgNumType")
    numbering.set(qn("w:start"), "1")
    section._sectPr.append(numbering)
    return section


def text_width(section: Section) -> int:
    """The width between the margins, in EMU."""
    return _length(section.page_width) - _length(section.left_margin) - _length(section.right_margin)


def _length(length: Length | None) -> int:
    return int(length or 0)


def _margins(section: Section, settings: DocumentSettings) -> None:
    page = settings.page
    section.top_margin, section.bottom_margin = Mm(page.top), Mm(page.bottom)
    section.left_margin, section.right_margin = Mm(page.left), Mm(page.right)
    section.header_distance, section.footer_distance = Mm(10), Mm(10)


def _defaults(docx: Docx, settings: DocumentSettings) -> None:
    sizes = settings.type
    normal = docx.styles["Normal"]
    for properties in (
        docx.styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}"),
        normal.element.get_or_add_rPr(),
    ):
        _set_font(properties)
    assert isinstance(normal, ParagraphStyle)
    normal.font.size = Pt(sizes.body)
    normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.space_before = Pt(0)
    normal.paragraph_format.line_spacing = 1.0
    first = Cm(sizes.first_line_cm)
    _style(docx, "text", settings, first)
    _style(docx, "item", settings, first)
    _style(docx, "basis", settings, first).font.italic = True
    for name in ("part", "clause"):
        heading = _style(docx, name, settings, first)
        heading.font.bold = True
        heading.paragraph_format.keep_with_next = True
    centred = _style(docx, "centred", settings, Cm(0))
    centred.font.bold = True
    centred.paragraph_format.alignment = ALIGN.CENTER
    centred.paragraph_format.keep_with_next = True
    note = _style(docx, "note", settings, first)
    note.font.italic = True
    note.paragraph_format.alignment = ALIGN.LEFT  # a hash is one long word
    note.font.size = Pt(sizes.table)


def style_name(style: str) -> str:
    """The name under which Word lists a style of ours."""
    return f"VB {style}"


def _style(docx: Docx, name: str, settings: DocumentSettings, first_line: Length) -> ParagraphStyle:
    made = docx.styles.add_style(style_name(name), WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(made, ParagraphStyle)
    made.base_style = docx.styles["Normal"]
    made.quick_style = True
    form = made.paragraph_format
    form.alignment = ALIGN.JUSTIFY
    form.first_line_indent = first_line
    form.space_before = Pt(settings.type.before_pt)
    form.line_spacing = settings.type.line_spacing
    form.widow_control = True
    return made


def _set_font(properties: Any) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    fonts.attrib.clear()  # a theme's font named there would win over ours
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), FONT)
    language = properties.find(qn("w:lang"))
    if language is None:
        language = OxmlElement("w:lang")
        properties.append(language)
    for script in ("val", "eastAsia"):
        language.set(qn(f"w:{script}"), LANGUAGE)


def _page_number(paragraph: Paragraph, settings: DocumentSettings) -> None:
    paragraph.alignment = ALIGN.CENTER
    run = paragraph.add_run()
    run.font.size = Pt(settings.type.motto)
    for kind, text in (("begin", ""), ("", "PAGE"), ("separate", ""), ("shown", "2"), ("end", "")):
        if kind == "shown":
            run.add_text(text)
            continue
        part = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            part.set(qn("w:fldCharType"), kind)
        else:
            part.text = text
        run._r.append(part)


def _slim(docx: Docx) -> None:
    """Without what python-docx's own template carries along and no document of ours uses: four fifths of a file."""
    for relations in (docx.part.package.rels, docx.part.rels):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(_UNUSED)]:
            relations.pop(key)
    styles = docx.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:type")) == "table" and style.get(qn("w:styleId")) not in ("TableNormal", "TableGrid"):
            styles.remove(style)
