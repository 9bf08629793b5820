"""Papers as an office opens them: what they say, what they leave blank, their layout."""

from io import BytesIO

import pytest
from docx import Document
from docx.shared import Mm, Pt

from campaigns.definition import Paper
from campaigns.letters import Item
from campaigns.papers import BLANK_DATE, BLANK_NUMBER, Late, draft
from integrations.word.papers import write_papers

DUE = "2020年11月26日"
LATE = (
    Late("市公安局", (Item(3, "活跃夜间商业和市场", "配合", "市发展改革委", DUE, "逾期未报", "已逾期1个工作日"),)),
    Late(
        "东山县",
        (Item(1, "全面提高标准化水平", "配合", "市市场监管局", DUE, "逾期未报", "已逾期1个工作日"),),
        times=2,
    ),
)


def opened(kind: Paper) -> tuple[list[str], list[list[str]]]:
    """Return the paragraphs and the rows of all tables of a paper about two late departments."""
    drafts = draft(kind, "市联席办", "放心消费", "测市监〔2020〕1号", "2020年下半年", "2020年11月27日", LATE)
    document = Document(BytesIO(write_papers(drafts)))
    section = document.sections[0]
    assert [round(one / Mm(1)) for one in (section.page_width, section.top_margin, section.left_margin)] == [210, 37, 28]
    signed = [one.paragraph_format.right_indent for one in document.paragraphs[-2:]]
    assert signed == [Pt(32), Pt(64)]  # two and four signs from the edge
    return [one.text for one in document.paragraphs], [[c.text for c in r.cells] for t in document.tables for r in t.rows]


@pytest.mark.parametrize("kind", [Paper.URGE, Paper.SUPERVISE, Paper.INTERVIEW, Paper.EXPLAIN])
def test_each_department_has_a_paper_of_its_own_with_date_left_blank(kind: Paper) -> None:
    paragraphs, rows = opened(kind)
    assert paragraphs.count(BLANK_DATE) == 2
    assert (paragraphs.count(BLANK_NUMBER) == 2) is (kind in (Paper.URGE, Paper.SUPERVISE))
    assert [row[0] for row in rows] == ["任务", "3", "任务", "1"]


def test_the_bulletin_names_all_in_one_table() -> None:
    paragraphs, rows = opened(Paper.BULLETIN)
    assert paragraphs.count(BLANK_NUMBER) == 1
    assert [row[1] for row in rows] == ["单位", "市公安局", "东山县"]


def test_the_same_drafts_are_the_same_bytes_and_nobody_late_means_no_paper() -> None:
    drafts = draft(Paper.URGE, "市联席办", "放心消费", "", "2020年下半年", "2020年11月27日", LATE)
    assert write_papers(drafts) == write_papers(drafts)
    assert draft(Paper.BULLETIN, "市联席办", "放心消费", "", "2020年下半年", "2020年11月27日", ()) == ()
