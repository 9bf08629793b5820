"""The templates of what the office writes of a round: made here in the standard's layout, then the office's own to edit in WPS.

What is to be filled in stands in double braces under Chinese names; `{%p for … %}` repeats paragraphs, `{%tr … %}` rows,
`{%tc … %}` columns of a table.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt

from campaigns.papers import BLANK_DATE, BLANK_NUMBER
from integrations.word.official import (
    CELL,
    CELL_HEAD,
    CHAPTER,
    MARK,
    NAME,
    PART,
    PICTURE,
    TEXT,
    new_section,
    right_by,
    saved,
    styled,
    table,
    write,
)

ACCOUNT, BULLETIN, PAGE = "情况报告", "情况通报", "领导一页纸"
_CENTRE = WD_ALIGN_PARAGRAPH.CENTER


def default_templates() -> Mapping[str, bytes]:
    """Return every template by its name, as the program brings it."""
    return {ACCOUNT: _account(), BULLETIN: _bulletin(), PAGE: _page()}


@cache
def _account() -> bytes:
    document = styled()
    _opening(document, "关于{{ 行动 }}{{ 报送期 }}工作情况的报告", "　　　　　　　　：")
    write(document, "现将{{ 行动 }}{{ 文号 }}{{ 报送期 }}（{{ 统计期间 }}）工作情况报告如下。", TEXT)
    write(document, "一、总体情况", CHAPTER)
    write(document, "（一）报送情况", PART)
    write(document, "截至{{ 截至 }}，情况如下：", TEXT)
    _each(document, "句", "报送情况")
    write(document, "（二）主要数据", PART)
    _each(document, "句", "主要数据")
    write(document, "{%p for 章 in 章节 %}", TEXT)
    write(document, "{{ 章.序 }}、{{ 章.标题 }}", CHAPTER)
    _quotes(document, "章.摘录")
    write(document, "{%p if 章.没有 %}", TEXT)
    write(document, "{{ 章.没有 }}", TEXT)
    write(document, "{%p endif %}", TEXT)
    write(document, "{%p endfor %}", TEXT)
    write(document, "{{ 下期序 }}、下一期安排", CHAPTER)
    _each(document, "句", "下期安排")
    _annexes(document, "工作情况汇总表", "各单位报送情况表", "各项任务进展情况")
    _signature(document)
    new_section(document, landscape=True)
    _annex(document, "附件1", "{{ 行动 }}{{ 报送期 }}工作情况汇总表")
    _wide_table(document, "汇总表")
    new_section(document)
    _annex(document, "附件2", "{{ 行动 }}{{ 报送期 }}各单位报送情况表")
    _unit_table(document)
    new_section(document)
    _annex(document, "附件3", "{{ 行动 }}{{ 报送期 }}各项任务进展情况")
    write(document, "{%p for 项 in 任务进展 %}", TEXT)
    write(document, "任务{{ 项.任务 }}　{{ 项.名称 }}（牵头单位：{{ 项.牵头 }}）", CHAPTER)
    _quotes(document, "项.摘录")
    write(document, "{%p endfor %}", TEXT)
    write(document, "{%p for 表 in 附表 %}", TEXT)
    write(document, "{{ 表.题 }}", CHAPTER)
    _wide_table(document, "表")
    write(document, "{%p endfor %}", TEXT)
    write(document, "{%p for 图 in 图表 %}", TEXT)
    write(document, "{{ 图 }}", PICTURE)
    write(document, "{%p endfor %}", TEXT)
    return saved(document)


@cache
def _bulletin() -> bytes:
    document = styled()
    _opening(document, "关于{{ 行动 }}{{ 报送期 }}工作情况的通报", "各有关单位：")
    write(document, "现将{{ 行动 }}{{ 文号 }}{{ 报送期 }}（{{ 统计期间 }}）工作情况通报如下。", TEXT)
    write(document, "一、主要数据", CHAPTER)
    _each(document, "句", "主要数据")
    write(document, "二、报送情况", CHAPTER)
    write(document, "截至{{ 截至 }}，情况如下：", TEXT)
    _each(document, "句", "报送情况")
    write(document, "没有报送的，汇总时列为未报单位，不按零计。", TEXT)
    write(document, "三、下一期安排", CHAPTER)
    _each(document, "句", "下期安排")
    _annexes(document, "各单位报送情况表")
    _signature(document)
    new_section(document)
    _annex(document, "附件", "{{ 行动 }}{{ 报送期 }}各单位报送情况表")
    _unit_table(document)
    return saved(document)


@cache
def _page() -> bytes:
    document = styled()
    write(document, "{{ 简称 }}情况速览", NAME)
    write(document, "{{ 报送期 }}　截至{{ 截至 }}", TEXT, _CENTRE).paragraph_format.first_line_indent = Pt(0)
    write(document, "{{ 进度 }}", TEXT)
    write(document, "{{ 数据 }}", TEXT)
    for heading, items in (("一、卡在哪里", "卡点"), ("二、谁还没报", "单位"), ("三、需要决定什么", "待决定")):
        write(document, heading, CHAPTER)
        _each(document, "句", items)
    write(document, "下一个日期　{{ 下一个日期 }}", TEXT)
    write(document, "与上一页相比　{{ 变化 }}", TEXT)
    right_by(write(document, "{{ 办公室 }}", TEXT), 2)
    for paragraph in document.paragraphs[1:]:  # 4号 and closer lines, so that all of it stands on one page
        paragraph.paragraph_format.line_spacing = Pt(17)
        for run in paragraph.runs:
            run.font.size = Pt(14)
    return saved(document)


def _opening(document: Any, title: str, to: str) -> None:
    write(document, BLANK_NUMBER, TEXT, _CENTRE).paragraph_format.first_line_indent = Pt(0)
    write(document, "", TEXT)
    write(document, title, NAME)
    write(document, "", TEXT)
    write(document, to, TEXT).paragraph_format.first_line_indent = Pt(0)


def _each(document: Any, one: str, items: str) -> None:
    """Write one paragraph for each of some texts."""
    write(document, f"{{%p for {one} in {items} %}}", TEXT)
    write(document, f"{{{{ {one} }}}}", TEXT)
    write(document, "{%p endfor %}", TEXT)


def _quotes(document: Any, items: str) -> None:
    """Write what departments wrote: a head with the name, the paragraphs, the source."""
    write(document, f"{{%p for 摘 in {items} %}}", TEXT)
    write(document, "（{{ 摘.序 }}）{{ 摘.单位 }}", PART)
    write(document, "{%p for 段 in 摘.段落 %}", TEXT)
    write(document, "“{{ 段 }}”", TEXT)
    write(document, "{%p endfor %}", TEXT)
    write(document, "（{{ 摘.出处 }}）", TEXT)
    write(document, "{%p endfor %}", TEXT)


def _annexes(document: Any, *names: str) -> None:
    write(document, "", TEXT)
    for number, name in enumerate(names, start=1):
        lead = "附件：" if number == 1 else "　　　"
        _kept(write(document, f"{lead}{f'{number}．' if len(names) > 1 else ''}{name}", TEXT))
    for _ in range(2):
        _kept(write(document, "", TEXT))


def _signature(document: Any) -> None:
    right_by(_kept(write(document, "{{ 办公室 }}", TEXT)), 2)
    right_by(write(document, BLANK_DATE, TEXT), 4)


def _kept(paragraph: Any) -> Any:
    """Return a paragraph that stays on the page of the next: no signature stands alone."""
    paragraph.paragraph_format.keep_with_next = True
    return paragraph


def _annex(document: Any, mark: str, title: str) -> None:
    write(document, mark, MARK)
    write(document, "", TEXT)
    write(document, title, NAME)
    write(document, "", TEXT)


def _wide_table(document: Any, name: str) -> None:
    """Write a table of as many columns as there are: the loops over columns stand in cells of their own, which vanish."""
    made = table(document, 4, [20, 170, 20])
    for row, style, cells in ((0, CELL_HEAD, f"{name}.列"), (2, CELL, "行")):
        for cell, text in zip(made.rows[row].cells, (f"{{%tc for 格 in {cells} %}}", "{{ 格 }}", "{%tc endfor %}"), strict=True):
            cell.paragraphs[0].style = document.styles[style]
            cell.paragraphs[0].add_run(text)
    for row, text in ((1, f"{{%tr for 行 in {name}.行 %}}"), (3, "{%tr endfor %}")):
        made.rows[row].cells[0].paragraphs[0].add_run(text)


def _unit_table(document: Any) -> None:
    columns = (
        ("序号", 13), ("单位", 48), ("应报", 13), ("按时", 13), ("零报告", 13), ("迟报", 13), ("逾期未报", 13), ("未到期", 13),
        ("报送率", 17),
    )  # fmt: skip
    made = table(document, 4, [width for _, width in columns])
    made.rows[1].cells[0].paragraphs[0].add_run("{%tr for 行 in 单位表 %}")
    made.rows[3].cells[0].paragraphs[0].add_run("{%tr endfor %}")
    for at, (name, _) in enumerate(columns):
        for row, text, style in ((0, name, CELL_HEAD), (2, f"{{{{ 行[{at}] }}}}", CELL)):
            paragraph = made.rows[row].cells[at].paragraphs[0]
            paragraph.style = document.styles[style]
            paragraph.add_run(text)
            if at != 1:
                paragraph.alignment = _CENTRE
