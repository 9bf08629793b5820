"""所 → 县区局 → 市 → 省 → 总局: three offices, two doors, and every figure the same at each level, down to a cell of a 所."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaigns.decisions import Effect, Kind, Selection
from campaigns.definition import Duty, Upward
from campaigns.organs import Directory, Group, Organ
from campaigns.pedigree import Opened
from campaigns.plan import Plan, expand
from campaigns.rollup import Fact, RollUp
from campaigns.workdays import OfficeHours
from flows import tick
from tasks import upward
from tasks.campaign import launch, standings_of
from tasks.decide import decide
from tasks.entering import release
from tasks.office import Office, office
from tasks.trace import trace
from tests.builders import FIRST_ROUND, WORKDAYS, organ, small_definition
from tests.flows.test_tick import LAUNCHED, at, drop, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.tasks.test_decide import order
from tests.two_offices import Superior, nation_plan, province_plan, standing_in, superior

NOW, END = at(12, 2), at(12, 29)  # the clocks of the offices above stand between them
UP = Upward(to="上级", codes={"cases": "cases_filed", "closed": "cases_closed"})
FILED = {"dong1": 3, "dong2": 5, "xi1": 7, "dong": 11, "xi": 13, "shiju": 17}  # cases that each says it filed


def city_plan() -> Plan:
    """Return a city's campaign: 所 report to the bureau of their county, the bureaus and the city's own to the city's office."""

    def below(code: str, name: str, level: str, parent: str) -> Organ:
        return organ(code, name, level).model_copy(update={"parent": parent})

    organs = (
        organ("zongju", "总局", "总局"),
        below("sheng", "省局", "省", "zongju"),
        below("shiju", "市局", "市", "sheng"),
        below("dong", "东山县局", "县", "shiju"),
        below("xi", "西山县局", "县", "shiju"),
        below("dong1", "东山一所", "所", "dong"),
        below("dong2", "东山二所", "所", "dong"),
        below("xi1", "西山一所", "所", "xi"),
    )
    groups = (Group(id="stations", name="各所", members=("dong1", "dong2", "xi1")),)
    small = small_definition()
    (report,) = small.reports
    first, second = report.hops
    changed = {
        "duties": (
            Duty(number=1, title="查处案件", joint_leads=("东山县局", "西山县局"), cooperating=("各所",)),
            Duty(number=2, title="打造商圈", lead=("市局",)),
        ),
        "reports": (report.model_copy(update={"hops": (first.model_copy(update={"to": "parent"}), second), "upward": UP}),),
    }
    directory = Directory(id="test-city", title="测试市通讯录", organs=organs, groups=groups)
    return expand(small.model_copy(update=changed), directory, WORKDAYS, OfficeHours())


@pytest.fixture
def city(office: Office, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return the city's office: everybody has reported."""
    monkeypatch.setenv("LIANDONG_UPWARD__ADDRESSES", '["127.0.0.1"]')
    launch(city_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    for unit, filed in FILED.items():
        report(unit, filed)
    return office


@pytest.fixture
def province(tmp_path: Path) -> Iterator[Superior]:
    with superior(tmp_path / "province", province_plan(UP.model_copy(update={"codes": {}})), "ceshi", at(12, 22)) as found:
        found.open()
        yield found


@pytest.fixture
def nation(tmp_path: Path) -> Iterator[Superior]:
    with superior(tmp_path / "nation", nation_plan(), "sheng", at(12, 28)) as found:
        found.open()
        yield found


def report(unit: str, filed: int) -> str:
    """Return the number of the envelope in which a unit of the city says how many cases it filed."""
    sheet, duty = ("配合任务", 1) if unit[-1].isdigit() else ("牵头任务", 2 if unit == "shiju" else 1)
    figures = OWN | {"立案（件）": filed}
    drop(
        office(),
        f"{unit}-{filed}.xlsx",
        edited(newest_form(office(), unit), lambda book: fill_in(book, sheet, duty, figures)),
        NOW,
    )
    with office().ledger() as ledger:
        return max(one.id for one in ledger.envelopes())


def decided(kind: Kind, round_id: str, *units: str, duties: tuple[int, ...] = (1,)) -> Effect:
    return decide(replace(order(kind), selection=Selection((round_id,), units, duties)), NOW, confirm=True)


def filed(round_id: str, indicator: str, duty: int | None = None, place: str = "") -> tuple[RollUp, Opened]:
    rollup, (opened,) = trace(round_id, [indicator], duty, place, END)
    return rollup, opened


def in_cell(at: Office, fact: Fact) -> Decimal:
    """Return what stands in the cell that a figure is said to come from, in the file as it was stored."""
    with at.ledger() as ledger:
        data = at.bytes_of(ledger.envelope(fact.envelope).sha256)
    return Decimal(str(load_workbook(BytesIO(data))[fact.sheet][fact.cell].value))


def test_each_level_has_the_figures_of_all_below_it_and_opens_to_their_cells(city: Office) -> None:
    rollup, opened = filed(FIRST_ROUND, "cases_filed")
    levels: dict[str, list[int]] = defaultdict(list)
    for one in rollup.places:
        levels[one.level].append(int(rollup.period.by_place[one.code]["cases_filed"]))
    assert levels == {"总局": [56], "省": [56], "市": [56], "县": [19, 20], "所": [3, 5, 7]}
    assert {one.department: one.value for one in opened.facts} == FILED
    assert all(in_cell(city, one) == one.value for one in opened.facts)
    _, county = filed(FIRST_ROUND, "cases_filed", 1, "东山县局")
    assert county.period == 19 and dict(county.below) == {"东山一所": 3, "东山二所": 5}
    assert {one.department for one in county.facts} == {"dong", "dong1", "dong2"}


def test_approving_a_county_holds_its_stations_and_reopening_one_frees_its_chain_alone(city: Office) -> None:
    def of(*units: str) -> set[str]:
        return {f"{FIRST_ROUND}/1/{unit}" for unit in units}

    assert set(decided(Kind.APPROVE, FIRST_ROUND, "东山县局").decision.scope) == of("dong", "dong1", "dong2")
    held = report("dong1", 30)
    report("xi1", 70)
    assert {unit: filed(FIRST_ROUND, "cases_filed", 1, unit)[1].period for unit in ("dong", "xi")} == {"dong": 19, "xi": 83}
    freed = decided(Kind.UNAPPROVE, FIRST_ROUND, "东山一所")
    assert set(freed.decision.scope) == of("dong", "dong1")
    assert [held in told for told in release(freed, NOW)] == [True]
    assert filed(FIRST_ROUND, "cases_filed", 1, "dong")[1].period == 46
    assert {code for code, one in standings_of("test-2020").items() if one.approved} == of("dong2")


def test_a_cell_of_a_station_travels_to_the_top_and_is_found_again_from_there(
    city: Office, province: Superior, nation: Superior
) -> None:
    sent = upward.submit(FIRST_ROUND, province.link, NOW)
    with standing_in(province.office.home):
        higher = upward.submit(province.round, nation.link, END)
        rollup, in_province = filed(province.round, "cases", 1, "ceshi")
    with standing_in(nation.office.home):
        _, at_top = filed(nation.round, "cases", 1)
    assert [at_top.period, in_province.period, rollup.overall["cases"]] == [39, 39, 56]

    def came(at: Office, figure: Opened) -> str:
        (fact,) = figure.facts
        assert in_cell(at, fact) == fact.value
        with at.ledger() as ledger:
            return ledger.envelope(fact.envelope).sha256

    # what lies in the raw store above is, byte for byte, what the office below recorded of its own roll-up
    assert (came(nation.office, at_top), came(province.office, in_province)) == (higher.sha256, sent.sha256)
    with city.ledger() as ledger:
        assert ledger.rollups(FIRST_ROUND)[-1].version == sent.version
    _, below = filed(FIRST_ROUND, "cases_filed", 1)
    assert below.period == at_top.period and {one.department: in_cell(city, one) for one in below.facts}["dong1"] == 3

    with standing_in(nation.office.home):
        decided(Kind.APPROVE, nation.round, "省联席办", duties=())
    report("dong1", 4)  # a correction at the bottom goes up until it meets what was approved
    assert upward.submit(FIRST_ROUND, None, NOW).outcome == "accepted"
    with standing_in(province.office.home):
        assert upward.submit(province.round, None, END).outcome == "quarantined"
    assert (province.figures()[1, "cases"], nation.figures()[1, "cases"]) == ("40", "39")
    with standing_in(nation.office.home):
        release(decided(Kind.UNAPPROVE, nation.round, "省联席办", duties=()), NOW)
    assert nation.figures()[1, "cases"] == "40"
