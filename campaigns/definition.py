"""What a definition file says: a campaign as its notice sets it out, before anything is expanded.

Sections: campaign, directory, phases, duties, reports, forms, rules, ladder, targets, scoring, doubts. Anything the notice does
not say carries `assumed` with the reason, and is counted by `liandong check`.
"""

import calendar
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from campaigns.clocks import Clock, Hour, Identifier
from campaigns.findings import Severity
from campaigns.organs import Code, Name, Record
from campaigns.workdays import Workdays

DayOrMonth = Annotated[str, StringConstraints(pattern=r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Role(StrEnum):
    LEAD = "lead"  # 牵头
    COOPERATING = "cooperating"  # 配合

    @property
    def chinese(self) -> str:
        """Return 牵头 or 配合."""
        return "牵头" if self is Role.LEAD else "配合"


class Part(StrEnum):
    WORKBOOK = "workbook"
    SUMMARY = "summary"
    SCAN = "scan"

    @property
    def chinese(self) -> str:
        """Return the word officers use for this part of a submission."""
        return {"workbook": "统计表", "summary": "工作总结", "scan": "加盖公章扫描件"}[self.value]


class Source(Record):
    """The document a campaign was set up by."""

    title: Text = Field(title="标题")
    body: Text = Field(title="发文机关")
    issued_on: date = Field(title="成文日期")
    clause: Text | None = Field(None, title="条款")
    note: str | None = Field(None, title="说明")


class Document(Record):
    """Another document the notice names: one it rests on, or one it passes down."""

    title: Text = Field(title="标题")
    doc_no: Text | None = Field(None, title="发文字号")
    body: Text | None = Field(None, title="发文机关")
    issued_on: date | None = Field(None, title="成文日期")
    note: str | None = Field(None, title="说明")


class Campaign(Record):
    """What the campaign is, who runs it and between which dates."""

    id: Code = Field(title="代码")
    title: Text = Field(title="名称")
    short_title: Name = Field(title="简称")
    doc_no: str | None = Field(None, title="发文字号")
    office: Name = Field(title="联席会议办公室")
    starts: date = Field(title="起始日期")
    ends: date = Field(title="结束日期")
    source: Source = Field(title="印发文件")
    basis: tuple[Document, ...] = Field((), title="依据文件")
    forwards: Document | None = Field(None, title="转发文件")
    addressees: tuple[Name, ...] = Field((), title="主送")
    contact: Text | None = Field(None, title="联系人", max_length=100)


class Phase(Record):
    """A stretch of the campaign, in whole months or days; a notice may leave its dates open."""

    id: Identifier = Field(title="代码")
    title: Text = Field(title="名称")
    starts: DayOrMonth | None = Field(None, title="起始")
    ends: DayOrMonth | None = Field(None, title="结束")
    needs: tuple[Identifier, ...] = Field((), title="前置阶段")

    @property
    def first_day(self) -> date | None:
        """Return its first day; None when it is open or no such day exists."""
        return day_of(self.starts) if self.starts else None

    @property
    def last_day(self) -> date | None:
        """Return its last day, included; None when it is open or no such day exists."""
        return day_of(self.ends, last=True) if self.ends else None


class Duty(Record):
    """A numbered line of the plan with its departments, by the names the notice uses.

    It has leads (牵头), or joint leads of which each does its own share (按职责分工分别负责). `units` are those whose role the
    notice does not say: until a person has said it the definition cannot be launched.
    """

    number: int = Field(title="序号", ge=1, le=999)
    title: Text = Field(title="任务")
    content: Text | None = Field(None, title="工作内容")
    chapter: str | None = Field(None, title="所属章节")
    clause: Name | None = Field(None, title="条款")
    phase: Identifier | None = Field(None, title="所属阶段")
    lead: tuple[Name, ...] = Field((), title="牵头单位")
    joint_leads: tuple[Name, ...] = Field((), title="分别负责单位")
    cooperating: tuple[Name, ...] = Field((), title="配合单位")
    units: tuple[Name, ...] = Field((), title="责任单位")
    due: DayOrMonth | None = Field(None, title="完成时限")
    needs: tuple[int, ...] = Field((), title="前置任务")

    @property
    def leads(self) -> tuple[str, ...]:
        """Return the names of those who answer for the duty, together or each for its share."""
        return self.lead or self.joint_leads

    @property
    def due_on(self) -> date | None:
        """Return the day by which the work itself is to be done, the last of its month; None when the notice sets none."""
        return day_of(self.due, last=True) if self.due else None


class Hop(Record):
    """One step of a report on its way: who owes it, to whom, in which parts, and how long before the office's date.

    `hour` is the one of the first hop's own date; the last hop's is the clock's.
    """

    role: Role = Field(title="报送角色")
    to: Literal["lead", "parent", "office"] = Field(title="接收方")
    parts: tuple[Part, ...] = Field((Part.WORKBOOK,), title="报送内容", min_length=1)
    working_days_before: int = Field(0, title="提前工作日", ge=0, le=60)
    days_before: int = Field(0, title="提前日数", ge=0, le=90)
    hour: Hour | None = Field(None, title="时刻")

    @property
    def before(self) -> int:
        """Return by how many days of either kind it is due before the clock's date."""
        return self.working_days_before + self.days_before

    def due(self, day: date, workdays: Workdays) -> date:
        """Return its date, from the clock's: so many calendar days before it, then so many working days."""
        return workdays.shift(day - timedelta(days=self.days_before), -self.working_days_before)


class Upward(Record):
    """How the totals of a report go into the form of the office above: its codes from ours, its duties from ours.

    A code that is not named means the same here and there. Without `duties` a duty takes ours of the same number; the only duty
    of a form takes all of ours.
    """

    to: Name = Field(title="上级")
    codes: dict[str, str] = Field({}, title="指标对照")
    duties: dict[int, tuple[int, ...]] = Field({}, title="任务对照")


class Report(Record):
    """One thing the campaign asks for, with its own clock, form and receivers."""

    id: Identifier = Field(title="代码")
    title: Text = Field(title="名称")
    clause: Name | None = Field(None, title="条款")
    form: Identifier = Field(title="报表代码")
    more_forms: tuple[Identifier, ...] = Field((), title="同报报表")
    duties: tuple[int, ...] = Field((), title="涉及任务")
    only: tuple[Name, ...] = Field((), title="应报单位")
    excluding: tuple[Name, ...] = Field((), title="不报单位")
    clock: Clock = Field(title="何时报送")
    hops: tuple[Hop, ...] = Field(title="报送环节", min_length=1)
    opens_working_days_before: int | None = Field(None, title="提前几个工作日下发", ge=1, le=250)
    closes_working_days_after: int | None = Field(None, title="到期几个工作日后汇总", ge=1, le=60)
    summary_headings: tuple[Text, ...] = Field((), title="工作总结应含内容")
    upward: Upward | None = Field(None, title="上报")

    @property
    def forms(self) -> tuple[str, ...]:
        """Return the codes of all forms that are due together, in one workbook."""
        return (self.form, *self.more_forms)

    @property
    def opens_before(self) -> int:
        """Return the working days before its date at which a round opens: as written, else as usual for its clock."""
        return self.clock.lead[0] if self.opens_working_days_before is None else self.opens_working_days_before

    @property
    def closes_after(self) -> int:
        """Return the working days after its date at which a round closes: as written, else as usual for its clock."""
        return self.clock.lead[1] if self.closes_working_days_after is None else self.closes_working_days_after


class Indicator(Record):
    """One thing a form asks for: a figure, or a text that is never added up."""

    id: Identifier = Field(title="代码")
    label: Name = Field(title="指标")
    unit: Name | None = Field(None, title="单位")
    decimals: int = Field(0, title="小数位数", ge=0, le=4)
    group: Name | None = Field(None, title="上级表头")
    sum_of: tuple[Identifier, ...] = Field((), title="合计项")
    ratio_of: tuple[Identifier, ...] = Field((), title="分子和分母", max_length=2)
    over_periods: Literal["sum", "latest", "max", "average"] = Field("sum", title="各期累计")
    over_places: Literal["sum", "max"] = Field("sum", title="各单位汇总")
    kind: Literal["number", "text", "code"] = Field("number", title="类型")
    options: tuple[Name, ...] = Field((), title="选项")
    prompt: Text | None = Field(None, title="填写提示", max_length=100)
    only: tuple[Name, ...] = Field((), title="限填单位")
    excluding: tuple[Name, ...] = Field((), title="不填单位")


class Row(Record):
    """One row of a matrix form; each of its cells is a figure of its own, `row.indicator`."""

    id: Identifier = Field(title="代码")
    label: Name = Field(title="行名")
    sum_of: tuple[Identifier, ...] = Field((), title="合计项")
    without: tuple[Identifier, ...] = Field((), title="不填指标")


class Form(Record):
    """What a department fills in: indicators and a text on progress, in one of four layouts."""

    id: Identifier = Field(title="代码")
    title: Text = Field(title="表名")
    layout: Literal["duties", "matrix", "vertical", "list"] = Field("duties", title="版式")
    indicators: tuple[Indicator, ...] = Field(title="指标", min_length=1)
    rows: tuple[Row, ...] = Field((), title="行")
    each: Name | None = Field(None, title="每行填什么")
    unit: Name | None = Field(None, title="计数单位")
    key: Identifier | None = Field(None, title="识别栏")
    most: int = Field(20, title="最多行数", ge=1, le=200)
    narrative: Name = Field("工作进展", title="文字栏名称")
    notes: tuple[Text, ...] = Field((), title="填写说明")
    only: tuple[Name, ...] = Field((), title="限填单位")
    excluding: tuple[Name, ...] = Field((), title="不填单位")


class Rule(Record):
    """A relation between figures; its text is the form's instruction, the check and the message."""

    id: Identifier = Field(title="代码")
    form: Identifier = Field(title="报表代码")
    text: Text = Field(title="说明")
    check: Text = Field(title="关系式")
    over: Literal["period", "cumulative"] = Field("period", title="本期或累计")
    severity: Literal[Severity.BLOCK, Severity.WARNING] = Field(Severity.WARNING, title="级别")
    stage: Literal["shadow", "warn", "block"] = Field("block", title="试行阶段")

    @property
    def effect(self) -> Severity:
        """Return what a failure brings now: a rule on trial is only recorded, then only told, before it can return a report."""
        if self.stage == "shadow":
            return Severity.SHADOW
        return Severity.WARNING if self.stage == "warn" else self.severity


class Paper(StrEnum):
    """A paper that a person signs; the program only drafts it."""

    URGE = "urge"
    SUPERVISE = "supervise"
    BULLETIN = "bulletin"
    INTERVIEW = "interview"
    EXPLAIN = "explain"

    @property
    def chinese(self) -> str:
        """Return what officers call the paper."""
        return {
            "urge": "催办函",
            "supervise": "督办单",
            "bulletin": "通报",
            "interview": "约谈建议",
            "explain": "情况说明",
        }[self.value]


class Rung(Record):
    """A step of the reminder ladder: when before or after a date, of what that is still owed, who hears it, and how.

    Without `hour` or `office_hours` it speaks at the first daily round of its day.
    """

    id: Identifier = Field(title="代码")
    title: Name = Field(title="名称")
    working_days: int = Field(0, title="工作日", ge=-60, le=60)
    hour: ClockTime | None = Field(None, title="钟点")
    office_hours: int | None = Field(None, title="办公小时", ge=-40, le=40)
    states: tuple[Literal["open", "missing", "returned"], ...] = Field((), title="针对状态")
    to: tuple[Literal["liaison", "deputy", "lead", "leader", "office"], ...] = Field(title="提醒对象", min_length=1)
    channel: Literal["mail", "phone", "im"] = Field("mail", title="方式")
    paper: Literal[Paper.URGE, Paper.SUPERVISE, Paper.BULLETIN, Paper.INTERVIEW] | None = Field(None, title="文书")
    times: int = Field(1, title="第几次逾期起", ge=1, le=20)

    @property
    def audiences(self) -> tuple[str, ...]:
        """Return who gets the letters: the office where a person has to telephone, to pass words on or to sign a paper."""
        if self.channel != "mail":
            return ("office",)
        return self.to if self.paper is None or "office" in self.to else (*self.to, "office")


_USUAL = "没有规定催报，按通行做法拟定"
USUAL_LADDER = (
    Rung(id="before3", title="到期前3个工作日", working_days=-3, to=("liaison",), assumed=_USUAL),
    Rung(id="before1", title="到期前1个工作日", working_days=-1, to=("liaison", "deputy"), assumed=_USUAL),
    Rung(id="due", title="到期当天", to=("liaison", "lead", "office"), assumed=_USUAL),
    Rung(
        id="after1",
        title="逾期1个工作日督办",
        working_days=1,
        to=("liaison", "lead", "leader", "office"),
        paper=Paper.SUPERVISE,
        assumed=_USUAL,
    ),
    Rung(id="after3", title="逾期3个工作日通报", working_days=3, to=("office",), paper=Paper.BULLETIN, assumed=_USUAL),
    Rung(id="again", title="再次逾期建议约谈", working_days=4, to=("office",), paper=Paper.INTERVIEW, times=2, assumed=_USUAL),
)


class Target(Record):
    """What a figure, or a share of two, is to come to: a bound, from which year it holds, and how binding it is.

    `%` counts in hundredths. Before the year of `by` it is on its way, neither met nor missed. The bound is that of the whole and
    of each department alike, or of the one `of` names; with `quotas` each department named has a bound of its own.
    """

    id: Identifier = Field(title="代码")
    title: Name = Field(title="指标")
    form: Identifier = Field(title="报表代码")
    numerator: Text = Field(title="分子")
    denominator: Text | None = Field(None, title="分母")
    unit: Name = Field(title="单位")
    at_least: Decimal | None = Field(None, title="不低于")
    at_most: Decimal | None = Field(None, title="不高于")
    of: Literal["whole", "each"] | None = Field(None, title="考核对象")
    quotas: dict[Name, Decimal] = Field({}, title="分解到各单位")
    kind: Literal["binding", "expected"] | None = Field(None, title="属性")
    over: Literal["period", "cumulative"] = Field("period", title="本期或累计")
    by: int | None = Field(None, title="目标年", ge=2000, le=2100)

    @property
    def chinese(self) -> str:
        """Return 约束性 or 预期性; nothing where the document does not say."""
        return {"binding": "约束性", "expected": "预期性", None: ""}[self.kind]

    @property
    def bound(self) -> str:
        """Return what officers read: `不低于90%`."""
        word, value = ("不低于", self.at_least) if self.at_least is not None else ("不高于", self.at_most)
        return f"{word}{value:f}{self.unit}" if value is not None else ""

    def with_bound(self, value: Decimal) -> "Target":
        """Return the same target with another bound."""
        return self.model_copy(update={"at_least" if self.at_least is not None else "at_most": value})


class ScoreRule(Record):
    """One rule by which reporting is scored: what happens, and the points of each time; of `rate`, the points of the whole."""

    id: Identifier = Field(title="代码")
    title: Name = Field(title="名称")
    each: Literal["late", "missing", "returned", "warned", "rate", "met", "missed"] = Field(title="计分事项")
    points: Decimal = Field(title="分值")


class Scoring(Record):
    """How departments are scored; the document it rests on is named, and nothing is scored without one."""

    basis: Text = Field(title="依据")
    starts_at: Decimal = Field(Decimal(0), title="基础分")
    rules: tuple[ScoreRule, ...] = Field(title="计分规则", min_length=1)


class Ratio(Record):
    """A ratio of two figures that keeps within bounds in honest data."""

    id: Identifier = Field(title="代码")
    title: Name = Field(title="名称")
    form: Identifier = Field(title="报表代码")
    numerator: Text = Field(title="分子")
    denominator: Text = Field(title="分母")
    at_least: Decimal | None = Field(None, title="不低于")
    at_most: Decimal | None = Field(None, title="不高于")


class Doubts(Record):
    """From where on figures raise a question; a question is put, and never returns a report."""

    copied: int = Field(4, title="相同项数", ge=2, le=50)
    constant_rounds: int = Field(4, title="不变期数", ge=3, le=20)
    peers: int = Field(5, title="相同单位数", ge=3, le=100)
    least: Decimal = Field(Decimal(5), title="起算值", ge=1)
    jump: Decimal = Field(Decimal(8), title="突变倍数", gt=1)
    ratios: tuple[Ratio, ...] = Field((), title="比率")


USUAL_DOUBTS = Doubts(assumed="没有规定数据疑问的界限，按经验拟定；只作疑问，不据此退回")


class Definition(Record):
    """A whole definition file."""

    campaign: Campaign = Field(title="专项行动")
    directory: Code = Field(title="通讯录")
    phases: tuple[Phase, ...] = Field((), title="阶段")
    duties: tuple[Duty, ...] = Field(title="任务", min_length=1)
    reports: tuple[Report, ...] = Field(title="报送事项", min_length=1)
    forms: tuple[Form, ...] = Field(title="报表", min_length=1)
    rules: tuple[Rule, ...] = Field((), title="逻辑关系")
    ladder: tuple[Rung, ...] = Field(USUAL_LADDER, title="催报")
    targets: tuple[Target, ...] = Field((), title="目标")
    scoring: Scoring | None = Field(None, title="考核计分")
    doubts: Doubts = Field(USUAL_DOUBTS, title="数据疑问")

    def duty(self, number: int) -> Duty:
        """Return the duty with that number; KeyError when there is none."""
        for duty in self.duties:
            if duty.number == number:
                return duty
        raise KeyError(number)

    def needs_of(self, duty: Duty) -> tuple[int, ...]:
        """Return the numbers of the duties that come before a duty: those it needs, and all of the phases its phase needs."""
        before = next((phase.needs for phase in self.phases if phase.id == duty.phase), ())
        return tuple(dict.fromkeys((*duty.needs, *(one.number for one in self.duties if one.phase in before))))

    def report(self, code: str) -> Report:
        """Return the report with that code; KeyError when there is none."""
        for report in self.reports:
            if report.id == code:
                return report
        raise KeyError(code)

    def form(self, code: str) -> Form:
        """Return the form with that code; KeyError when there is none."""
        for form in self.forms:
            if form.id == code:
                return form
        raise KeyError(code)


class Parameter(Record):
    """A value a template asks for, written `<名称>` where it belongs."""

    name: Annotated[str, StringConstraints(pattern=r"^[^<>\s=]{1,20}$")] = Field(title="名称")
    kind: Literal["text", "number", "date", "month", "names", "code"] = Field("text", title="类型")
    example: Any = Field(title="例子")
    help: Text | None = Field(None, title="说明")


class DefinitionFile(Definition):
    """A definition as its file may say it: in full, by what differs from another, or as a template."""

    extends: Text | None = Field(None, title="沿用")
    values: dict[str, Any] = Field({}, title="填写内容")
    template: tuple[Parameter, ...] = Field((), title="模板要填的内容")


def day_of(text: str, *, last: bool = False) -> date | None:
    """Return the day of `2026-06-30`, or the first or last day of the month `2026-06`; None where there is no such day."""
    year, month, *day = map(int, text.split("-"))
    try:
        return date(year, month, day[0] if day else calendar.monthrange(year, month)[1] if last else 1)
    except ValueError:
        return None
