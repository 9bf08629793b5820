"""Parts of a submission: told by content, headings found or missed by name, whole or not."""

from io import BytesIO
from zipfile import ZipFile

import pytest

from campaigns.definition import Part
from campaigns.parts import Document, Paragraph, completeness, kind_of, missing_headings, part_counts
from campaigns.records import PartRecord

DEMANDED = ("行业领域采取的措施", "主要作法", "亮点经验", "存在的问题", "下一步工作打算")


def archive(*names: str) -> bytes:
    out = BytesIO()
    with ZipFile(out, "w") as packed:
        for name in names:
            packed.writestr(name, "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("总结.docx", archive("word/document.xml"), "summary"),
        ("总结", archive("word/document.xml"), "summary"),
        ("总结.docx", archive("xl/workbook.xml"), "workbook"),
        ("报表.xlsx", archive("word/document.xml"), "workbook"),  # refused with the reason
        ("总结.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le"), "summary"),
        ("报表.et", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook"),
        ("盖章.pdf", b"%PDF-1.4", "scan"),
        ("IMG_001", b"\xff\xd8\xff" + bytes(9_000), "scan"),
        ("logo.png", b"\x89PNG" + bytes(900), "other"),
        ("盖章.ofd", archive("OFD.xml"), "scan"),
        ("报表.xlsx", b"<html>", "workbook"),
        ("说明.txt", b"x", "other"),
        ("不知道", b"x", "workbook"),
        ("盖章.pdf", b"", "workbook"),  # refused as empty
    ],
)
def test_a_file_is_told_by_content_and_else_by_name(name: str, data: bytes, kind: str) -> None:
    assert kind_of(name, data) == kind


@pytest.mark.parametrize(
    "line",
    [
        "主要作法",
        "二、主要做法",
        "（二）主要做法及成效",
        "2.主要做法。我局坚持问题导向，全面排查。",
        "第二部分　主 要 做 法：",
        "⒉ 主要做法",
        "我局主要做法",
    ],
)
def test_a_heading_is_found_however_it_is_numbered_and_spelled(line: str) -> None:
    assert missing_headings(("主要作法",), Document((Paragraph(line),))) == ()


def test_words_between_are_tolerated_where_it_is_set_as_a_heading() -> None:
    found = Document((Paragraph("四、存在的困难和问题"), Paragraph("重点行业领域采取的主要措施", heading=True),
                      Paragraph("下步工作打算", bold=True), Paragraph("亮点工作和典型经验", bold=True)))  # fmt: skip
    assert missing_headings(DEMANDED, found) == ("主要作法",)


def test_a_mention_in_a_sentence_is_no_heading() -> None:
    text = "我们总结了主要做法和亮点经验，分析了存在的问题，提出了下一步工作打算，并对各行业领域采取的措施逐一作了说明。"
    assert missing_headings(DEMANDED, Document((Paragraph(text),))) == DEMANDED
    assert missing_headings(DEMANDED, Document(())) == DEMANDED


def arrived(name: str, envelope: str, problem: str = "", missing: tuple[str, ...] = ()) -> PartRecord:
    return PartRecord(envelope, name, "0", "summary", problem, missing)


def test_the_newest_usable_file_of_each_kind_counts_in_any_order() -> None:
    came = [
        arrived("总结.docx", "R-1", missing=("亮点经验",)),
        arrived("总结2.docx", "R-2"),
        arrived("总结3.doc", "R-3", problem="请另存为 .docx"),
    ]
    workbook, summary, scan = completeness(tuple(Part), came, reported=False)
    assert (workbook.present, summary.file, summary.lacks, scan.present) == (False, "总结2.docx", "", False)
    assert completeness((Part.SUMMARY,), came[2:], reported=True)[0].lacks == "请另存为 .docx"
    whole = completeness((Part.WORKBOOK, Part.SUMMARY), came[:2], reported=True)
    assert part_counts([whole, (workbook, summary, scan), ()]) == {
        "expected": 2, "workbook": 1, "summary": 2, "scan": 0, "complete": 1,
    }  # fmt: skip
    assert "scan" not in part_counts([whole])  # none is asked of anybody
