"""The layout of official documents, GB/T 9704-2012: paper, fonts, styles, page numbers; and bytes that are the same each time.

A4 with margins of 37, 35, 28 and 26 mm, 22 lines of 28 characters: text 3号 仿宋 at 28 points a line, title 2号 方正小标宋, heads
黑体 and 楷体. Fonts are named only; where one is missing the reader's program takes what it has.
"""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

BODY, TITLE, HEAD, SECOND, PLAIN = "仿宋", "方正小标宋简体", "黑体", "楷体", "宋体"
LATIN = "Times New Roman"
LINE = Pt(28)
# the styles an office finds in WPS under these names
TEXT, NAME, CHAPTER, PART = "公文正文", "公文标题", "公文一级标题", "公文二级标题"
MARK, CELL, CELL_HEAD, PICTURE = "附件标识", "表内文字", "表头文字", "插图"
_GB = {"top": 37, "bottom": 35, "left": 28, "right": 26}


def paper(document: Any) -> None:
    """Lay a new document out on A4 with the standard's margins, 22 lines a page and 28 signs a line; text is 3号 仿宋."""
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
    _margins(section, **_GB)
    normal = document.styles["Normal"]
    font(normal, BODY, 16)
    closer = OxmlElement("w:spacing")  # 28 signs of 16 pt are 2 mm wider than a line; a grid would do it in Word alone
    closer.set(qn("w:val"), "-5")  # twentieths of a point
    normal.element.get_or_add_rPr().insert_element_before(
        closer, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:highlight", "w:u", "w:lang"
    )
    in_chinese(document)


def styled() -> Any:
    """Return an empty document on that paper, with the styles and page numbers of an official document."""
    document = Document()
    paper(document)
    document.core_properties.title = document.core_properties.author = document.core_properties.comments = ""
    _style(document, TEXT, BODY, 16, indent=2)
    _style(document, NAME, TITLE, 22, line=Pt(35), align=WD_ALIGN_PARAGRAPH.CENTER)
    _style(document, CHAPTER, HEAD, 16, indent=2, level=0)
    _style(document, PART, SECOND, 16, indent=2, level=1)
    _style(document, MARK, HEAD, 16)
    _style(document, CELL, BODY, 10.5, line=Pt(15))
    _style(document, CELL_HEAD, HEAD, 10.5, line=Pt(15), align=WD_ALIGN_PARAGRAPH.CENTER)
    _style(document, PICTURE, BODY, 16, line=None, align=WD_ALIGN_PARAGRAPH.CENTER)
    numbered_pages(document)
    return document


def write(document: Any, text: str, style: str, align: Any = None) -> Any:
    """Return a new paragraph in one of the styles."""
    paragraph = document.add_paragraph(text, style=document.styles[style])
    if align is not None:
        paragraph.alignment = align
    return paragraph


def new_section(document: Any, *, landscape: bool = False) -> None:
    """Begin a new page; a wide one has the margins of the page turned."""
    section = document.add_section(WD_SECTION.NEW_PAGE)
    shape = document.paragraphs[-1].paragraph_format  # it holds the break alone, and must not push it onto a page of its own
    shape.space_before = shape.space_after = Pt(0)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(1)
    if landscape:
        section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
        _margins(section, top=28, bottom=26, left=35, right=37)
    else:
        section.orientation, section.page_width, section.page_height = WD_ORIENT.PORTRAIT, Mm(210), Mm(297)
        _margins(section, **_GB)


def right_by(paragraph: Any, signs: int) -> None:
    """Set a line to the right, so many signs of 3号 away from the edge."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.first_line_indent = Pt(0)
    _indent(paragraph._p.get_or_add_pPr()).set(qn("w:firstLineChars"), "0")
    paragraph.paragraph_format.right_indent = Pt(16 * signs)


def numbered_pages(document: Any) -> None:
    """Put `— 1 —` below each page, 4号 半角宋体: on the right of odd pages, on the left of even ones."""
    settings = document.settings.element
    if settings.find(qn("w:evenAndOddHeaders")) is None:
        settings.insert(0, OxmlElement("w:evenAndOddHeaders"))
    section = document.sections[0]
    section.footer_distance = Mm(28 - 7)
    for footer, align in ((section.footer, WD_ALIGN_PARAGRAPH.RIGHT), (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT)):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.alignment = align
        side = "right_indent" if align is WD_ALIGN_PARAGRAPH.RIGHT else "left_indent"
        setattr(paragraph.paragraph_format, side, Pt(14))
        for text, field in (("— ", ""), ("", "PAGE"), (" —", "")):
            run = paragraph.add_run(text)
            font(run, PLAIN, 14, latin=PLAIN)
            if field:
                for kind in ("begin", None, "end"):
                    element = OxmlElement("w:fldChar" if kind else "w:instrText")
                    if kind:
                        element.set(qn("w:fldCharType"), kind)
                    else:
                        element.text = field
                    run._r.append(element)


def table(document: Any, rows: int, widths: Sequence[float]) -> Any:
    """Return a table with lines, its columns that many millimetres wide, its first row repeated on each page."""
    made = document.add_table(rows=rows, cols=len(widths))
    made.style, made.autofit = "Table Grid", False
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)
    repeat_head(made)
    return made


def fit_columns(made: Any, width: float) -> None:
    """Give each column of a table room by what stands in it, so that they share that many millimetres.

    None is so narrow that a number, or a unit in its brackets, is broken, as long as there is room for that.
    """
    texts = [[cell.text for cell in row.cells] for row in made.rows]
    columns = [[row[at] for row in texts] for at in range(min(map(len, texts)))]
    least = [max(_wide(piece) for text in column for piece in _UNBROKEN.findall(text) or [text]) * _SIGN for column in columns]
    # a head may stand on two lines, and what stands below it on as few as there is room for
    shares = [float(min(max(_wide(head) / 2, *map(_wide, below), 4.5), 12)) for head, *below in columns]
    if sum(least) < width:
        shares = [max(share - one / _SIGN, 0.0) for share, one in zip(shares, least, strict=True)]
    else:
        least = [0.0] * len(columns)
    left, whole = width - sum(least), sum(shares) or 1.0
    widths = [Mm(one + left * share / whole) for one, share in zip(least, shares, strict=True)]
    for column, one in zip(made.columns, widths, strict=False):
        column.width = one
    for row in made.rows:
        for cell, one in zip(row.cells, widths, strict=False):
            cell.width = one


_SIGN = 3.7  # millimetres of a sign in a table, which is 10.5 pt
_UNBROKEN = re.compile("[!-~]+|（[^）]{1,4}）|.")


def _wide(text: str) -> float:
    """Return how many Chinese signs wide a text is, with the margins of its cell."""
    return sum(1.0 if ord(sign) > 255 else 0.55 for sign in text) + 1.1


def repeat_head(made: Any) -> None:
    """Repeat the first row of a table on each page, and break no row between pages."""
    head = made.rows[0]._tr.get_or_add_trPr()
    head.append(head.makeelement(qn("w:tblHeader"), {}))
    for row in made.rows:
        properties = row._tr.get_or_add_trPr()
        properties.insert(0, properties.makeelement(qn("w:cantSplit"), {}))


def font(holder: Any, name: str, size: float, latin: str = LATIN) -> None:
    """Give a run or a style a font: the Chinese one by name, whatever the document's theme says."""
    holder.font.size, holder.font.name = Pt(size), latin
    fonts = holder.element.get_or_add_rPr().get_or_add_rFonts()
    for attribute in [one for one in fonts.attrib if one.endswith("Theme")]:
        del fonts.attrib[attribute]
    fonts.set(qn("w:eastAsia"), name)


def in_chinese(document: Any) -> None:
    """Say that the text is Chinese of the mainland, so that fonts draw its punctuation as it is drawn there."""
    properties = document.styles["Normal"].element.get_or_add_rPr()
    for old in properties.findall(qn("w:lang")):
        properties.remove(old)
    lang = OxmlElement("w:lang")
    lang.set(qn("w:val"), "en-US")
    lang.set(qn("w:eastAsia"), "zh-CN")
    properties.append(lang)


def saved(document: Any) -> bytes:
    """Return the document's bytes with no moment of writing in them."""
    drawn, fixed = BytesIO(), BytesIO()
    document.save(drawn)
    with zipfile.ZipFile(drawn) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for one in source.infolist():
            target.writestr(zipfile.ZipInfo(one.filename), source.read(one), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _margins(section: Any, top: int, bottom: int, left: int, right: int) -> None:
    section.top_margin, section.bottom_margin = Mm(top), Mm(bottom)
    section.left_margin, section.right_margin = Mm(left), Mm(right)


def _style(
    document: Any, name: str, chinese: str, size: float, *, indent: int = 0, line: Any = LINE, align: Any = None, level: int = -1
) -> None:
    """Add a style of paragraph; one with a level stands in the navigation of WPS."""
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    style.base_style, style.quick_style = document.styles["Normal"], True
    font(style, chinese, size)
    style.font.bold = False
    shape = style.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    if line is not None:  # a picture needs a line as high as it is
        shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, line
    properties = style.element.get_or_add_pPr()
    if indent:
        shape.first_line_indent = Pt(indent * size)
        _indent(properties).set(qn("w:firstLineChars"), str(indent * 100))
    if align is not None:
        shape.alignment = align
    if level >= 0:
        outline = OxmlElement("w:outlineLvl")
        outline.set(qn("w:val"), str(level))
        properties.append(outline)


def _indent(properties: Any) -> Any:
    return properties.get_or_add_ind()
