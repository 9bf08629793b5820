"""A round travels from one office to the office above it: two real offices, two processes, HTTP between them."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from campaigns.archive import UPWARD
from campaigns.decisions import Kind
from campaigns.definition import Form as AskedForm
from campaigns.definition import Upward
from campaigns.errors import Conflict, Refused, WorldError
from campaigns.forms import Form
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from flows import tick
from integrations.http.superior import BadSuperiorLink
from liandong.cli import run
from tasks import amend as amending
from tasks import upward
from tasks.archiving import archive
from tasks.campaign import launch
from tasks.decide import decide
from tasks.office import Office
from tasks.record import verify
from tests.builders import FIRST_ROUND, WORKDAYS
from tests.campaigns.test_lists import LIST
from tests.campaigns.test_lists import plan as list_plan
from tests.flows.test_tick import LAUNCHED, at, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_decide import order
from tests.test_chinese import assert_chinese
from tests.two_offices import PROVINCE_ROUND, Superior, city_plan, province_plan, superior

NOW = at(12, 2)


@pytest.fixture
def above(tmp_path: Path) -> Iterator[Superior]:
    with superior(tmp_path / "province", province_plan(), "ceshi", at(12, 12)) as found:
        found.open()
        yield found


@pytest.fixture
def city(office: Office, above: Superior, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return the city's office: its round is open, two departments have reported."""
    monkeypatch.setenv("LIANDONG_UPWARD__ADDRESSES", '["127.0.0.1"]')
    launch(city_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    report("swj", "牵头任务", 2)
    report("gaj", "配合任务", 3)
    return office


def report(department: str, sheet: str, duty: int, **figures: Any) -> None:
    """Let a department of the city report, or report again."""
    from tasks.office import office

    data = edited(newest_form(office(), department), lambda book: fill_in(book, sheet, duty, {**OWN, **figures}))
    drop(office(), f"{department}.xlsx", data, NOW)


def test_a_round_travels_up_and_arrives_as_an_ordinary_submission_once(city: Office, above: Superior) -> None:
    first = upward.submit(FIRST_ROUND, above.link, NOW)
    assert (first.outcome, first.receipt, first.version) == ("accepted", "R-2020-000001", 1)
    assert upward.submit(FIRST_ROUND, None, NOW) == first  # the link is known, the bytes and the key are the same
    assert above.envelopes() == [("api", "accepted")]
    assert above.figures() == {
        (1, "cases"): "3", (1, "closed"): "2", (1, "penalty"): "31000",  # 3.1万元 in the province's unit
        (2, "cases"): "3", (2, "closed"): "2", (2, "penalty"): "31000",
    }  # fmt: skip
    with above.office.ledger() as ledger:
        (told,) = {one.narrative for one in ledger.submissions("sheng-2020/year-2020-1")}
    assert "市消费者联席办汇总2020年下半年（2020年10月20日至2020年12月3日）：应报" in told
    assert "未报的不按零计" in told  # the holes go up with the figures
    assert verify().faults == ()
    report("gaj", "配合任务", 3, **{"立案（件）": 7})
    again = upward.submit(FIRST_ROUND, None, NOW)
    assert (again.version, again.outcome) == (2, "accepted")
    assert above.figures()[1, "cases"] == "7"
    with above.office.ledger() as ledger:
        versions = [one.version for one in ledger.submissions("sheng-2020/year-2020-1") if "/1/" in one.expected]
    assert versions == [1, 2]  # a correction is a new version above


def test_what_is_returned_is_told_cell_by_cell_and_mended(
    city: Office, above: Superior, capsys: pytest.CaptureFixture[str]
) -> None:
    report("gaj", "配合任务", 3, **{"立案（件）": 200})  # the city has no rule against it, the province has
    assert run(["submit", FIRST_ROUND, "--link", above.link, "--as-of", "2020-12-02T10:00", "--confirm"]) == 1
    out = capsys.readouterr().out
    assert "上级回执R-2020-000001：退回修改" in out and "查处案件超过100件的，请核对" in out and "现为200" in out
    assert_chinese(out, "returned")
    assert above.figures() == {(2, "cases"): "3", (2, "closed"): "2", (2, "penalty"): "31000"}
    report("gaj", "配合任务", 3, **{"立案（件）": 20})
    assert upward.submit(FIRST_ROUND, None, NOW).outcome == "accepted"
    assert above.figures()[1, "cases"] == "20"
    assert above.envelopes() == [("api", "returned"), ("api", "accepted")]
    kept = [one for one in archive("test-2020", None, NOW)[1] if one.folder == UPWARD]
    assert [one.what.partition("，")[2] for one in kept] == [
        "上级回执R-2020-000001：退回修改）",
        "上级回执R-2020-000002：已收到）",
    ]
    assert all((city.home / "archive" / "test-2020" / one.name).read_bytes() == city.bytes_of(one.sha256) for one in kept)


def test_once_closed_it_goes_up_by_itself_as_soon_as_the_superior_is_there(
    city: Office, above: Superior, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = above.link
    above.close()
    with pytest.raises(WorldError, match=r"连不上 127\.0\.0\.1"):
        upward.submit(FIRST_ROUND, link, NOW, pause=0)
    above.open()
    assert upward.submit(FIRST_ROUND, link, NOW, pause=0).outcome == "accepted"
    report("gaj", "配合任务", 3, **{"立案（件）": 9})
    tick.tick(at(12, 11, 9))
    run(["status", "--as-of", "2020-12-11T09:00"])
    assert "应报给省联席办：2020年下半年汇总表第2版还没有上报（上次报的是第1版）" in capsys.readouterr().out
    monkeypatch.setenv("LIANDONG_UPWARD__AUTOMATIC", "approved")
    tick.tick(at(12, 11, 9))
    assert len(above.envelopes()) == 1  # nobody has approved it
    monkeypatch.setenv("LIANDONG_UPWARD__AUTOMATIC", "closed")
    above.close()
    with pytest.raises(WorldError, match="没有上报成功"):
        tick.tick(at(12, 11, 10))
    above.open()
    tick.tick(at(12, 11, 11))
    tick.tick(at(12, 11, 12))
    assert above.figures()[1, "cases"] == "9" and len(above.envelopes()) == 2
    run(["status", "--as-of", "2020-12-11T12:00"])
    assert "省联席办" not in capsys.readouterr().out


def test_what_an_amendment_no_longer_asks_for_need_not_be_approved(
    city: Office, above: Superior, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upward.submit(FIRST_ROUND, above.link, NOW).outcome == "accepted"
    report("wlj", "配合任务", 1)
    plan = city_plan()
    first, *others = plan.definition.duties
    fewer = (first.model_copy(update={"cooperating": ("市商务局", "各县(区)人民政府")}), *others)
    without = plan.definition.model_copy(update={"duties": fewer})
    signed = amending.Order("张甲", "联席办主任", "测市监〔2020〕9号")
    amending.amend(expand(without, plan.directory, WORKDAYS, OfficeHours()), signed, NOW, confirm=True)
    decide(order(Kind.APPROVE, FIRST_ROUND), NOW, confirm=True)
    monkeypatch.setenv("LIANDONG_UPWARD__AUTOMATIC", "approved")
    tick.tick(at(12, 11, 9))
    assert len(above.envelopes()) == 2


def test_what_a_figure_is_taken_from_may_be_put_right_though_the_totals_stay(city: Office, above: Superior) -> None:
    assert upward.submit(FIRST_ROUND, above.link, NOW).outcome == "accepted"
    plan = city_plan()
    (report,) = plan.definition.reports
    assert report.upward
    right = report.upward.model_copy(update={"codes": {"cases": "cases_closed", "closed": "cases_closed"}})
    mended = plan.definition.model_copy(update={"reports": (report.model_copy(update={"upward": right}),)})
    signed = amending.Order("张甲", "联席办主任", "测市监〔2020〕9号")
    amending.amend(expand(mended, plan.directory, WORKDAYS, OfficeHours()), signed, NOW, confirm=True)
    again = upward.submit(FIRST_ROUND, None, NOW)
    assert (again.version, again.outcome) == (1, "accepted")
    assert above.figures()[1, "cases"] == "2"
    assert upward.submit(FIRST_ROUND, None, NOW) == again and len(above.envelopes()) == 2


def test_the_command_shows_before_it_sends_and_says_why_it_cannot(
    city: Office, above: Superior, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(BadSuperiorLink, match="整条复制"):
        upward.preview(FIRST_ROUND, "http://127.0.0.1/x", NOW)
    with pytest.raises(Refused, match="用 --link 给出"):
        upward.preview(FIRST_ROUND, None, NOW)
    with pytest.raises(Conflict, match="没有受理（401）"):
        upward.submit(FIRST_ROUND, f"{above.link}x", NOW)
    with pytest.raises(Refused, match="还没有下发"):
        upward.preview("test-2020/summary-2021-1", above.link, NOW)
    words = ["submit", FIRST_ROUND, "--link", above.link, "--as-of", "2020-12-02T10:00"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "2020年下半年 → 省联席办" in out and "查处案件：3（本办公室任务1、3）" in out and "--confirm" in out
    assert "注意　上级报表的统计期间是2020年10月20日至2020年12月20日，报出的是2020年10月20日至2020年12月3日的数" in out
    assert "由3.1万元换算" in out and "本期还没有结束" in out
    assert_chinese(out, "submit")
    assert above.envelopes() == []
    assert run([*words, "--confirm"]) == 0
    assert "上级回执R-2020-000001：已收到" in capsys.readouterr().out
    assert run([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [one["outcome"] for one in document["sent"]] == ["accepted"] and len(document["lines"]) == 6


def test_the_cases_of_a_list_travel_up_each_with_its_number(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIANDONG_UPWARD__ADDRESSES", '["127.0.0.1"]')
    codes = {"theirs.case_no": "list.case_no", "theirs.penalty": "list.penalty"}
    going_up = Upward(to="省联席办", codes=codes, duties={1: (1, 2, 3)})
    launch(listing(list_plan(), list_plan().definition.forms[-1], upward=going_up), LAUNCHED)
    tick.daily(at(10, 26))
    for unit, case, amount in (("scjg", "1", 2), ("wlj", "1", 3), ("gaj", "2", 7)):  # two say different amounts of one case
        told = partial(in_a_list, form_of(office, unit), case, amount)
        drop(office, f"{unit}.xlsx", edited(newest_form(office, unit), told), NOW)
    theirs = listing(province_plan(), LIST.model_copy(update={"id": "theirs", "title": "案件清单"}))
    with superior(tmp_path / "province", theirs, "ceshi", at(12, 12)) as above:
        above.open()
        sent = upward.submit(FIRST_ROUND, above.link, NOW)
        assert (sent.outcome, sent.findings) == ("accepted", ())
        with above.office.ledger() as ledger:
            facts = ledger.figures("sheng-2020", "own", round_id=PROVINCE_ROUND)
        assert {(one.key, one.indicator.partition(".")[2], int(one.value)) for one in facts} == {
            ("测罚(2020)1号", "case_no", 1),
            ("测罚(2020)1号", "penalty", 3),
            ("测罚(2020)2号", "case_no", 1),
            ("测罚(2020)2号", "penalty", 7),
        }
        with above.office.ledger() as ledger:
            (told,) = {one.narrative for one in ledger.submissions(PROVINCE_ROUND) if "/1/" in one.expected}
        assert "案件1·当事人：甲店1" in told and "案件2·当事人：甲店2" in told


def listing(plan: Plan, form: AskedForm, upward: Upward | None = None) -> Plan:
    """Return a campaign that asks for this list alone."""
    (report,) = plan.definition.reports
    report = report.model_copy(update={"form": form.id, "more_forms": (), "upward": upward})
    definition = plan.definition.model_copy(update={"reports": (report,), "forms": (form,), "rules": ()})
    return expand(definition, plan.directory, WORKDAYS, OfficeHours())


def form_of(at: Office, department: str) -> Form:
    """Return the layout of the form that a department was sent."""
    with at.ledger() as ledger:
        return Form.model_validate_json(ledger.forms(FIRST_ROUND, department)[-1].layout)


def in_a_list(form: Form, case: str, amount: int, book: Workbook) -> None:
    """Fill one case into the list of the first duty, and say of the others that there is none."""
    first, *others = form.blocks
    book[first.sheet][first.cell("own", "list#1.case_no")] = f"测罚〔2020〕{case}号"
    book[first.sheet][first.cell("own", "list#1.party")] = f"甲店{case}"
    book[first.sheet][first.cell("own", "list#1.penalty")] = amount
    for block in others:
        book[block.sheet][block.nil_cell] = "是"


def test_after_a_link_that_was_another_one_s_the_right_one_gets_its_own_form(city: Office, above: Superior) -> None:
    wrong = upward.submit(FIRST_ROUND, replace(above, below="lingyi").link, NOW)
    right = upward.submit(FIRST_ROUND, above.link, NOW)
    assert (wrong.outcome, right.outcome) == ("accepted", "accepted") and wrong.sha256 != right.sha256
    assert above.figures()[1, "cases"] == "3"
    assert verify().faults == ()
