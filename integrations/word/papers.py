"""A drafted paper -> a .docx in the layout of GB/T 9704-2012, which the office edits, numbers and signs.

A4 with margins of 37, 35, 28 and 26 mm; title 2号 方正小标宋, text 3号 仿宋 at 28 points a line. Fonts that are missing fall back
to what the reader's program has; none is shipped.
"""

import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from campaigns.papers import BLANK_DATE, BLANK_NUMBER, Draft

_BODY, _TITLE, _HEAD = "仿宋", "方正小标宋简体", "黑体"
_LINE = Pt(28)


def write_papers(drafts: Sequence[Draft]) -> bytes:
    """Return one .docx with every draft on a page of its own; the same drafts give the same bytes."""
    document = Document()
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    _font(document.styles["Normal"], _BODY, 16)
    for number, one in enumerate(drafts):
        if number:
            document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
        _write(document, one)
    return _with_fixed_dates(document)


def _write(document: Any, one: Draft) -> None:
    if one.numbered:
        _paragraph(document, BLANK_NUMBER, align=WD_ALIGN_PARAGRAPH.CENTER)
    _paragraph(document, one.title, font=_TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, space=16)
    _paragraph(document, f"{one.to}：")
    for text in one.paragraphs:
        _paragraph(document, text, indent=True)
    if one.rows:
        _table(document, one.columns, one.rows)
    for text in one.after:
        _paragraph(document, text, indent=True, space=28 if text.endswith("：") else 0)
    _paragraph(document, one.signed_by, align=WD_ALIGN_PARAGRAPH.RIGHT, before=28)
    _paragraph(document, BLANK_DATE, align=WD_ALIGN_PARAGRAPH.RIGHT)


def _paragraph(
    document: Any,
    text: str,
    *,
    font: str = _BODY,
    size: float = 16,
    align: Any = None,
    indent: bool = False,
    before: float = 0,
    space: float = 0,
) -> None:
    paragraph = document.add_paragraph()
    shape = paragraph.paragraph_format
    shape.space_before, shape.space_after, shape.line_spacing = Pt(before), Pt(space), Pt(34) if size > 16 else _LINE
    if indent:
        shape.first_line_indent = Pt(2 * size)
    if align is not None:
        paragraph.alignment = align
    _font(paragraph.add_run(text), font, size)


def _table(document: Any, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(columns)
    table = document.add_table(rows=1 + len(rows), cols=len(columns))
    table.style, table.autofit = "Table Grid", False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    for index, line in enumerate((columns, *rows)):
        for cell, text, width in zip(table.rows[index].cells, line, widths, strict=True):
            cell.width = Mm(width)
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.line_spacing = Pt(18)
            _font(paragraph.add_run(text), _HEAD if index == 0 else _BODY, 12)
    head = table.rows[0]._tr.get_or_add_trPr()
    head.append(head.makeelement(qn("w:tblHeader"), {}))


def _widths(columns: Sequence[str]) -> list[float]:
    shares = {"序号": 14, "任务": 14, "角色": 16, "现状": 32, "截止时间": 40, "单位": 34}
    known = [shares.get(one, 0) for one in columns]
    rest = (156 - sum(known)) / max(1, known.count(0))
    return [one or rest for one in known]


def _font(holder: Any, name: str, size: float) -> None:
    holder.font.size, holder.font.name = Pt(size), "Times New Roman"
    fonts = holder.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in [one for one in fonts.attrib if one.endswith("Theme")]:
        del fonts.attrib[attribute]
    fonts.set(qn("w:eastAsia"), name)


def _with_fixed_dates(document: Any) -> bytes:
    """Return the document's bytes with no moment of writing in them."""
    drawn, fixed = BytesIO(), BytesIO()
    document.save(drawn)
    with zipfile.ZipFile(drawn) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for one in source.infolist():
            target.writestr(zipfile.ZipInfo(one.filename), source.read(one), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
