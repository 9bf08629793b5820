"""What is wrong or doubtful in a definition and its directory that no single field shows, each with its key path.

A path that starts with `directory` and goes on lies in the directory's file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from pydantic import BaseModel

from campaigns.definition import Definition, Report, Role
from campaigns.findings import Problem, Severity
from campaigns.graph import find_cycles
from campaigns.organs import Directory, Organ
from campaigns.rules import RuleError, parse

LONGEST = 20  # years: a longer campaign is a slip of the pen, and would lay out rounds without end
Path = tuple[str | int, ...]


def error(rule: str, path: Path, message: str) -> Problem:
    """Return a problem that forbids launching."""
    return Problem(rule, Severity.ERROR, path, message)


def warning(rule: str, path: Path, message: str) -> Problem:
    """Return a problem that is told and no more."""
    return Problem(rule, Severity.WARNING, path, message)


def check(definition: Definition, directory: Directory) -> Iterator[Problem]:
    """Return what is wrong between the parts of a definition and its directory."""
    campaign = definition.campaign
    if campaign.ends < campaign.starts:
        yield error("dates-reversed", ("campaign", "ends"), "专项行动的结束日期早于起始日期，请核对两个日期")
    if definition.directory != directory.id:
        yield error("directory-differs", ("directory",), f"定义使用通讯录“{definition.directory}”，读到的却是“{directory.id}”")
    elif campaign.ends.year - campaign.starts.year > LONGEST:
        yield error("too-long", ("campaign", "ends"), f"专项行动超过{LONGEST}年，结束日期大概写错了，请核对")
    for index, phase in enumerate(definition.phases):
        path: Path = ("phases", index)
        if phase.ends < phase.starts:
            yield error("dates-reversed", (*path, "ends"), f"{phase.title}的结束月份早于起始月份，请核对")
        elif phase.starts < f"{campaign.starts:%Y-%m}" or phase.ends > f"{campaign.ends:%Y-%m}":
            yield warning("outside", path, f"{phase.title}（{phase.starts}至{phase.ends}）超出专项行动的起止日期，请核对")
    yield from _duplicates(("duties",), "number", "任务序号", [duty.number for duty in definition.duties])
    for section, label, items in (
        ("phases", "阶段代码", definition.phases),
        ("reports", "报送事项代码", definition.reports),
        ("forms", "报表代码", definition.forms),
        ("rules", "逻辑关系代码", definition.rules),
        ("ladder", "催报代码", definition.ladder),
    ):
        yield from _duplicates((section,), "id", label, [item.id for item in items])
    yield from _check_needs(definition)
    yield from _check_reports(definition)
    yield from _check_rules(definition)
    yield from _check_directory(directory, campaign.starts)


def _check_directory(directory: Directory, on: date) -> Iterator[Problem]:
    codes = [organ.id for organ in directory.organs]
    yield from _duplicates(("directory", "organs"), "id", "单位代码", codes)
    yield from _duplicates(("directory", "groups"), "id", "成组单位代码", [group.id for group in directory.groups])
    for index, organ in enumerate(directory.organs):
        if organ.parent is not None and organ.parent not in codes:
            yield error(
                "unknown-organ",
                ("directory", "organs", index, "parent"),
                f"“{organ.name}”的上级代码“{organ.parent}”在通讯录里没有对应单位",
            )
    for index, group in enumerate(directory.groups):
        if group.id in codes:
            path: Path = ("directory", "groups", index, "id")
            yield error("duplicate", path, f"“{group.name}”的代码 {group.id} 与单位代码重复，请改成不同的")
        for position, code in enumerate(group.members):
            path = ("directory", "groups", index, "members", position)
            if code not in codes:
                yield error("unknown-organ", path, f"“{group.name}”的成员代码“{code}”在通讯录里没有对应单位")
            elif code in group.members[:position]:
                yield warning("named-twice", path, f"“{group.name}”重复列出成员代码“{code}”，只计一次")
    for name, holders in directory.ambiguous(on).items():
        last = holders[-1]
        section, items = ("organs", directory.organs) if isinstance(last, Organ) else ("groups", directory.groups)
        path = ("directory", section, [one is last for one in items].index(True))
        owners = "、".join(f"{one.name}（{one.id}）" for one in holders)
        yield error("ambiguous", path, f"名称“{name}”同时属于{owners}，请改成只属于一个")


def _duplicates(section: Path, key: str | None, label: str, values: Sequence[str | int]) -> Iterator[Problem]:
    first: dict[str | int, int] = {}
    for index, value in enumerate(values):
        if value in first:
            path = (*section, index) if key is None else (*section, index, key)
            yield error("duplicate", path, f"{label} {value} 重复，前面第{first[value] + 1}条已经用过，请改成不同的")
        first.setdefault(value, index)


def _check_needs(definition: Definition) -> Iterator[Problem]:
    numbers = {duty.number for duty in definition.duties}
    for index, duty in enumerate(definition.duties):
        for position, need in enumerate(duty.needs):
            if need not in numbers:
                yield error(
                    "unknown-duty",
                    ("duties", index, "needs", position),
                    f"任务{duty.number}的前置任务{need}不存在，请改成已有的任务序号",
                )
    waits: dict[int, list[int]] = {}
    for duty in definition.duties:
        waits.setdefault(duty.number, []).extend(duty.needs)
    for cycle in find_cycles(waits):
        index = next(i for i, duty in enumerate(definition.duties) if duty.number == cycle[0])
        chain = " → ".join(f"任务{number}" for number in [*cycle, cycle[0]])
        yield error("cycle", ("duties", index, "needs"), f"前置任务互相等待：{chain}，请去掉其中一个前置关系")


def _check_reports(definition: Definition) -> Iterator[Problem]:
    forms = [form.id for form in definition.forms]
    for index, report in enumerate(definition.reports):
        path: Path = ("reports", index)
        if report.form not in forms:
            yield error(
                "unknown-form", (*path, "form"), f"报送事项“{report.title}”所用报表“{report.form}”没有定义，{_known(forms)}"
            )
        yield from _duplicates((*path, "yearly"), None, "报送日期", report.yearly)
        for position, text in enumerate(report.yearly):
            if month_day(text, 2020) is None:
                yield error("no-such-date", (*path, "yearly", position), f"“{text}”不是真实的日期，请核对月和日")
            elif text == "02-29":
                yield warning("leap-day", (*path, "yearly", position), "2月29日只有闰年才有，其余年份将没有这一期")
        roles = Counter(hop.role for hop in report.hops)
        for role, count in roles.items():
            if count > 1:
                yield error("duplicate", (*path, "hops"), f"“{role.chinese}”在报送环节中出现了{count}次，只能有一次")
        for position, hop in enumerate(report.hops):
            if (hop.role, hop.to) not in ((Role.COOPERATING, "lead"), (Role.COOPERATING, "office"), (Role.LEAD, "office")):
                yield error("hop", (*path, "hops", position, "to"), f"{hop.role.chinese}单位不能报送给牵头单位，请改为 office")
            if hop.working_days_before >= report.opens_working_days_before:
                yield error(
                    "opens-late",
                    (*path, "opens_working_days_before"),
                    f"“{report.title}”在提前{report.opens_working_days_before}个工作日下发，{hop.role.chinese}单位却要提前"
                    f"{hop.working_days_before}个工作日报送，请把下发提前",
                )
        yield from _check_order(report, path, any(duty.cooperating for duty in definition.duties))
    used = {report.form for report in definition.reports}
    for index, form in enumerate(definition.forms):
        if form.id not in used:
            yield warning("unused-form", ("forms", index), f"报表“{form.title}”没有报送事项使用")


def _check_order(report: Report, path: Path, cooperation: bool) -> Iterator[Problem]:
    hops = {hop.role: hop for hop in report.hops}
    lead, cooperating = hops.get(Role.LEAD), hops.get(Role.COOPERATING)
    if lead is None:
        yield error(
            "no-lead-hop", (*path, "hops"), f"“{report.title}”没有写牵头单位报送办公室这一环节，请补上 role: lead、to: office"
        )
    if cooperating is None:
        if cooperation:
            yield warning("no-cooperating-hop", (*path, "hops"), f"“{report.title}”没有写配合单位的报送环节，配合单位将不用报送")
    elif lead and cooperating.to == "lead" and cooperating.working_days_before <= lead.working_days_before:
        yield warning("no-time-left", (*path, "hops"), f"“{report.title}”的配合单位不早于牵头单位报送，请把配合单位的日期提前")


def _check_rules(definition: Definition) -> Iterator[Problem]:
    forms = {form.id: form for form in definition.forms}
    for index, form in enumerate(definition.forms):
        yield from _duplicates(("forms", index, "indicators"), "id", "指标代码", [one.id for one in form.indicators])
        yield from _duplicates(("forms", index, "indicators"), "label", "指标名称", [one.label for one in form.indicators])
    for index, rule in enumerate(definition.rules):
        if rule.form not in forms:
            yield error(
                "unknown-form", ("rules", index, "form"), f"逻辑关系“{rule.text}”所用报表“{rule.form}”没有定义，{_known(forms)}"
            )
        try:
            relation = parse(rule.check)
        except RuleError as fault:
            yield error("rule", ("rules", index, "check"), str(fault))
            continue
        if rule.form not in forms:
            continue
        known = [one.id for one in forms[rule.form].indicators]
        for name in sorted(relation.names.difference(known)):
            yield error(
                "unknown-indicator",
                ("rules", index, "check"),
                f"关系式中的“{name}”不是报表“{rule.form}”的指标代码，{_known(known)}",
            )


def _known(codes: Iterable[str]) -> str:
    return f"可用的有：{'、'.join(codes)}"


def month_day(text: str, year: int) -> date | None:
    """Return the date of `06-20` in a year; None where the year has no such day."""
    month, day = map(int, text.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return None


def assumptions(definition: Definition, directory: Directory) -> list[Problem]:
    """Return one problem for everything marked 拟定, wherever it stands."""
    return _assumed(definition, ()) + _assumed(directory, ("directory",))


def _assumed(value: object, path: Path) -> list[Problem]:
    if isinstance(value, tuple):
        return [one for index, item in enumerate(value) for one in _assumed(item, (*path, index))]
    if not isinstance(value, BaseModel):
        return []
    found: list[Problem] = []
    reason = getattr(value, "assumed", None)
    if reason:
        found.append(Problem("assumed", Severity.ASSUMPTION, (*path, "assumed"), f"拟定：{reason}"))
    for name in type(value).model_fields:
        found += _assumed(getattr(value, name), (*path, name))
    return found


def debtors(definition: Definition, directory: Directory, used: set[str]) -> Iterator[Problem]:
    """Return what is doubtful about the departments that have duties: no mailbox, or abolished before the campaign."""
    for index, organ in enumerate(directory.organs):
        path: Path = ("directory", "organs", index)
        if organ.id in used and organ.liaison is None:
            yield warning("no-contact", path, f"“{organ.name}”没有联络员邮箱，发给它的信件将转交联席会议办公室")
        if organ.id in used and organ.until is not None and organ.until < definition.campaign.starts:
            yield warning("abolished", (*path, "until"), f"“{organ.name}”在专项行动开始前已撤销，请核对由哪个单位承接")
