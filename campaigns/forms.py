"""The form of one department for one round: what stands in which cell, before any workbook is written.

A form is stored as JSON when it is sent, so that a workbook coming back months later is read by the layout it was sent with.
"""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from campaigns.definition import Indicator, Role
from campaigns.plan import OFFICE, ExpectedReport, Plan
from campaigns.workdays import in_chinese, office_time

COVER, LEAD_SHEET, COOPERATING_SHEET, TOKEN_SHEET = "填报说明", "牵头任务", "配合任务", "_ld"
TAG_COLUMN, LABEL_COLUMN, FIRST_COLUMN = 1, 2, 3
FIRST_BLOCK_ROW = 4  # the title, the department and a narrow gap stand above
SIGNATURES = ("填报人", "联系电话", "审核人", "填报日期")
HEADER_LABEL, COOPERATING_NOTE, NIL_LABEL, NIL_NOTE = "填报项", "配合单位情况", "零报告", "本期各项均为零、确无情况时选“是”"

_LINES = {
    Role.COOPERATING: ("title", "info", "header", "own", "previous", "cumulative", "narrative", "nil"),
    Role.LEAD: ("title", "info", "header", "own", "coop", "total", "previous", "cumulative", "coopnote", "narrative", "nil"),
}
LABELS: Mapping[Role, Mapping[str, str]] = {
    Role.COOPERATING: {"own": "本期", "previous": "上期累计", "cumulative": "累计"},
    Role.LEAD: {"own": "本单位本期", "coop": "配合单位小计", "total": "本期合计", "previous": "上期累计", "cumulative": "累计"},
}


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Block(_Value):
    """One expected report on a data sheet: `rows` by line, `columns` by indicator, and what is filled in beforehand."""

    expected: str
    duty: int
    duty_title: str
    role: Role
    receiver: str
    due: str
    sheet: str
    rows: dict[str, int]
    columns: dict[str, str]
    nil_cell: str
    narrative_cell: str
    previous: dict[str, Decimal]
    coop: dict[str, Decimal]
    coop_note: str

    def tag(self, line: str) -> str:
        """Return the tag that column A carries on a line, such as `15:own`."""
        return f"{self.duty}:{line}"

    @property
    def title(self) -> str:
        """Return `任务15　全面提高标准化水平`."""
        return f"任务{self.duty}　{self.duty_title}"

    @property
    def info(self) -> str:
        """Return the line below the title: role, receiver and date."""
        return f"本单位角色：{self.role.chinese}　　报送：{self.receiver}　　截止：{self.due}"


class Form(_Value):
    """One envelope workbook: everything one department owes in one round."""

    serial: str
    version: int
    office: str
    campaign: str
    campaign_title: str
    round: str
    round_label: str
    covers: str
    department: str
    department_name: str
    code: str
    title: str
    indicators: tuple[Indicator, ...]
    narrative: str
    notes: tuple[str, ...]
    rules: tuple[str, ...]
    blocks: tuple[Block, ...]

    @property
    def identity(self) -> dict[str, str | int]:
        """Return what the signed token of the workbook says."""
        return {
            "office": self.office,
            "campaign": self.campaign,
            "round": self.round,
            "department": self.department,
            "version": self.version,
            "serial": self.serial,
        }

    def label(self, block: Block, line: str) -> str:
        """Return what an officer reads at the head of a line."""
        fixed = {"title": "任务标题", "info": "任务信息", "header": HEADER_LABEL, "narrative": self.narrative}
        return LABELS[block.role].get(line) or {**fixed, "coopnote": COOPERATING_NOTE, "nil": NIL_LABEL}[line]

    @property
    def sheets(self) -> tuple[str, ...]:
        """Return the data sheets in their order."""
        return tuple(dict.fromkeys(block.sheet for block in self.blocks))

    @property
    def filename(self) -> str:
        """Return the name under which the workbook is sent."""
        return f"{self.department_name}_{self.round_label}_{self.title}.xlsx"


def header(indicator: Indicator) -> str:
    """Return the column header of an indicator: `出动执法人员（人次）`."""
    return f"{indicator.label}（{indicator.unit}）"


def letter(column: int) -> str:
    """Return the letters of a column, 1 being A."""
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def design(
    plan: Plan,
    round_id: str,
    department: str,
    *,
    serial: str,
    version: int,
    previous: Mapping[str, Mapping[str, Decimal]],
    coop: Mapping[str, Mapping[str, Decimal]],
    coop_notes: Mapping[str, str],
    only: Collection[str] | None = None,
) -> Form:
    """Return the form of a department for a round.

    `previous`, `coop` and `coop_notes` are by id of the expected report; what is not given stands as zero. `only` limits the form
    to some of the expected reports.
    """
    campaign, a_round = plan.definition.campaign, plan.round(round_id)
    report = plan.definition.report(a_round.report)
    blank = plan.definition.form(report.form)
    owed = [e for e in plan.expected_in(round_id) if e.department == department and (only is None or e.id in only)]
    owed.sort(key=lambda e: (e.role is not Role.LEAD, e.duty))
    next_row = {Role.LEAD: FIRST_BLOCK_ROW, Role.COOPERATING: FIRST_BLOCK_ROW}
    blocks: list[Block] = []
    for one in owed:
        top = next_row[one.role]
        rows = {line: top + offset for offset, line in enumerate(_LINES[one.role])}
        next_row[one.role] = max(rows.values()) + 2  # a blank row between blocks
        due = office_time(one.due_at)
        blocks.append(
            Block(
                expected=one.id,
                duty=one.duty,
                duty_title=plan.definition.duty(one.duty).title,
                role=one.role,
                receiver=_receiver(plan, one),
                due=f"{in_chinese(due.date())}{due:%H:%M}",
                sheet=LEAD_SHEET if one.role is Role.LEAD else COOPERATING_SHEET,
                rows=rows,
                columns={each.id: letter(FIRST_COLUMN + offset) for offset, each in enumerate(blank.indicators)},
                nil_cell=f"{letter(FIRST_COLUMN)}{rows['nil']}",
                narrative_cell=f"{letter(FIRST_COLUMN)}{rows['narrative']}",
                previous=_filled(blank.indicators, previous.get(one.id, {})),
                coop=_filled(blank.indicators, coop.get(one.id, {})) if one.role is Role.LEAD else {},
                coop_note=(coop_notes.get(one.id) or _awaited(plan, one)) if one.role is Role.LEAD else "",
            )
        )
    return Form(
        serial=serial,
        version=version,
        office=campaign.office,
        campaign=campaign.id,
        campaign_title=campaign.title,
        round=round_id,
        round_label=a_round.label,
        covers=f"{_day(a_round.covers_from)}至{_day(a_round.due_on)}",
        department=department,
        department_name=plan.directory.organ(department).name,
        code=blank.id,
        title=blank.title,
        indicators=blank.indicators,
        narrative=blank.narrative,
        notes=blank.notes,
        rules=tuple(rule.text for rule in plan.definition.rules if rule.form == blank.id),
        blocks=tuple(blocks),
    )


def _filled(indicators: tuple[Indicator, ...], figures: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {one.id: figures.get(one.id, Decimal(0)) for one in indicators}


def _receiver(plan: Plan, one: ExpectedReport) -> str:
    office = plan.definition.campaign.office
    return "、".join(office if code == OFFICE else plan.directory.organ(code).name for code in one.receivers)


def _awaited(plan: Plan, lead: ExpectedReport) -> str:
    names = [
        plan.directory.organ(e.department).name
        for e in plan.expected_in(lead.round)
        if e.duty == lead.duty and e.role is Role.COOPERATING and lead.department in e.receivers
    ]
    return f"应报{len(names)}家，尚未收到：{'、'.join(names)}" if names else "本任务没有配合单位"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
