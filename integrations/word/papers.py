"""A drafted paper -> a .docx in the layout of GB/T 9704-2012, which the office edits, numbers and signs.

The layout is that of `official.py`.
"""

from collections.abc import Sequence
from typing import Any

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.shared import Pt

from campaigns.papers import BLANK_DATE, BLANK_NUMBER, Draft
from campaigns.plain import legible
from integrations.word.official import BODY, HEAD, LINE, TITLE, font, paper, right_by, saved, table


def write_papers(drafts: Sequence[Draft]) -> bytes:
    """Return one .docx with every draft on a page of its own; the same drafts give the same bytes."""
    document = Document()
    paper(document)
    for number, one in enumerate(drafts):
        if number:
            document.paragraphs[-1].add_run().add_break(WD_BREAK.PAGE)
        _write(document, one)
    return saved(document)


def _write(document: Any, one: Draft) -> None:
    if one.numbered:
        _paragraph(document, BLANK_NUMBER, align=WD_ALIGN_PARAGRAPH.CENTER)
    _paragraph(document, one.title, face=TITLE, size=22, align=WD_ALIGN_PARAGRAPH.CENTER, space=16)
    _paragraph(document, f"{one.to}：")
    for text in one.paragraphs:
        _paragraph(document, text, indent=True)
    if one.rows:
        _table(document, one.columns, one.rows)
    for text in one.after:
        _paragraph(document, text, indent=True, space=28 if text.endswith("：") else 0)
    right_by(_paragraph(document, one.signed_by, before=28), 2)
    right_by(_paragraph(document, BLANK_DATE), 4)


def _paragraph(
    document: Any,
    text: str,
    *,
    face: str = BODY,
    size: float = 16,
    align: Any = None,
    indent: bool = False,
    before: float = 0,
    space: float = 0,
) -> Any:
    paragraph = document.add_paragraph()
    shape = paragraph.paragraph_format
    shape.space_before, shape.space_after, shape.line_spacing = Pt(before), Pt(space), Pt(34) if size > 16 else LINE
    if indent:
        shape.first_line_indent = Pt(2 * size)
    if align is not None:
        paragraph.alignment = align
    font(paragraph.add_run(legible(text)), face, size)
    return paragraph


def _table(document: Any, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    made = table(document, 1 + len(rows), _widths(columns))
    for index, line in enumerate((columns, *rows)):
        for cell, text in zip(made.rows[index].cells, line, strict=True):
            paragraph = cell.paragraphs[0]
            paragraph.paragraph_format.line_spacing = Pt(18)
            font(paragraph.add_run(legible(text)), HEAD if index == 0 else BODY, 12)


def _widths(columns: Sequence[str]) -> list[float]:
    shares = {"序号": 14, "任务": 14, "角色": 16, "现状": 32, "截止时间": 40, "单位": 34}
    known = [shares.get(one, 0) for one in columns]
    rest = (156 - sum(known)) / max(1, known.count(0))
    return [one or rest for one in known]
