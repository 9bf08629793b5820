"""Drafts of definitions from real files: a workbook and a document, read in their disposable processes."""

from io import BytesIO
from pathlib import Path

import docx
import openpyxl
import pytest

from campaigns.errors import DefinitionError, UnreadableFile
from campaigns.findings import Severity
from campaigns.workdays import OfficeHours
from integrations.definition_files import load_plan
from tasks.drafting import draft
from tests.builders import WORKDAYS

ROWS = [
    ("示例市放心消费专项行动责任分工表",),
    ("序号", "重点任务", "工作措施", "牵头单位", "配合单位", "完成时限"),
    (1, "商品质量监管", "开展: 抽检", "市市场监管局", "市公安局、各县(区)人民政府", "2026年6月底前"),
    (2, "查处案件", None, "市公安局", "无", "6月底前"),
]


def workbook(path: Path) -> Path:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)  # type: ignore[union-attr]
    book.active.merge_cells("A1:F1")  # type: ignore[union-attr]
    book.save(path)
    return path


def document(path: Path) -> Path:
    made = docx.Document()
    made.add_paragraph("责任分工表")
    table = made.add_table(rows=3, cols=4)
    for row, cells in zip(
        table.rows,
        (
            ("序号", "任务", "责任单位", "完成时间"),
            ("1", "查处案件", "市公安局", "2026年底前"),
            ("2", "宣传", "", "2027年1月5日前"),
        ),
        strict=True,
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    table.cell(1, 2).merge(table.cell(2, 2))
    made.save(str(path))
    return path


def test_a_workbook_becomes_a_draft_that_only_asks(tmp_path: Path) -> None:
    text = draft(workbook(tmp_path / "分工表.xlsx"), "fangxin-2026", "hezhou")
    (tmp_path / "fangxin-2026.yaml").write_text(text, "utf-8")

    with pytest.raises(DefinitionError) as caught:
        load_plan(tmp_path / "fangxin-2026.yaml", WORKDAYS, OfficeHours())
    problems = caught.value.problems
    assert not [one for one in problems if one.severity is Severity.ERROR]
    lines = text.splitlines()
    assert {lines[one.line - 1].split(":")[0].strip() for one in problems if one.severity is Severity.ASKED} == {
        "short_title", "office", "starts", "ends", "source", "due", "clock",
    }  # fmt: skip
    assert '    content: "开展: 抽检" # C3' in lines
    assert "    cooperating: [市公安局, 各县(区)人民政府] # E3：市公安局、各县(区)人民政府" in lines
    assert "    due: 待定 # F4：6月底前（没有写年份）" in lines


def test_a_document_becomes_a_draft(tmp_path: Path) -> None:
    lines = draft(document(tmp_path / "分工表.docx"), "fangxin-2026", "待定").splitlines()

    start = lines.index("duties:")
    assert lines[start + 1 : start + 9] == [
        "  - number: 1 # 表1第2行第1列",
        "    title: 查处案件 # 表1第2行第2列",
        "    units: [市公安局] # 表1第2行第3列：市公安局",
        "    due: 2026-12 # 表1第2行第4列：2026年底前",
        "  - number: 2 # 表1第3行第1列",
        "    title: 宣传 # 表1第3行第2列",
        "    units: [市公安局] # 表1第2行第3列（表1第3行第3列合并）：市公安局",
        "    due: 2027-01-05 # 表1第3行第4列：2027年1月5日前",
    ]


def test_cells_merged_in_a_workbook_say_the_same_for_every_row(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(workbook(tmp_path / "分工表.xlsx"))
    book.active.append((3, "移送案件", None, "市公安局", None, "2026年底前"))  # type: ignore[union-attr]
    book.active.merge_cells("E3:E5")  # type: ignore[union-attr]
    book.save(tmp_path / "分工表.xlsx")
    lines = draft(tmp_path / "分工表.xlsx", "fangxin-2026", "hezhou").splitlines()

    assert "    cooperating: [市公安局, 各县(区)人民政府] # E3（E5合并）：市公安局、各县(区)人民政府" in lines


def test_what_holds_no_duty_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"PK\x03\x04 damaged")
    empty = BytesIO()
    docx.Document().save(empty)
    (tmp_path / "x.docx").write_bytes(empty.getvalue())

    with pytest.raises(UnreadableFile, match=r"[一-鿿]"):
        draft(tmp_path / "x.xlsx", "x", "待定")
    with pytest.raises(UnreadableFile, match="里没有表格"):
        draft(tmp_path / "x.docx", "x", "待定")
    with pytest.raises(UnreadableFile, match="打不开"):
        draft(tmp_path / "nothing.xlsx", "x", "待定")
