"""A small campaign that has one of everything a roll-up can work out, walked through two rounds in virtual time.

Its departments say what no two formulas make the same of; one is late, one silent, one returned, one reports twice, one nothing
but zero, two run a case together, and one gives a case of the first round another amount in the second.
"""

import json
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import partial
from io import StringIO
from pathlib import Path
from random import Random

from openpyxl import Workbook

from campaigns.clocks import Clock
from campaigns.definition import Duty, Form, Hop, Indicator, Role, Rule, ScoreRule, Scoring, Target
from campaigns.forms import Form as Issued
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from flows import tick
from liandong.cli import run
from liandong.demo import gather
from tasks.archiving import archive
from tasks.campaign import launch
from tasks.closing import publish
from tasks.office import Office
from tests.builders import FIRST_ROUND, SECOND_ROUND, WORKDAYS, small_definition, small_directory
from tests.flows.test_tick import LAUNCHED, at, drop
from tests.integrations.excel.filling import edited

CAMPAIGN = "test-2020"
LAST = at(6, 29, 10, 2021)
Case = tuple[str, Decimal]
FIGURES = ("filed", "closed", "markets", "peak", "mean", "penalty")


def plan() -> Plan:
    """Return two duties, a form with every formula and a list of cases, three targets, and rules of scoring of every kind."""
    small = small_definition()
    (report,) = small.reports
    changed = {
        "duties": (
            Duty(
                number=1, title="查处案件", lead=("市市场监管局",), cooperating=("市商务局", "市公安局", "各县(区)人民政府")
            ),
            Duty(number=2, title="打造商圈", lead=("市商务局",), cooperating=("市市场监管局", "市文旅局")),
        ),
        "reports": (
            report.model_copy(
                update={
                    "form": "every",
                    "more_forms": ("cases",),
                    "clock": Clock(yearly=("06-20", "12-03")),
                    "hops": (Hop(role=Role.COOPERATING, to="lead", working_days_before=5), Hop(role=Role.LEAD, to="office")),
                }
            ),
        ),
        "forms": (
            Form(
                id="every",
                title="统计表",
                indicators=(
                    Indicator(id="filed", label="立案", unit="件"),
                    Indicator(id="closed", label="结案", unit="件"),
                    Indicator(id="markets", label="辖区市场", unit="个", over_periods="latest"),
                    Indicator(id="peak", label="最多同时出动", unit="人", over_periods="max", over_places="max"),
                    Indicator(id="mean", label="月均检查", unit="户次", decimals=1, over_periods="average"),
                    Indicator(id="penalty", label="罚没款", unit="万元", decimals=2),
                    Indicator(id="rate", label="结案率", unit="%", decimals=1, ratio_of=("closed", "filed")),
                ),
            ),
            Form(
                id="cases",
                title="案件明细表",
                layout="list",
                each="联办案件",
                unit="件",
                key="case_no",
                most=4,
                indicators=(
                    Indicator(id="case_no", label="案号", kind="code"),
                    Indicator(id="fine", label="罚款", unit="万元", decimals=2),
                ),
            ),
        ),
        "rules": (Rule(id="few", form="every", text="出动不到五人的请核对", check="peak >= 5"),),
        "targets": (
            Target(
                id="closing", title="累计结案率", form="every", numerator="closed", denominator="filed", unit="%",
                at_least=Decimal(55), kind="binding", over="cumulative",
            ),
            Target(
                id="filing", title="本期立案", form="every", numerator="filed", unit="件", at_least=Decimal(20), kind="expected"
            ),
            Target(
                id="each", title="件均罚没", form="every", numerator="penalty", denominator="filed", unit="万元/件",
                at_most=Decimal("0.4"), by=2021,
            ),
        ),
        "scoring": Scoring(
            basis="测试市考核办法",
            starts_at=Decimal(100),
            rules=(
                ScoreRule(id="rate", title="报送率", each="rate", points=Decimal(10)),
                ScoreRule(id="late", title="迟报", each="late", points=Decimal(-2)),
                ScoreRule(id="missing", title="未报", each="missing", points=Decimal(-5)),
                ScoreRule(id="returned", title="退回", each="returned", points=Decimal("-1.5")),
                ScoreRule(id="warned", title="有疑问", each="warned", points=Decimal("-0.5")),
                ScoreRule(id="met", title="达到目标", each="met", points=Decimal(3)),
                ScoreRule(id="missed", title="未达目标", each="missed", points=Decimal(-3)),
            ),
        ),
    }  # fmt: skip
    return expand(small.model_copy(update=changed), small_directory(), WORKDAYS, OfficeHours())


@dataclass(frozen=True)
class Says:
    """What a department says of a duty: figures by code, cases by number; or that there is nothing."""

    figures: Mapping[str, Decimal | str] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    nil: bool = False


def run_through(office: Office, out: Path) -> None:
    """Walk the campaign and gather every file it made and received, its archive, and what the commands say as data."""
    chance = Random(6)

    def says(*cases: Case, **wrong: str) -> Says:
        """Return figures by chance: fewer cases closed than filed, and a decimal where there may be one."""
        filed = chance.randint(4, 30)
        values: dict[str, Decimal | str] = {
            "filed": Decimal(filed),
            "closed": Decimal(chance.randint(1, filed)),
            "markets": Decimal(chance.randint(1, 9)),
            "peak": Decimal(chance.randint(2, 40)),
            "mean": Decimal(chance.randint(1, 99)) / 10,
            "penalty": Decimal(chance.randint(1, 999)) / 100,
        }
        return Says(values | wrong, cases)

    joint, alone = ("测〔2020〕7号", Decimal("1.25")), ("测〔2020〕8号", Decimal(3))
    launch(plan(), LAUNCHED)
    tick.daily(at(10, 26))
    answer(office, FIRST_ROUND, "swj", at(11, 16), {1: says(joint), 2: says(alone, joint)})
    answer(office, FIRST_ROUND, "gaj", at(11, 17), {1: says((joint[0], Decimal(2)))})  # says another amount of the same case
    publish(CAMPAIGN, FIRST_ROUND, at(11, 18))
    answer(office, FIRST_ROUND, "dong", at(11, 18), {1: says(filed="若干")})
    answer(office, FIRST_ROUND, "dong", at(11, 19), {1: says(("测〔2020〕9号", Decimal("0.5")))})
    answer(office, FIRST_ROUND, "wlj", at(11, 19), {2: Says(nil=True)})
    answer(office, FIRST_ROUND, "gaj", at(11, 20), {1: says((joint[0], Decimal("1.75")))})  # another version
    answer(office, FIRST_ROUND, "scjg", at(12, 4), {1: says(), 2: says()})  # late
    tick.daily(at(12, 11))
    tick.daily(at(5, 24, 10, 2021))
    answer(office, SECOND_ROUND, "swj", at(6, 1, 10, 2021), {1: says(), 2: says(joint)})
    answer(office, SECOND_ROUND, "gaj", at(6, 1, 11, 2021), {1: says((joint[0], Decimal("4.5")), ("测〔2021〕1号", Decimal(1)))})
    answer(office, SECOND_ROUND, "xi", at(6, 1, 12, 2021), {1: says()})
    answer(office, SECOND_ROUND, "wlj", at(6, 1, 13, 2021), {2: says()})
    answer(office, SECOND_ROUND, "scjg", at(6, 2, 10, 2021), {1: says(), 2: says()})
    tick.daily(at(6, 28, 10, 2021))
    tick.daily(LAST)
    files = [asdict(one) for one in gather(out, CAMPAIGN)]
    archive(CAMPAIGN, out / "归档", LAST)
    for name, words in {
        "trace": ["trace", SECOND_ROUND],
        "scores": ["scores"],
        "show": ["show", SECOND_ROUND],
        "status": ["status"],
    }.items():
        told = StringIO()
        with redirect_stdout(told):
            assert run([*words, "--json", "--as-of", LAST.isoformat()]) == 0
        (out / f"{name}.json").write_text(told.getvalue(), "utf-8")
        files.append({"path": f"{name}.json", "kind": name, "department": None, "round": SECOND_ROUND})
    files.append({"path": "归档", "kind": "archive", "department": None, "round": None})
    (out / "index.json").write_text(json.dumps({"campaign": CAMPAIGN, "files": files}, ensure_ascii=False, indent=1), "utf-8")


def answer(office: Office, round_id: str, unit: str, moment: datetime, said: Mapping[int, Says]) -> None:
    """Let a department fill in its newest form and hand it in."""
    with office.ledger() as ledger:
        form = ledger.forms(round_id, unit)[-1]
    layout = Issued.model_validate_json(form.layout)
    drop(office, f"{unit}.xlsx", edited(office.bytes_of(form.sha256), partial(_fill, form=layout, said=said)), moment)


def _fill(book: Workbook, form: Issued, said: Mapping[int, Says]) -> None:
    for block in form.blocks:
        sheet, mine = book[block.sheet], said.get(block.duty)
        if mine is None:
            continue
        if mine.nil:
            sheet[block.nil_cell] = "是"
        elif block.layout == "list":
            for number, (key, fine) in enumerate(mine.cases, start=1):
                sheet[block.cell("own", f"cases#{number}.case_no")] = key
                sheet[block.cell("own", f"cases#{number}.fine")] = float(fine)
        else:
            for code, value in mine.figures.items():
                sheet[block.cell("own", code)] = value if isinstance(value, str) else float(value)
            sheet[block.narrative_cell] = "已开展检查。"
