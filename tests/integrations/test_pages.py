"""The ledger page, as an office reads it."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from campaigns.ledger_view import Entry, LedgerView, Link, PartSeen, RoundView, Unclear, Unit, count
from integrations.pages import ledger_page

DUE = "2020年11月26日（周四）17:30"


def entry(duty: int, state: str, *, role: str = "配合", soon: bool = False, title: str = "全面提高标准化水平") -> Entry:
    reported = state in ("已报送", "零报告", "迟报")
    return Entry(
        duty,
        title,
        role,
        "市市场监管局",
        state,
        DUE,
        remaining="" if reported else "还有2个工作日",
        soon=soon,
        received="2020年11月25日（周三）10:12" if reported else "",
        version=2 if reported else 0,
        parts=(PartSeen("统计表", reported), PartSeen("工作总结", False)),
        files=(Link("原件", "raw/市公安局 报表#1.xlsx"),) if reported else (),
    )


def view(*units: Unit, title: str = "测试市放心消费联合执法专项行动") -> LedgerView:
    opened = RoundView("t/s-2020-2", "2020年下半年", "进行中", (("配合截止", DUE),), units, (Link("汇总表", "rollup/a.xlsx"),))
    return LedgerView(
        "市消费者联席办",
        "office@example.gov.cn",
        title,
        "放心消费",
        "2020年11月27日（周五）08:30",
        rounds=(opened, RoundView("t/s-2021-1", "2021年上半年", "待下发", (("牵头截止", "2021年6月20日（周日）"),))),
    )


POLICE = Unit("gaj", "市公安局", (entry(1, "逾期未报"), entry(2, "已报送")), "甲某某", "0000-0000001", "gaj@example.gov.cn")
TOURISM = Unit("wlj", "市文旅局", (entry(1, "零报告"), entry(2, "办理中", soon=True)), form=Link("报表", "forms/市文旅局.xlsx"))


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", page)))


def test_who_is_overdue_stands_on_top_with_whom_to_call_and_what_to_say() -> None:
    page = ledger_page(view(POLICE, TOURISM))
    top = text_of(page.split('id="owing"')[1].split("</section>")[0])
    assert "1个单位逾期未报" in top and "市公安局" in top and "0000-0000001" in top and "gaj@example.gov.cn" in top
    assert "【催办】市公安局：“放心消费”2020年下半年的任务1（共1项）已逾期，尚未收到，请尽快补报" in top
    assert "尚未到期、还没报的：1个单位" in top and f"请于{DUE}前报送" in top


def test_every_state_is_a_word_as_well_as_a_colour() -> None:
    page = text_of(ledger_page(view(POLICE, TOURISM)))
    for word in ("逾期未报", "已报送", "零报告", "办理中", "第2版", "工作总结 缺", "统计表 有", "尚未下发 2021年上半年"):
        assert word in re.sub(r" +", " ", page)


def test_what_a_part_lacks_and_what_was_taken_for_nobody_is_shown_with_its_file() -> None:
    parts = (PartSeen("工作总结", True, "缺少标题：亮点经验", "parts/R-1/2 总结.docx"), PartSeen("加盖公章扫描件", False))
    lead = replace(entry(1, "已报送", role="牵头"), parts=parts, doubts=("工作总结写“立案13件”",))
    stranger = Unclear("R-2", "<b>信</b>.eml", DUE, "x@example.com", "暂存待核", "没有登记", "inbox/已收/R-2/信.eml")
    page = ledger_page(replace(view(Unit("swj", "市商务局", (lead,))), unclear=(stranger,)))
    words = text_of(page)
    assert "工作总结 有" in words and "缺少标题：亮点经验" in words and "请核对 工作总结写“立案13件”" in words
    assert "待核来件（1件）" in words and "来件邮箱 x@example.com" in words and "<b>信" not in page
    assert 'href="parts/R-1/2%20%E6%80%BB%E7%BB%93.docx"' in page and "R-2/%E4%BF%A1.eml" in page


def test_counts_fall_apart_without_a_rest() -> None:
    words = ("已报送", "零报告", "迟报", "逾期未报", "逾期退回", "退回", "办理中", "待前置", "免报", "不适用")
    counts = count(entry(number, word) for number, word in enumerate(words))
    parts = counts.received + counts.nil + counts.late + counts.missing + counts.open + counts.exempt
    assert counts.expected == parts == 10 and (counts.missing, counts.open, counts.exempt) == (2, 3, 2)
    assert counts.coverage == "37.5%" and count([]).coverage == "—"


def test_returned_and_near_is_yellow_overdue_is_red_and_what_is_not_owed_is_grey() -> None:
    lights = [entry(1, word).light for word in ("迟报", "逾期退回", "退回", "办理中", "免报")]
    assert lights == ["green", "red", "yellow", "grey", "grey"]
    assert entry(1, "办理中", soon=True).light == "yellow" and entry(1, "免报", soon=True).light == "grey"


class Collector(HTMLParser):
    """Every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_it_asks_the_network_for_nothing_and_runs_no_script() -> None:
    page = ledger_page(view(POLICE, TOURISM))
    found = Collector()
    found.feed(page)
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in found.tags}
    assert "url(" not in page and "@import" not in page and "http" not in page
    links = [attrs["href"] or "" for tag, attrs in found.tags if tag == "a"]
    assert "forms/%E5%B8%82%E6%96%87%E6%97%85%E5%B1%80.xlsx" in links
    anchors = {attrs.get("id") for _, attrs in found.tags}
    assert {link[1:] for link in links if link.startswith("#")} <= anchors


def test_names_from_outside_stay_text() -> None:
    evil = "<script>alert(1)</script>\"'"
    unit = Unit("x", evil, (entry(1, "已报送", title=evil),), evil, evil, evil, Link(evil, "javascript:alert(1)"))
    page = ledger_page(view(unit, title=evil))
    assert "<script" not in page and 'href="javascript:' not in page


def test_a_campaign_that_has_not_begun_has_a_page_too() -> None:
    assert "各报送期都还没有下发" in ledger_page(view())


@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs chromium")
def test_the_filter_works_in_a_browser_from_a_file_without_scripts(tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    path = tmp_path / "台账.html"
    path.write_text(ledger_page(view(POLICE, TOURISM)), encoding="utf-8")
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(java_script_enabled=False).new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.locator(".entry:visible").count() == 4
        page.click("label.for-red")
        assert page.locator(".entry:visible").all_inner_texts()[0].startswith("1. 全面提高标准化水平")
        assert page.locator(".entry:visible").count() == 1 and page.locator(".detail tbody:visible").count() == 1
        browser.close()
    assert asked == [path.as_uri()]
