"""Three parts in any order and by any door, versions, and who may send what: real forms, documents and mails through the tick."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest

from campaigns.decisions import Kind, Selection
from campaigns.errors import Refused
from campaigns.plan import Plan, expand
from campaigns.prose import Mention
from campaigns.records import EnvelopeRecord, MessageRecord, PartRecord
from campaigns.workdays import OfficeHours
from flows import tick
from liandong.views import item_document, show_item, status_document
from tasks.campaign import launch
from tasks.decide import Order, decide
from tasks.doors import Scope, hand_in, upload_view
from tasks.office import Office
from tasks.parts import RoundParts
from tasks.record import verify
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory
from tests.flows.test_tick import LAUNCHED, at, drop, letter, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.integrations.word.documents import docx

HEADINGS = ("主要作法", "亮点经验", "下一步工作打算")
SUMMARY = ["市商务局工作总结", "一、主要做法", "共立案3件，罚没款3.1万元。", "（二）亮点和经验", "三、下一步打算"]
SCAN = b"%PDF-1.4\n" + bytes(300)
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "WordDocument".encode("utf-16-le") + bytes(600)
LEAD = f"{FIRST_ROUND}/2/swj"


def plan() -> Plan:
    """Return the small plan, its summary with demanded headings."""
    definition = small_definition()
    report = definition.reports[0].model_copy(update={"summary_headings": HEADINGS})
    changed = definition.model_copy(update={"reports": (report,)})
    return expand(changed, small_directory(), WORKDAYS, OfficeHours())


@pytest.fixture
def opened(office: Office) -> Office:
    """Return an office whose first round is open."""
    launch(plan(), LAUNCHED)
    tick.daily(at(10, 26))
    return office


def filled(office: Office, department: str = "swj", sheet: str = "牵头任务", duty: int = 2, **figures: Any) -> bytes:
    """Return a department's form with one block filled in."""
    own = {**OWN, **{header: value for header, value in figures.items() if header != "nil"}}
    return edited(
        newest_form(office, department), lambda book: fill_in(book, sheet, duty, own, nil="是" if "nil" in figures else None)
    )


def mailed(office: Office, now: datetime, sender: str, *files: tuple[str, bytes], **headers: str) -> None:
    """Let a mail of a department arrive."""
    drop(office, f"{now:%d%H}.eml", letter(sender, *files, **headers), now)


def last(office: Office) -> tuple[EnvelopeRecord, str, str]:
    """Return the last envelope, who got its one receipt, and what that says."""
    with office.ledger() as ledger:
        envelope = ledger.envelopes()[-1]
        (one,) = [each for each in ledger.messages() if each.key == f"receipt:{envelope.id}"]
    return envelope, one.to_email, text_of(office, one)


def text_of(office: Office, letter: MessageRecord) -> str:
    """Return what a person reads in a letter of the office."""
    body = message_from_bytes(office.bytes_of(letter.sha256), policy=default).get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def parts() -> dict[str, bool]:
    """Return which parts of the lead's report are there."""
    return {one["part"]: one["present"] for one in item_document(LEAD, at(11, 25))["parts"]}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_three_parts_come_apart_in_any_order_and_by_any_door(opened: Office, order: Sequence[int]) -> None:
    def send(which: int, hour: int) -> None:
        if which == 0:
            drop(opened, "报表.xlsx", filled(opened), at(11, 20, hour))
        elif which == 1:
            mailed(opened, at(11, 20, hour), "swj@example.gov.cn", ("总结.docx", docx(SUMMARY)))
        else:
            drop(opened, "市商务局盖章件.pdf", SCAN, at(11, 20, hour))  # known by the name the office sees

    for hour, which in enumerate(order[:2], 9):
        send(which, hour)
        envelope, to, _ = last(opened)
        assert (envelope.outcome, to) == ("accepted", "swj@example.gov.cn")
    missing = ("统计表", "工作总结", "加盖公章扫描件")[order[2]]
    words = last(opened)[2]
    assert f"{missing}：还缺" in words
    assert order[2] == 0 or f"还缺：{missing}。可以单独补报" in words
    send(order[2], 11)
    assert parts() == {"workbook": True, "summary": True, "scan": True}
    assert "还缺" not in last(opened)[2]
    (campaign,) = status_document(None, at(11, 25))["campaigns"]
    assert campaign["rounds"][0]["parts"] == {"expected": 3, "workbook": 1, "summary": 1, "scan": 1, "complete": 1}


def test_what_is_withdrawn_takes_its_summary_and_scan_along_and_they_may_come_again(opened: Office) -> None:
    files = (("报表.xlsx", filled(opened)), ("总结.docx", docx(SUMMARY)), ("盖章件.pdf", SCAN))
    mailed(opened, at(11, 20), "swj@example.gov.cn", *files)
    assert parts() == {"workbook": True, "summary": True, "scan": True}
    envelope = last(opened)[0].id
    taken = Order(Kind.WITHDRAW, Selection((envelope,)), "张甲", "联席办主任", "来函", granted={"envelope": envelope})
    decide(taken, at(11, 20, 11), confirm=True)
    assert parts() == {"workbook": False, "summary": False, "scan": False}
    mailed(opened, at(11, 20, 12), "swj@example.gov.cn", *files)
    assert parts() == {"workbook": True, "summary": True, "scan": True}


def test_a_summary_that_came_alone_can_be_withdrawn_and_the_one_before_it_counts_again(opened: Office) -> None:
    mailed(opened, at(11, 20), "swj@example.gov.cn", ("总结.docx", docx(SUMMARY)))
    mailed(opened, at(11, 20, 10), "swj@example.gov.cn", ("他局总结.docx", docx(["一、主要做法"])), ("盖章件.pdf", SCAN))
    assert parts() == {"workbook": False, "summary": True, "scan": True}
    envelope = last(opened)[0].id
    taken = Order(Kind.WITHDRAW, Selection((envelope,)), "张甲", "联席办主任", "来电", granted={"envelope": envelope})
    shown = decide(taken, at(11, 20, 11), confirm=False)
    assert shown.notes == ("工作总结《他局总结.docx》、加盖公章扫描件《盖章件.pdf》不再计入",)
    assert parts()["scan"]
    assert decide(taken, at(11, 20, 11), confirm=True).notes == shown.notes
    assert parts() == {"workbook": False, "summary": True, "scan": False}
    with opened.ledger() as ledger:
        (told,) = [one for one in ledger.messages() if one.kind == "decision"]
    assert told.to_email == "swj@example.gov.cn"
    assert "工作总结《他局总结.docx》" in text_of(opened, told) and "以下各项" not in text_of(opened, told)
    with pytest.raises(Refused, match=f"来件{envelope}没有带来任何现在有效的报送"):
        decide(taken, at(11, 20, 12), confirm=True)
    assert verify().faults == ()


def test_a_report_without_its_other_parts_is_received_and_what_lacks_is_shown(opened: Office) -> None:
    files = (("报表.xlsx", filled(opened)), ("总结.doc", OLD))
    mailed(opened, at(11, 20), "swj@example.gov.cn", *files)
    words = last(opened)[2]
    assert "还缺：工作总结、加盖公章扫描件" in words and "另存为 .docx" in words
    assert item_document(LEAD, at(11, 25))["state"] == "received"
    mailed(opened, at(11, 21), "swj@example.gov.cn", ("总结.docx", docx(["一、主要做法"])))
    page = (opened.home / "台账.html").read_text("utf-8")
    assert "缺少标题：亮点经验、下一步工作打算" in page and "缺少标题：亮点经验、下一步工作打算" in last(opened)[2]
    copies = [path.name for path in (opened.home / "parts").rglob("*.docx")]
    assert copies == ["1 总结.docx"] and "1%20%E6%80%BB%E7%BB%93.docx" in page


def test_figures_in_prose_that_differ_are_told_and_never_counted(opened: Office) -> None:
    prose = docx(["一、主要做法", "共立案13件，出动执法人员40人次。"])
    files = (("报表.xlsx", filled(opened)), ("总结.docx", prose))
    mailed(opened, at(11, 20), "swj@example.gov.cn", *files)
    told = "工作总结写“立案13件”，统计表中“立案”本期合计为3件"
    envelope, _, words = last(opened)
    assert envelope.outcome == "accepted" and told in words and "出动执法人员40" not in words
    assert told in (opened.home / "台账.html").read_text("utf-8")
    with opened.ledger() as ledger:
        assert {fact.value for fact in ledger.figures("test-2020", "own") if fact.indicator == "cases_filed"} == {3}


def test_versions_are_told_cell_by_cell_and_an_old_file_never_comes_back(
    opened: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = filled(opened), filled(opened, **{"立案（件）": 5, "结案（件）": 5})
    zero = filled(opened, **dict.fromkeys(OWN, 0), nil=True)
    outcomes, said = [], []
    for day, data in enumerate(
        (first, second, first, edited(second, lambda book: setattr(book.properties, "title", "又存一次")), zero), 16
    ):
        drop(opened, "报表.xlsx", data, at(11, day))
        envelope, _, words = last(opened)
        outcomes.append(envelope.outcome)
        said.append(words)
    assert outcomes == ["accepted", "accepted", "duplicate", "accepted", "accepted"]
    assert "与上一版相比" not in said[0] + said[2] + said[3]
    assert "立案：3 → 5（牵头任务!" in said[1] and "结案：2 → 5（牵头任务!" in said[1] and "检查经营主体：" not in said[1]
    assert "以最近一次通过核对的报表为准" in said[2]
    assert "第3版，替换此前各版、与上一版相同" in said[3]
    assert "改报零报告" in said[4] and "立案：5 → 0" in said[4]
    series = item_document(LEAD, at(11, 25))["versions"]
    assert [(one["version"], one["counts"], one["nil"]) for one in series] == [
        (1, False, False), (2, False, False), (3, False, False), (4, True, True),
    ]  # fmt: skip
    show_item(item_document(LEAD, at(11, 25)))
    assert "改报零报告" in capsys.readouterr().out


def test_a_returned_version_leaves_the_one_before_in_effect_and_says_so(opened: Office) -> None:
    drop(opened, "报表.xlsx", filled(opened), at(11, 16))
    drop(opened, "报表.xlsx", filled(opened, **{"立案（件）": "三件"}), at(11, 17))
    envelope, _, words = last(opened)
    assert envelope.outcome == "returned" and "此前的第1版仍然有效" in words
    assert [one["counts"] for one in item_document(LEAD, at(11, 25))["versions"]] == [True, False]


def test_what_comes_with_a_workbook_that_brings_nothing_is_not_lost(opened: Office) -> None:
    form = filled(opened)
    mailed(opened, at(11, 16), "swj@example.gov.cn", ("报表.xlsx", form))
    mailed(opened, at(11, 17), "swj@example.gov.cn", ("报表.xlsx", form), ("盖章.pdf", SCAN))
    assert last(opened)[0].outcome == "accepted" and parts()["scan"]
    mailed(opened, at(11, 18), "swj@example.gov.cn", ("报表.xlsx", b"<html>"), ("总结.docx", docx(SUMMARY)))
    envelope, _, words = last(opened)
    assert envelope.outcome == "returned" and "网页" in words and "收到工作总结，已登记" in words and parts()["summary"]
    mailed(opened, at(11, 19), "swj@example.gov.cn", ("盖章.pdf", SCAN))
    assert last(opened)[0].outcome == "duplicate"


def test_parts_come_through_an_upload_link_for_its_department_and_round_alone(opened: Office) -> None:
    scope = Scope(FIRST_ROUND, "swj", date(2020, 12, 31))
    hand_in(scope, "page", [("盖章.pdf", SCAN), ("总结.docx", docx(SUMMARY))], at(11, 18))
    assert parts() == {"workbook": False, "summary": True, "scan": True}
    shown = {one.name: one.present for one in upload_view(scope, at(11, 18)).materials}
    assert shown == {"统计表": False, "工作总结": True, "加盖公章扫描件": True}
    hand_in(scope, "page", [("报表.xlsx", filled(opened, "gaj", "配合任务", 3))], at(11, 19))
    envelope, to, _ = last(opened)
    assert (envelope.outcome, to) == ("quarantined", "swj@example.gov.cn") and "属于另一单位" in envelope.reason
    page_link = [path.name for path in (opened.home / "parts" / envelope.id).iterdir()]
    assert page_link == ["0 报表.xlsx"]  # what came through no folder can be opened all the same


OWN_ADDRESS, OTHER = "swj@example.gov.cn", "x@example.com"
FORGED = (
    *(f"From: {OWN_ADDRESS}{mark}<{OTHER}>" for mark in (" ", "", "]", ">", "\t", "\n ", "\u200b", "（", ";", ",", ":", "\\")),
    *(f"From: {name} <{OTHER}>" for name in (f'"{OWN_ADDRESS}"', f'"a <{OWN_ADDRESS}>"', f"({OWN_ADDRESS})", f"'{OWN_ADDRESS}'")),
    *(f"From: <{OTHER}>{mark}{OWN_ADDRESS}" for mark in (" ", ", ", " (", ";", "\n\t")),
    *(f"From: {one}" for one in (
        "swj@ехample.gov.cn", "swj@xn--ample-2of0d.gov.cn", "swj@example.gov.cn.example.com", "swj@example.gov.cn, x@example.com",
        "swj-ke@example.gov.cn", "swj+x@example.gov.cn", "ｓｗｊ@example.gov.cn", "swj@example.gov.cn@example.com",
        "x@example.com@example.gov.cn", "swj@mail.example.gov.cn", "swj@example.gov.co", "swj@example.gov.cn\u202e",
        "swj@@example.gov.cn", "@example.com:swj@example.gov.cn", "swj%example.gov.cn@example.com", "swj", "",
        "=?utf-8?B?c3dqQGV4YW1wbGUuZ292LmNu?= <x@example.com>", "=?utf-8?Q?swj=40example.gov.cn?= x@example.com",
        "swj@example.gov.cn\x00@example.com", "undisclosed: swj@example.gov.cn, x@example.com;",
    )),
    f"From: {OWN_ADDRESS}\nFrom: {OTHER}",
    f"From: {OTHER}\nFrom: {OWN_ADDRESS}",
    f"FROM: {OTHER}\nfrom: {OWN_ADDRESS}",
    f"Sender: {OWN_ADDRESS}\nReply-To: {OWN_ADDRESS}\nReturn-Path: <{OWN_ADDRESS}>\nFrom: {OTHER}",
    f"Resent-From: {OWN_ADDRESS}\nX-Original-From: {OWN_ADDRESS}\nFrom: {OTHER}",
)  # fmt: skip


def test_only_the_registered_senders_own_address_speaks_for_a_department(opened: Office) -> None:
    form = filled(opened)
    for number, header in enumerate(FORGED):
        mail = letter(OTHER, ("报表.xlsx", form)).replace(f"From: {OTHER}".encode(), header.encode())
        (opened.settings.watched_folder / f"{number:02} 信.eml").write_bytes(mail)
    tick.collect(at(11, 20))
    with opened.ledger() as ledger:
        came = {int(one.name.split()[0]): one for one in ledger.envelopes()}
        told = {one.key: one.to_email for one in ledger.messages() if one.kind == "receipt"}
        assert ledger.submissions(FIRST_ROUND) == [] and ledger.parts(FIRST_ROUND) == []
    assert len(FORGED) >= 40 and len(came) == len(FORGED)
    taken = {FORGED[number]: (one.outcome, one.department) for number, one in came.items()}
    assert {line: found for line, found in taken.items() if found != ("quarantined", None)} == {}
    # whose form it is can say whether it was theirs; nothing goes to a strange address
    assert set(told.values()) == {OWN_ADDRESS}
    _, _, words = last(opened)
    assert "没有计入" in words and "请从登记的邮箱重新发送" in words
    page = (opened.home / "台账.html").read_text("utf-8")
    assert f"待核来件（{len(FORGED)}件）" in page and "%E4%BF%A1.eml" in page.split('id="unclear"')[1]


def test_files_nobody_can_place_are_kept_for_the_office(opened: Office) -> None:
    drop(opened, "盖章件.pdf", SCAN, at(11, 18))
    assert (last(opened)[0].outcome, last(opened)[1]) == ("quarantined", "office@example.gov.cn")
    drop(opened, "总结.docx", docx(SUMMARY), at(11, 19))  # its title names the department
    assert (last(opened)[0].outcome, last(opened)[0].department) == ("accepted", "swj")
    mailed(opened, at(11, 20), "x@example.com", ("总结.docx", docx(SUMMARY)))
    assert last(opened)[0].outcome == "quarantined"
    mailed(opened, at(11, 21), "swj@example.gov.cn", ("盖章.pdf", SCAN), Auto_Submitted="auto-replied")
    with opened.ledger() as ledger:  # an answering machine hands nothing in, and is not answered
        assert (ledger.envelopes()[-1].kind, ledger.envelopes()[-1].outcome) == ("machine", None)
    assert not parts()["scan"]


def test_a_scan_that_says_another_figure_than_the_table_is_shown_by_its_name() -> None:
    said = Mention("cases_filed", Decimal(15), Decimal(1), "立案15件")
    scan = PartRecord("R-1", "盖章件.pdf", "0" * 64, "scan", figures=(said,))
    parts = RoundParts((), {}, {"swj": [scan]}, {"swj": {"cases_filed": [Decimal(12)]}}, {"cases_filed": ("立案", "件")})
    (finding,) = parts.differences("swj")
    assert finding.sheet == "盖章件.pdf" and "盖章扫描件写“立案15件”" in finding.message and "合计为12件" in finding.message
    agreeing = replace(scan, figures=(replace(said, value=Decimal(12)),))
    assert replace(parts, arrived={"swj": [agreeing]}).differences("swj") == ()
