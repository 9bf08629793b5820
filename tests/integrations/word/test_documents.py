"""What the office writes of a round: set as GB/T 9704 asks, in the departments' own words, by templates the office can edit."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from pypdf import PdfReader

from campaigns.account import Account, Chapter, Progress, Quote, Table, numeral
from campaigns.errors import Conflict
from campaigns.leader_page import Facts, Figure, page
from integrations.word.filling import filled_account, filled_page
from integrations.word.templates import ACCOUNT, BULLETIN, PAGE, default_templates
from tests.integrations.excel.office import convert, needs_office

QUOTE = Quote("市商务局", ("联合公安开展夜查。", "共检查12户次。"), "摘自市商务局工作总结，来件R-2020-000003")
TOLD = Account(
    campaign="测试市放心消费联合执法专项行动",
    short_title="放心消费",
    doc_no="测市监〔2020〕1号",
    office="市消费者联席办",
    round_label="2020年下半年",
    covers="2020年10月20日至2020年12月3日",
    as_of="2020年12月3日（周四）17:30",
    standing=("应报3项，已报2项（报送率66.6%）。", "没有报送的单位：东山县（1项）。"),
    figures=("据已报单位统计，立案3件，案值1.5万元。",),
    chapters=(Chapter("主要作法", (QUOTE,)), Chapter("存在的问题", (), ("市商务局",))),
    progress=(Progress(2, "打造高品质消费商圈", "市商务局", (QUOTE,)),),
    totals=Table(
        columns=("任务", "任务名称", "牵头单位", "已报/应报", "立案（件）", "案值（万元）"),
        rows=(("2", "商圈", "市商务局", "1/1", "3", "1.5"),),
    ),
    units=Table(("序号",), (("1", "市商务局", "1", "1", "0", "0", "0", "0", "100%"),)),
    ahead=("下一期（2021年上半年）2021年4月28日（周三）下发报表。",),
    more=(Table(("序号", "类型", "疑问"), (("1", "照抄上期", "立案与上期相同"),), "数据疑问（供核对，不影响受理）"),),
)  # fmt: skip
FACTS = Facts(
    campaign="放心消费",
    office="市消费者联席办",
    round="test-2020/summary-2020-2",
    round_label="2020年下半年",
    as_of="2020年12月3日（周四）17:30",
    closed=True,
    counts={"expected": 9, "received": 4, "nil": 1, "late": 1, "missing": 3, "open": 0, "waived": 0, "not_applicable": 0},
    coverage="66.6%",
    figures=(Figure("立案", "3", "件", "2"),),
    stuck=("任务1“全面提高标准化水平”应报5项，未报3项（含牵头）。",),
    who=("东山县：1项逾期未报。",),
    decide=("没有需要决定的事项。",),
    ahead="2021年4月28日（周三）：下发2021年上半年报表。",
)


def opened(kind: str, told: Account = TOLD) -> Any:
    return Document(BytesIO(filled_account(default_templates()[kind], kind, told)))


def faults_of_layout(document: Any) -> Iterator[str]:
    """Yield what is not as GB/T 9704-2012 asks: paper, margins, fonts, sizes, lines, numbering, page numbers."""
    for section in document.sections:
        paper = sorted((round(section.page_width / Mm(1)), round(section.page_height / Mm(1))))
        if paper != [210, 297]:
            yield f"paper {paper}"
        sides = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
        margins = [round(one / Mm(1)) for one in sides]
        upright = section.page_width < section.page_height
        if margins != ([37, 35, 28, 26] if upright else [28, 26, 35, 37]):
            yield f"margins {margins}"
    closer = int(document.styles["Normal"].element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    if (signs := int(Mm(156) / Pt(16 + closer))) != 28:
        yield f"{signs} signs a line"
    wanted = {
        "公文标题": ("方正小标宋简体", 22.0),
        "公文一级标题": ("黑体", 16.0),
        "公文二级标题": ("楷体", 16.0),
        "公文正文": ("仿宋", 16.0),
        "附件标识": ("黑体", 16.0),
    }
    seen = {one.style.name for one in document.paragraphs}
    for name, (face, size) in wanted.items():
        if name not in seen:
            continue
        style = document.styles[name]
        found = style.element.rPr.rFonts.get(qn("w:eastAsia")), style.font.size.pt
        if found != (face, size):
            yield f"{name}: {found}"
        if style.font.bold:
            yield f"{name} is bold"
        if name != "公文标题" and style.paragraph_format.line_spacing != Pt(28):
            yield f"{name}: lines of {style.paragraph_format.line_spacing}"
        if name in ("公文正文", "公文一级标题", "公文二级标题") and style.paragraph_format.first_line_indent != Pt(32):
            yield f"{name}: not indented by two signs"
    for one in document.paragraphs:
        if one.text and one.style.name not in (*wanted, "插图"):
            yield f"“{one.text}” is set in {one.style.name}"
        if one.style.name in ("公文一级标题", "公文二级标题") and re.search("[。，；：]$", one.text):
            yield f"a mark at the end of “{one.text}”"
        for run in one.runs:
            if run.font.size or run.font.name:
                yield f"“{run.text}” is set by hand"
    chapters = [one.text.split("、")[0] for one in document.paragraphs if re.match("[一二三四五六七八九十]+、", one.text)]
    if chapters != [numeral(at + 1) for at in range(len(chapters))]:
        yield f"chapters {chapters}"
    if document.settings.element.find(qn("w:evenAndOddHeaders")) is None:
        yield "odd and even pages alike"
    first = document.sections[0]
    for footer in (first.footer, first.even_page_footer):
        xml = footer._element.xml
        if "PAGE" not in xml or [run.text for run in footer.paragraphs[0].runs] != ["— ", "", " —"]:
            yield "page number"
        if {run.font.size for run in footer.paragraphs[0].runs} != {Pt(14)}:
            yield "size of the page number"


@pytest.mark.parametrize("kind", [ACCOUNT, BULLETIN])
def test_the_layout_is_that_of_an_official_document(kind: str) -> None:
    document = opened(kind)
    assert list(faults_of_layout(document)) == []
    texts = [one.text for one in document.paragraphs]
    assert "〔　　〕　号" in texts and "　　年　月　日" in texts
    date = next(one for one in document.paragraphs if one.text == "　　年　月　日")
    assert date.paragraph_format.right_indent == Pt(64)


def test_the_checker_finds_what_is_wrong() -> None:
    document = opened(ACCOUNT)
    document.sections[0].left_margin = Mm(20)
    document.styles["公文正文"].font.size = Pt(14)
    document.add_paragraph("随手加的")
    assert len(list(faults_of_layout(document))) == 3


def test_departments_are_quoted_under_the_demanded_headings_with_their_names() -> None:
    texts = [one.text for one in opened(ACCOUNT).paragraphs]
    at = texts.index("二、主要作法")
    source = "（摘自市商务局工作总结，来件R-2020-000003）"
    assert texts[at + 1 : at + 5] == ["（一）市商务局", "“联合公安开展夜查。”", "“共检查12户次。”", source]
    assert texts[texts.index("三、存在的问题") + 1] == "工作总结中没有写这一部分的单位：市商务局。"
    assert "四、下一期安排" in texts
    assert "任务2　打造高品质消费商圈（牵头单位：市商务局）" in texts  # no numeral of a level above（一）


def test_the_table_has_the_columns_of_the_form() -> None:
    totals, units, doubts = opened(ACCOUNT).tables
    assert [[cell.text for cell in row.cells] for row in totals.rows] == [[*TOLD.totals.columns], [*TOLD.totals.rows[0]]]
    assert [cell.text for cell in units.rows[1].cells] == [*TOLD.units.rows[0]]
    assert [cell.text for cell in doubts.rows[1].cells] == ["1", "照抄上期", "立案与上期相同"]
    widths = [column.width for column in totals.columns]
    assert abs(sum(widths) - Mm(225)) < Mm(1) and widths[2] > widths[0]


@pytest.mark.parametrize("kind", [ACCOUNT, BULLETIN])
def test_the_same_facts_are_the_same_bytes(kind: str) -> None:
    template = default_templates()[kind]
    assert filled_account(template, kind, TOLD) == filled_account(template, kind, TOLD)


def edited(kind: str, old: str, new: str) -> bytes:
    """Return a template in which a person has written something else."""
    document = Document(BytesIO(default_templates()[kind]))
    (paragraph,) = [one for one in document.paragraphs if one.text == old]
    paragraph.runs[0].text = new
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def test_an_office_words_its_template_as_it_likes() -> None:
    template = edited(BULLETIN, "各有关单位：", "各成员单位（{{ 简称 }}）：")
    document = Document(BytesIO(filled_account(template, BULLETIN, TOLD)))
    assert "各成员单位（放心消费）：" in [one.text for one in document.paragraphs]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("{{ 单位名字 }}：", "“{{ 单位名字 }}”没有对应的内容；可以用的有：行动、简称"),
        ("{%p for 甲 in 报送情况 %}", "没有对应的 {% endfor %}"),
        ("{{ 行动 ：", "写法不完整"),
        ("{{ 章节[0].题目 }}", "用了没有的内容：“题目”"),
        ("{{ 行动 / 2 }}", "不能计算"),
    ],
)
def test_a_template_with_a_mistake_is_told_in_chinese(wrong: str, told: str) -> None:
    with pytest.raises(Conflict) as caught:
        filled_account(edited(BULLETIN, "各有关单位：", wrong), BULLETIN, TOLD)
    assert told in str(caught.value) and "情况通报.docx" in str(caught.value)
    assert not re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", str(caught.value))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<html>"])
def test_a_template_that_is_no_document_is_told(data: bytes) -> None:
    with pytest.raises(Conflict, match="已经损坏"):
        filled_account(data, ACCOUNT, TOLD)


def test_the_page_tells_what_changed() -> None:
    first = page(FACTS, None)
    assert first.changes == ("这是第一页。",)
    later = replace(FACTS, counts={**FACTS.counts, "received": 5, "missing": 2}, coverage="77.7%")
    assert page(later, FACTS.record()).changes == ("按时4→5，逾期未报3→2；报送率66.6%→77.7%。",)
    assert page(FACTS, FACTS.record()).changes == ("没有变化。",)
    other = replace(FACTS, round="test-2020/summary-2021-1", round_label="2021年上半年")
    assert page(other, FACTS.record()).changes == ("上一页说的是2020年下半年（截至2020年12月3日（周四）17:30），报送率66.6%。",)


@needs_office
def test_the_page_is_one_page_however_much_there_is_to_say(tmp_path: Any) -> None:
    long = "甲" * 40
    full = replace(
        FACTS,
        stuck=(
            *(f"任务{at}“{long[:8]}”应报37项，未报36项（含牵头）。" for at in (111, 112, 113)),
            "另有30项任务有逾期未报的。",
        ),
        who=(*(f"{long[:12]}：24项未报，已有12期逾期或迟报。" for _ in range(3)), "另有20个单位有逾期未报的。"),
        decide=(*(f"是否批准延期：{long}（hezhou-2020/Q0001）。" for _ in range(3)), "另有3件，见台账。"),
        figures=tuple(Figure(long[:12], "123456.7890", "万元", "123456.7890") for _ in range(3)),
    )
    before = replace(full, counts=dict.fromkeys(full.counts, 99), who=(), stuck=(), decide=(), coverage="1%")
    data = filled_page(default_templates()[PAGE], PAGE, page(full, before.record()))
    assert len(PdfReader(BytesIO(convert(data, "pdf", tmp_path, "一页纸.docx"))).pages) == 1


def test_no_number_and_no_unit_of_the_wide_table_is_broken() -> None:
    columns = ("任务", "任务名称", "已报/应报", *(f"挽回某某经济损失{at}（万元）" for at in range(9)))
    rows = (("33", "完善促进消费的政策环境", "31/32", *("123456.78" for _ in range(9))),)
    told = replace(TOLD, totals=Table(columns, rows))
    made = Document(BytesIO(filled_account(default_templates()[ACCOUNT], ACCOUNT, told))).tables[0]
    widths = [cell.width for cell in made.rows[0].cells]
    assert all(width >= Pt(10.5) * 0.5 * len(text) for width, text in zip(widths, rows[0], strict=True) if text.isascii())
    assert widths[1] > widths[0] and sum(widths) <= Mm(226)


def test_a_wide_table_has_room_for_its_names_however_many_columns_it_has() -> None:
    columns = (
        "任务",
        "任务名称",
        "牵头单位",
        "已报/应报",
        *(f"立案{at}（件）" for at in range(5)),
    )  # nine, as the table of departments
    rows = (("1", "巡查", "各县（市、区）市场监管局", "3/4", *("1250" for _ in range(5))),)
    totals, _, doubts = opened(ACCOUNT, replace(TOLD, totals=Table(columns, rows))).tables
    assert totals.columns[2].width > Mm(25)
    assert sum(column.width for column in doubts.columns) < Mm(157)  # three, as the template draws it


def test_nothing_of_a_department_becomes_markup() -> None:
    poison = ("{{ 行动 }}", "{% raw %}", "<w:p/>&amp;", "a\x00b\ud800c\x0b", "=cmd|'/c calc'!A1", "甲" * 40_000, "上\n下\a\t右")
    told = replace(TOLD, chapters=(Chapter("主要作法", (Quote(poison[0], poison, poison[1]),)),), standing=poison)
    data = filled_account(default_templates()[ACCOUNT], ACCOUNT, told)
    texts = [one.text for one in Document(BytesIO(data)).paragraphs]
    for one in ("{{ 行动 }}", "{% raw %}", "<w:p/>&amp;", "abc", "=cmd|'/c calc'!A1", "甲" * 40_000, "上 下 右"):
        assert one in texts and f"“{one}”" in texts
    fields = re.findall("<w:instrText[^>]*>([^<]*)", zipfile.ZipFile(BytesIO(data)).read("word/document.xml").decode())
    assert fields == []
