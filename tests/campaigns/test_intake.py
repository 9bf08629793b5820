"""What becomes of an envelope, from facts alone."""

import pytest

from campaigns.forms import Form
from campaigns.intake import (
    Decision,
    Earlier,
    Issued,
    Read,
    Sender,
    Unissued,
    decided,
    identity,
    loose,
    named_in,
    registered,
    taken,
    with_parts,
)
from campaigns.letters import Outcome
from campaigns.submission import Book, Refusal
from tests.builders import FIRST_ROUND, SECOND_ROUND, small_directory
from tests.integrations.excel.filling import form_of

GAJ = form_of("gaj")


@pytest.mark.parametrize(
    ("sender", "says"),
    [
        (Sender("folder"), None),
        (Sender("mail", frozenset({"gaj"}), "gaj@example.gov.cn"), None),
        (Sender("mail", frozenset({"gaj", "swj"}), "both@example.gov.cn"), None),  # one liaison may serve two departments
        (Sender("link", frozenset({"gaj"}), round=FIRST_ROUND), None),
        (Sender("link", frozenset({"gaj"}), round=SECOND_ROUND), "不是这个上传链接所属报送期"),
        (Sender("link", frozenset({"swj"}), round=FIRST_ROUND), "上传链接属于另一单位"),
        (Sender("mail", frozenset({"swj"}), "swj@example.gov.cn"), "发件单位与报表单位不一致"),
        (Sender("mail", frozenset(), "x@example.com"), "来件邮箱“x@example.com”没有登记"),
        (Sender("mail"), "没有可辨认的发件邮箱"),
    ],
)
def test_a_form_is_taken_only_from_who_speaks_for_its_department(sender: Sender, says: str | None) -> None:
    decision = identity("报表.xlsx", GAJ, sender)
    if says is None:
        assert decision is None
    else:
        assert decision and decision.outcome is Outcome.QUARANTINED and says in decision.reason


@pytest.mark.parametrize(
    ("told", "sender", "outcome", "rule"),
    [
        (Unissued.NO_TOKEN, Sender("folder"), Outcome.REFUSED, "token-missing"),
        (Unissued.FORGED, Sender("folder"), Outcome.QUARANTINED, "token-invalid"),
        (Unissued.UNKNOWN, Sender("mail", address="gaj@example.gov.cn"), Outcome.QUARANTINED, "form-unknown"),
        (Issued(GAJ, small_directory(), cancelled="纪要"), Sender("folder"), Outcome.QUARANTINED, "campaign-cancelled"),
        (Issued(GAJ, small_directory(), closed="6月21日"), Sender("folder"), Outcome.RETURNED, "round-closed"),
        (
            Issued(GAJ, small_directory(), earlier=Earlier("R-1", "6月1日", "returned"), cancelled="纪要"),
            Sender("folder"),
            Outcome.DUPLICATE,
            "duplicate",
        ),
        (
            Issued(GAJ, small_directory(), closed="6月21日"),
            Sender("mail", address="x@example.com"),
            Outcome.QUARANTINED,
            "other-sender",
        ),
        (Issued(GAJ, small_directory()), Sender("mail", address="GAJ@example.gov.cn"), Outcome.RETURNED, ""),
    ],
)
def test_one_decision_for_a_workbook_whoever_asks(told: Issued | Unissued, sender: Sender, outcome: Outcome, rule: str) -> None:
    found = decided("报表.xlsx", "0" * 64, Book("xlsx", ()), told, sender)
    assert (found.decision.outcome, found.decision.rule, found.checked is None) == (outcome, rule, bool(rule))


def test_a_workbook_that_cannot_be_read_is_refused_whatever_it_stands_for() -> None:
    found = decided("报表.xlsx", "0" * 64, Refusal("bomb", "太大"), Unissued.NO_TOKEN, Sender("folder"))
    assert (found.decision.outcome, found.decision.rule, found.decision.reason) == (
        Outcome.REFUSED,
        "bomb",
        "《报表.xlsx》：太大",
    )


def test_who_is_registered_is_a_matter_of_the_campaigns_own_directory() -> None:
    assert registered(small_directory(), "Gaj-Leader@example.gov.cn") == {"gaj"}
    assert registered(small_directory(), "") == registered(small_directory(), "x@example.com") == frozenset()


def workbook(place: int, outcome: Outcome, form: Form | None = GAJ, digest: str = "") -> Read:
    return Read(place, f"{place}.xlsx", digest or str(place), Decision(outcome), form=form)


def test_of_several_workbooks_the_best_is_taken_and_the_others_are_named() -> None:
    found = [workbook(0, Outcome.QUARANTINED, form_of("wlj")), workbook(1, Outcome.REFUSED, None),
             workbook(2, Outcome.RETURNED), workbook(3, Outcome.ACCEPTED), workbook(4, Outcome.ACCEPTED, digest="3")]  # fmt: skip
    chosen, aside = taken(found)
    assert (chosen.place, set(aside)) == (3, {0, 2})
    assert "《0.xlsx》是下发给市文旅局的报表" in chosen.decision.reason and "《2.xlsx》没有受理" in chosen.decision.reason
    assert "《1.xlsx》不是下发的报表或打不开" in chosen.decision.reason and "4.xlsx" not in chosen.decision.reason


def test_parts_by_themselves_are_taken_once_and_only_for_a_known_place() -> None:
    assert loose(["summary", "scan"], {"scan"}, placed=True, name="信") == Decision(Outcome.ACCEPTED, "收到盖章扫描件，已登记。")
    assert loose(["scan"], set(), placed=True, name="信").outcome is Outcome.DUPLICATE
    assert loose(["scan"], {"scan"}, placed=False, name="信").outcome is Outcome.QUARANTINED
    scan = loose(["scan"], {"scan"}, placed=True, name="信")
    assert with_parts(Decision(Outcome.REFUSED, "打不开。"), scan).outcome is Outcome.RETURNED
    assert with_parts(Decision(Outcome.DUPLICATE, "重复。"), scan).outcome is Outcome.ACCEPTED
    assert with_parts(Decision(Outcome.DUPLICATE, "重复。"), loose([], (), placed=False, name="信")).reason == "重复。"


@pytest.mark.parametrize(
    ("texts", "department"),
    [
        (["市商务局盖章件.pdf"], "swj"),
        (["市 工商局 工作总结.docx"], "scjg"),
        (["东山县.pdf"], "dong"),
        (["市商务局转报市公安局.pdf"], None),
        (["盖章件.pdf"], None),
    ],
)
def test_a_file_speaks_for_the_one_department_its_name_holds(texts: list[str], department: str | None) -> None:
    assert named_in(texts, small_directory()) == department


def test_no_department_hands_in_for_another_whichever_two_they_are() -> None:
    codes = [f"d{number}" for number in range(70)]
    for whose in codes:
        form = GAJ.model_copy(update={"department": whose})
        for who in codes:
            senders = (
                Sender("mail", frozenset({who}), f"{who}@example.gov.cn"),
                Sender("link", frozenset({who}), round=FIRST_ROUND),
            )
            for sender in senders:
                assert (identity("报表.xlsx", form, sender) is None) == (who == whose)
