"""What is wrong or doubtful in a definition and its directory that no single field shows, each with its key path.

A path that starts with `directory` and goes on lies in the directory's file.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from pydantic import BaseModel

from campaigns import clocks
from campaigns.definition import USUAL_LADDER, Definition, Form, Hop, Indicator, Part, Report, Role, Row, Rule, Upward
from campaigns.errors import UnknownOrgan
from campaigns.findings import Problem, Severity
from campaigns.graph import find_cycles
from campaigns.items import Item, codes_of, figures_of, items_of, named, rolled_of
from campaigns.organs import Directory, Group, Lineage, Organ, rank
from campaigns.rules import SCOPES, Relation, RuleError, instances, parse, scope_of
from campaigns.units import MONEY
from campaigns.workdays import in_chinese

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
    yield from _check_phases(definition)
    yield from _duplicates(("duties",), "number", "任务序号", [duty.number for duty in definition.duties])
    for section, label, items in (
        ("phases", "阶段代码", definition.phases),
        ("reports", "报送事项代码", definition.reports),
        ("forms", "报表代码", definition.forms),
        ("rules", "逻辑关系代码", definition.rules),
        ("ladder", "催报代码", definition.ladder),
        ("targets", "目标代码", definition.targets),
    ):
        yield from _duplicates((section,), "id", label, [item.id for item in items])
    yield from _check_duties(definition, directory)
    yield from _check_clauses(definition)
    yield from _check_needs(definition)
    yield from _check_addressees(definition, directory)
    yield from _check_reports(definition, directory)
    yield from _check_forms(definition, directory)
    yield from _check_rules(definition, directory)
    yield from check_directory(directory, campaign.starts)


def check_directory(directory: Directory, on: date) -> Iterator[Problem]:
    """Return what is wrong within a directory on a date; every path starts with `directory`."""
    yield from _duplicates(("directory", "organs"), "id", "单位代码", [organ.id for organ in directory.organs])
    codes = {organ.id for organ in directory.organs}
    yield from _duplicates(("directory", "groups"), "id", "成组单位代码", [group.id for group in directory.groups])
    for index, organ in enumerate(directory.organs):
        if organ.parent is not None and organ.parent not in codes:
            yield error(
                "unknown-organ",
                ("directory", "organs", index, "parent"),
                f"“{organ.name}”的上级代码“{organ.parent}”在通讯录里没有对应单位",
            )
        for position, former in enumerate(organ.former_parents):
            if former.id not in codes:
                where: Path = ("directory", "organs", index, "former_parents", position, "id")
                yield error("unknown-organ", where, f"“{organ.name}”的原上级代码“{former.id}”在通讯录里没有对应单位")
        yield from _check_above(directory, organ, on, ("directory", "organs", index, "parent"))
        yield from _check_dates(organ, ("directory", "organs", index))
        if rank(organ.level) is None and rank(usual := organ.level.removesuffix("级")):
            told = f"“{organ.name}”的层级写成了“{organ.level}”：按层级说到“{usual}”的报送事项、报表不会算上它，请改成“{usual}”"
            yield warning("level", ("directory", "organs", index, "level"), told)
    yield from _check_mailboxes(directory)
    yield from _later_circles(directory, on)
    for index, group in enumerate(directory.groups):
        yield from _check_dates(group, ("directory", "groups", index))
        if group.id in codes:
            path: Path = ("directory", "groups", index, "id")
            yield error("duplicate", path, f"“{group.name}”的代码 {group.id} 与单位代码重复，请改成不同的")
        named: set[str] = set()
        for position, code in enumerate(group.members):
            path = ("directory", "groups", index, "members", position)
            if code not in codes:
                yield error("unknown-organ", path, f"“{group.name}”的成员代码“{code}”在通讯录里没有对应单位")
            elif code in named:
                yield warning("named-twice", path, f"“{group.name}”重复列出成员代码“{code}”，只计一次")
            named.add(code)
    for name, holders in directory.ambiguous(on).items():
        last = holders[-1]
        section, items = ("organs", directory.organs) if isinstance(last, Organ) else ("groups", directory.groups)
        path = ("directory", section, [one is last for one in items].index(True))
        owners = "、".join(f"{one.name}（{one.id}）" for one in holders)
        yield error("ambiguous", path, f"名称“{name}”同时属于{owners}，请改成只属于一个")


def _check_above(directory: Directory, organ: Organ, on: date, path: Path) -> Iterator[Problem]:
    above = directory.above(organ.id, on)
    if organ.parent_on(on) == organ.id:
        yield error("cycle", path, f"“{organ.name}”的上级写成了自己，请核对上级代码")
    elif above and above[-1].parent_on(on) in {organ.id, *(one.id for one in above)}:
        chain = " → ".join(one.name for one in (organ, *above))
        yield error("cycle", path, f"上级互为上下级：{chain}，请核对上级代码")
    elif above and (rank(organ.level) or 0) > (rank(above[0].level) or 9):
        yield warning("level", path, f"“{organ.name}”是{organ.level}级，上级“{above[0].name}”却是{above[0].level}级，请核对")


def _check_dates(holder: Organ | Group, path: Path) -> Iterator[Problem]:
    """Yield what ends before it begins: a body, or a name of it."""
    named = [(path, f"“{holder.name}”", holder.since, holder.until)]
    for at, alias in enumerate(holder.aliases):
        named.append(((*path, "aliases", at), f"“{holder.name}”别名“{alias.name}”", alias.since, alias.until))
    for where, name, since, until in named:
        if since and until and until < since:
            yield error("dates-reversed", (*where, "until"), f"{name}的停止日期早于开始日期，请核对两个日期")


def _check_mailboxes(directory: Directory) -> Iterator[Problem]:
    """Yield liaisons of two departments with one mailbox: what is sent to one of them reaches the other."""
    first: dict[str, str] = {}
    for index, organ in enumerate(directory.organs):
        if organ.liaison is None:
            continue
        other = first.setdefault(organ.liaison.email.casefold(), organ.name)
        if other != organ.name:
            told = f"“{organ.name}”与“{other}”的联络员邮箱相同（{organ.liaison.email}），请核对是否写错"
            yield warning("same-mailbox", ("directory", "organs", index, "liaison", "email"), told)


def _later_circles(directory: Directory, on: date) -> Iterator[Problem]:
    """Return where organs come to stand above each other later, on the day when one no longer stands below another."""
    ends = {one.until for organ in directory.organs for one in organ.former_parents if one.until >= on}
    for day in sorted(end + timedelta(days=1) for end in ends):
        for index, organ in enumerate(directory.organs):
            above, before = directory.above(organ.id, day), directory.above(organ.id, on)
            if above and above[-1].parent_on(day) == organ.id and not (before and before[-1].parent_on(on) == organ.id):
                chain = " → ".join(one.name for one in (organ, *above))
                path: Path = ("directory", "organs", index, "parent")
                yield error("cycle", path, f"{in_chinese(day)}起上级互为上下级：{chain}，请核对上级代码")
                return


def _duplicates(section: Path, key: str | None, label: str, values: Sequence[str | int], how: str = "") -> Iterator[Problem]:
    first: dict[str | int, int] = {}
    for index, value in enumerate(values):
        if value in first:
            path = (*section, index) if key is None else (*section, index, key)
            yield error("duplicate", path, f"{label} {value} 重复，前面第{first[value] + 1}条已经用过，请改成不同的{how}")
        first.setdefault(value, index)


def _check_phases(definition: Definition) -> Iterator[Problem]:
    campaign = definition.campaign
    known = [phase.id for phase in definition.phases]
    for index, phase in enumerate(definition.phases):
        path: Path = ("phases", index)
        for key, text, day in (("starts", phase.starts, phase.first_day), ("ends", phase.ends, phase.last_day)):
            if text and day is None:
                yield error("no-such-date", (*path, key), f"“{text}”不是真实的日期，请核对月和日")
        first, last = phase.first_day, phase.last_day
        if first and last and last < first:
            yield error("dates-reversed", (*path, "ends"), f"{phase.title}的结束早于起始，请核对两个日期")
        elif any(
            (text < str(campaign.starts)[: len(text)] or text > str(campaign.ends)[: len(text)])
            for text in (phase.starts, phase.ends)
            if text
        ):
            told = f"{phase.starts or '未写明'}至{phase.ends or '未写明'}"
            yield warning("outside", path, f"{phase.title}（{told}）超出专项行动的起止日期，请核对")
        for position, need in enumerate(phase.needs):
            if need not in known:
                yield error(
                    "unknown-phase", (*path, "needs", position), f"{phase.title}的前置阶段“{need}”没有定义，{_known(known)}"
                )
    order = {one: at for at, one in enumerate(known)}
    waits = {order[phase.id]: [order[need] for need in phase.needs if need in order] for phase in definition.phases}
    for cycle in find_cycles(waits):
        chain = " → ".join(definition.phases[at].title for at in [*cycle, cycle[0]])
        yield error("cycle", ("phases", cycle[0], "needs"), f"前置阶段互相等待：{chain}，请去掉其中一个前置关系")


def _check_duties(definition: Definition, directory: Directory) -> Iterator[Problem]:
    """Return what is wrong within single duties: who answers for it, in which phase it is, by when its work is done."""
    campaign = definition.campaign
    phases = {phase.id: phase for phase in definition.phases}
    for index, duty in enumerate(definition.duties):
        path: Path = ("duties", index)
        said = f"任务{duty.number}"
        for position, name in directory.spelled(duty.units, campaign.starts):
            try:
                directory.resolve(name, campaign.starts)
            except UnknownOrgan as unknown:
                if unknown.candidates:
                    yield error("unknown-organ", (*path, "units", position), f"{said}：{unknown}")
        if duty.units:
            told = f"责任单位（{'、'.join(duty.units)}）是牵头还是配合，原文没有写明"
            told = f"{told}：请核对后改写到 lead、joint_leads 或 cooperating"
            yield Problem("role-unknown", Severity.ASKED, (*path, "units"), told)
        elif not duty.leads:
            yield error("no-lead", (*path, "lead"), "没有写牵头单位：请补上 lead，各单位分别负责的写 joint_leads")
        if duty.lead and duty.joint_leads:
            yield error("two-kinds", (*path, "joint_leads"), f"{said}既写了 lead 又写了 joint_leads，只能写一种")
        if duty.phase and duty.phase not in phases:
            yield error("unknown-phase", (*path, "phase"), f"{said}所属阶段“{duty.phase}”没有定义，{_known(phases)}")
        if duty.due is None:
            continue
        if duty.due_on is None:
            yield error("no-such-date", (*path, "due"), f"“{duty.due}”不是真实的日期，请核对月和日")
        elif duty.due_on < campaign.starts or duty.due > str(campaign.ends)[: len(duty.due)]:
            yield warning("outside", (*path, "due"), f"{said}的完成时限（{duty.due}）不在专项行动期间，请核对")
        elif duty.phase in phases and (last := phases[duty.phase].last_day) and duty.due_on > last:
            yield warning(
                "outside", (*path, "due"), f"{said}的完成时限（{duty.due}）晚于{phases[duty.phase].title}的结束，请核对"
            )


def _check_clauses(definition: Definition) -> Iterator[Problem]:
    """Return the duties that cite no clause where others do, and are not assumed either."""
    if any(duty.clause for duty in definition.duties):
        for index, duty in enumerate(definition.duties):
            if not (duty.clause or duty.assumed):
                told = f"任务{duty.number}没有写出自文件哪一条：请补上 clause；文件里没有的，用 assumed 写明是拟定的"
                yield warning("no-clause", ("duties", index), told)


def _check_addressees(definition: Definition, directory: Directory) -> Iterator[Problem]:
    named: set[str] = set()
    for duty in definition.duties:
        for _, name in directory.spelled((*duty.leads, *duty.cooperating, *duty.units), definition.campaign.starts):
            named.update(codes_of(name, definition, directory))
    for position, name in directory.spelled(definition.campaign.addressees, definition.campaign.starts):
        path: Path = ("campaign", "addressees", position)
        try:
            holder = directory.resolve(name, definition.campaign.starts)
        except UnknownOrgan as unknown:
            yield error("unknown-organ", path, f"主送：{unknown}")
            continue
        codes = holder.members if isinstance(holder, Group) else (holder.id,)
        if not named.intersection(codes):
            yield warning("no-duty", path, f"主送单位“{name}”没有任何任务，请核对是否漏写")


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
        waits.setdefault(duty.number, []).extend(definition.needs_of(duty))
    for cycle in find_cycles(waits):
        index = next(i for i, duty in enumerate(definition.duties) if duty.number == cycle[0])
        chain = " → ".join(f"任务{number}" for number in [*cycle, cycle[0]])
        yield error("cycle", ("duties", index, "needs"), f"前置任务互相等待：{chain}，请去掉其中一个前置关系")


def _check_reports(definition: Definition, directory: Directory) -> Iterator[Problem]:
    forms = [form.id for form in definition.forms]
    numbers = {duty.number for duty in definition.duties}
    phases = {phase.id: phase.title for phase in definition.phases}
    for index, report in enumerate(definition.reports):
        path: Path = ("reports", index)
        yield from _check_limits(definition, directory, report, path, f"报送事项“{report.title}”")
        for position, number in enumerate(report.duties):
            if number not in numbers:
                told = f"“{report.title}”涉及的任务{number}不存在，请改成已有的任务序号"
                yield error("unknown-duty", (*path, "duties", position), told)
        for position, code in enumerate(report.forms):
            where: Path = ("form",) if position == 0 else ("more_forms", position - 1)
            if code not in forms:
                yield error("unknown-form", (*path, *where), f"报送事项“{report.title}”所用报表“{code}”没有定义，{_known(forms)}")
            elif code in report.forms[:position]:
                yield error("duplicate", (*path, *where), f"报送事项“{report.title}”重复列出报表“{code}”，请去掉一个")
        yield from clocks.check(report.clock, report.title, (*path, "clock"), phases)
        roles = Counter(hop.role for hop in report.hops)
        for role, count in roles.items():
            if count > 1:
                yield error("duplicate", (*path, "hops"), f"“{role.chinese}”在报送环节中出现了{count}次，只能有一次")
        if report.summary_headings and not any(Part.SUMMARY in hop.parts for hop in report.hops):
            told = f"“{report.title}”写了工作总结应含内容，报送内容（parts）里却没有工作总结（summary），请补上或删去"
            yield warning("no-summary", (*path, "summary_headings"), told)
        for position, hop in enumerate(report.hops):
            if hop.role is Role.LEAD and hop.to != "office":
                yield error("hop", (*path, "hops", position, "to"), "牵头单位只能报送给办公室，请改为 office")
            if hop.working_days_before >= report.opens_before:
                yield error(
                    "opens-late",
                    (*path, "opens_working_days_before"),
                    f"“{report.title}”在提前{report.opens_before}个工作日下发，{hop.role.chinese}单位却要提前"
                    f"{hop.working_days_before}个工作日报送，请把下发提前",
                )
        if report.upward and _all_known(definition, report):
            yield from _check_upward(definition, directory, report, report.upward, (*path, "upward"))
        cooperation = any(duty.cooperating for duty in definition.duties if not report.duties or duty.number in report.duties)
        yield from _check_order(report, path, cooperation)
    used = {code for report in definition.reports for code in report.forms}
    for index, form in enumerate(definition.forms):
        if form.id not in used:
            yield warning("unused-form", ("forms", index), f"报表“{form.title}”没有报送事项使用")


def _check_upward(definition: Definition, directory: Directory, report: Report, upward: Upward, path: Path) -> Iterator[Problem]:
    figures = {item.id for item in rolled_of(definition, directory, report.id)}
    lists = [form for form in definition.forms if form.id in report.forms and form.layout == "list"]
    figures |= {f"{form.id}.{one.id}" for form in lists for one in form.indicators}
    for theirs, ours in upward.codes.items():
        if ours not in figures:
            told = f"“{report.title}”上报时“{theirs}”取自“{ours}”，它不是本报送事项的指标，{_known(sorted(figures))}"
            yield error("unknown-indicator", (*path, "codes", theirs), told)
    numbers = {duty.number for duty in definition.duties if not report.duties or duty.number in report.duties}
    for number, ours_of_it in upward.duties.items():
        for position, own in enumerate(ours_of_it):
            if own not in numbers:
                told = f"“{report.title}”上报时上级任务{number}取自任务{own}，它不是本报送事项的任务，请改成已有的任务序号"
                yield error("unknown-duty", (*path, "duties", number, position), told)


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
    elif lead and cooperating.to != "office" and report.clock.form != "event" and not _earlier(cooperating, lead):
        yield warning("no-time-left", (*path, "hops"), f"“{report.title}”的配合单位不早于牵头单位报送，请把配合单位的日期提前")


def _earlier(first: Hop, second: Hop) -> bool:
    """Return whether a hop is due before another: on a day before, or at an hour of its own, which its dates are held against."""
    return first.before > second.before or (first.before == second.before and first.hour is not None)


def _check_forms(definition: Definition, directory: Directory) -> Iterator[Problem]:
    for index, form in enumerate(definition.forms):
        path: Path = ("forms", index)
        yield from _check_parts((*path, "indicators"), "指标", named(form), "，或写上各自所属的上级表头（group）")
        yield from _check_parts((*path, "rows"), "行", form.rows, "，例如在前面加上所属的组")
        yield from _check_names(definition, directory, form, path)
        yield from _check_ratios(form, (*path, "indicators"))
        for position, indicator in enumerate(named(form)):
            yield from _check_indicator(form, indicator, (*path, "indicators", position))
        if (form.layout == "matrix") != bool(form.rows):
            told = "版式是 matrix，却没有写行（rows）" if form.layout == "matrix" else "写了行（rows），版式却不是 matrix"
            yield error("rows", (*path, "layout"), f"报表“{form.title}”的{told}，请核对")
        yield from _check_list(form, path)
        columns = [one.id for one in form.indicators]
        for position, row in enumerate(form.rows):
            for at, code in enumerate(row.without):
                if code not in columns:
                    where = (*path, "rows", position, "without", at)
                    yield error("unknown-indicator", where, f"“{row.label}”不填的指标“{code}”没有定义，{_known(columns)}")
    for index, report in enumerate(definition.reports):
        yield from _check_together(definition, directory, report, ("reports", index))


def _check_parts(path: Path, label: str, items: Sequence[Indicator | Row], how: str) -> Iterator[Problem]:
    yield from _duplicates(path, "id", f"{label}代码", [one.id for one in items])
    yield from _duplicates(path, "label", f"{label}名称", [one.label for one in items], how)
    codes = {one.id: one for one in items}
    for position, one in enumerate(items):
        if one.id in SCOPES:
            yield error("reserved", (*path, position, "id"), f"“{one.id}”在关系式中另有含义，请换一个代码")
        for at, part in enumerate(one.sum_of):
            where, said = (*path, position, "sum_of", at), f"“{one.label}”的合计项“{part}”"
            if part not in codes or part == one.id:
                yield error("unknown-part", where, f"{said}没有定义，{_known(code for code in codes if code != one.id)}")
            elif codes[part].sum_of:
                yield error("sum-of-sums", where, f"{said}本身是合计，请直接列出它的各项")
            elif isinstance(one, Indicator) and one.unit and (unit := getattr(codes[part], "unit", None)) not in (one.unit, None):
                yield error("unit-mixed", where, f"“{one.label}”的单位是{one.unit}，{said}的单位却是{unit}，不同单位不能相加")


def _check_indicator(form: Form, one: Indicator, path: Path) -> Iterator[Problem]:
    figure = one.kind == "number" and not one.options
    if figure and one.unit is None:
        yield error("no-unit", path, f"“{one.label}”没有写单位（unit），请写明件、户次、万元等")
    if not figure and (one.sum_of or one.decimals or one.ratio_of or one.over_periods != "sum" or one.over_places != "sum"):
        yield error("no-figure", path, f"“{one.label}”不是数字，不能有合计项、小数位数或汇总方法，请核对")
    if not figure and form.layout == "matrix":
        yield error("no-figure", path, f"“{one.label}”不是数字，不能放在 matrix 版式的报表里，请放到另一张报表")
    if one.options and (any("," in option or '"' in option for option in one.options) or len(",".join(one.options)) > 250):
        yield error("options", (*path, "options"), f"“{one.label}”的选项里不能有英文逗号和引号，合起来不能超过250字")


def _check_list(form: Form, path: Path) -> Iterator[Problem]:
    """Return what is wrong with a list: each row is one of something, and one column, no figure, says which."""
    said = f"报表“{form.title}”"
    if form.layout != "list":
        if form.key or form.each or form.unit:
            yield error("list", (*path, "layout"), f"{said}写了 each、unit 或 key，版式却不是 list，请核对")
        return
    named = {one.id: one for one in form.indicators if one.kind != "number"}
    if not form.each or not form.unit:
        yield error("list", path, f"{said}是明细表，请写明每行填什么（each，如 案件）和计数单位（unit，如 件）")
    if form.key not in named:
        yield error("list", (*path, "key"), f"{said}是明细表，请用 key 写明哪一栏能认出是哪一件，{_known(named)}")
    elif named[form.key].only or named[form.key].excluding:
        yield error("list", (*path, "key"), f"{said}的识别栏必须人人都填，不能写 only 或 excluding")
    for position, one in enumerate(form.indicators):
        if one.sum_of or one.ratio_of or one.over_periods != "sum" or one.over_places != "sum":
            told = f"“{one.label}”在明细表里，同一件只计一次，不能写合计项、比率或汇总方法"
            yield error("list", (*path, "indicators", position), told)


def _check_ratios(form: Form, path: Path) -> Iterator[Problem]:
    """Return what is wrong with ratios: of two figures of the form, in a unit that follows from theirs."""
    codes = {one.id: one for one in form.indicators}
    for position, one in enumerate(form.indicators):
        where = (*path, position, "ratio_of")
        if not one.ratio_of:
            continue
        if len(one.ratio_of) != 2 or any(part not in codes or codes[part].ratio_of for part in one.ratio_of):
            known = [code for code, other in codes.items() if not other.ratio_of]
            yield error("unknown-part", where, f"“{one.label}”要写分子和分母两项（ratio_of），{_known(known)}")
            continue
        if one.sum_of or one.over_periods != "sum" or one.over_places != "sum":
            told = f"“{one.label}”是比率，按合计数重新计算，不能再写 sum_of、over_periods 或 over_places"
            yield error("ratio", where, told)
        above, below = (codes[part].unit for part in one.ratio_of)
        if {above, below} <= set(MONEY) and above != below:
            told = f"“{one.label}”的分子单位是{above}，分母单位是{below}，金额单位不同，请先改成同一单位"
            yield error("unit-mixed", where, told)
        elif above != below and one.unit != f"{above}/{below}":
            told = f"“{one.label}”的分子单位是{above}，分母单位是{below}，单位（unit）应写成“{above}/{below}”"
            yield error("unit-mixed", where, told)
        elif above == below and one.unit not in ("%", "‰", "倍"):
            yield error("unit-mixed", where, f"“{one.label}”的分子分母单位相同，单位（unit）应写成“%”、“‰”或“倍”")


def _check_names(definition: Definition, directory: Directory, form: Form, path: Path) -> Iterator[Problem]:
    yield from _check_limits(definition, directory, form, path, f"报表“{form.title}”")
    for at, one in enumerate(form.indicators):
        yield from _check_limits(definition, directory, one, (*path, "indicators", at), f"报表“{form.title}”")


def _check_limits(
    definition: Definition, directory: Directory, limited: Report | Form | Indicator, path: Path, said: str
) -> Iterator[Problem]:
    """Return the names of `only` and `excluding` that are no organ, group or level."""
    levels = tuple(dict.fromkeys(organ.level for organ in directory.organs))
    for key, names in (("only", limited.only), ("excluding", limited.excluding)):
        for position, text in enumerate(names):
            where: Path = (*path, key, position)
            if text in levels:
                alike = [one for one in levels if rank(one) == rank(text) and one not in names]
                for other in alike if (rank(text) or 0) > 1 else ():  # a 所 is no 镇
                    like = [organ.name for organ in directory.organs if organ.level == other]
                    few = "、".join(like[:3]) + ("等" if len(like) > 3 else "")
                    yield warning("level", where, f"{said}：“{text}”不含层级写作“{other}”的单位（{few}），也要的请一并写出")
                continue
            for _, name in directory.spelled((text,), definition.campaign.starts):
                try:
                    if name not in levels:
                        directory.resolve(name, definition.campaign.starts)
                except UnknownOrgan as unknown:
                    known = "、".join(one for one in levels if rank(one))
                    told = f"没有层级写作“{name}”的单位，通讯录里的层级有：{known}" if rank(name) else unknown
                    yield error("unknown-organ", where, f"{said}：{told}")


def _check_together(definition: Definition, directory: Directory, report: Report, path: Path) -> Iterator[Problem]:
    """Return what is wrong between forms that are due together: a code is one figure, asked of a department once."""
    forms = {form.id: form for form in definition.forms}
    seen: dict[str, tuple[Form, Item]] = {}
    together = [forms[code] for code in dict.fromkeys(report.forms) if code in forms]
    for form in together:
        for item in items_of(form, None, definition, directory):
            other, same = seen.setdefault(item.id, (form, item))
            if other is not form and _meant(same) != _meant(item):
                told = f"指标代码“{item.id}”在“{other.title}”和“{form.title}”里含义不同，请把其中一个换成别的代码"
                yield error("differs", (*path, "more_forms"), told)
    for organ in directory.organs if len(together) > 1 else ():
        asked: dict[str, Form] = {}
        for form in together:
            for item in items_of(form, organ.id, definition, directory):
                if asked.setdefault(item.id, form) is not form:
                    told = f"指标“{item.label}”在“{asked[item.id].title}”和“{form.title}”里都要{organ.name}填，请只留一处"
                    yield error("asked-twice", (*path, "more_forms"), told)
                    return


def _meant(item: Item) -> tuple[str, str, str, int]:
    """Return what makes an item the same in two forms; whether its group is part of its name is a matter of either form."""
    return item.row_label, item.head.removeprefix(item.group), item.unit, item.decimals


def _check_rules(definition: Definition, directory: Directory) -> Iterator[Problem]:
    forms = [form.id for form in definition.forms]
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
        if rule.form in forms and (definition.form(rule.form).layout == "matrix") == bool(definition.form(rule.form).rows):
            yield from _check_rule(definition, directory, rule, relation, ("rules", index, "check"))


def _check_rule(definition: Definition, directory: Directory, rule: Rule, relation: Relation, path: Path) -> Iterator[Problem]:
    reports = [report for report in definition.reports if rule.form in report.forms and _all_known(definition, report)]
    own = items_of(definition.form(rule.form), None, definition, directory)
    if definition.form(rule.form).layout == "list":
        reports = []  # a rule of a list is about its rows, one after the other
    items = [item for report in reports for item in figures_of(definition, directory, report.id)] or [i for i in own if i.counts]
    codes = {item.id for item in items} | {item.column for item in items if item.column}
    for name in sorted(relation.names):
        if scope_of(name)[1] not in codes:
            known = [one.id for one in definition.form(rule.form).indicators]
            yield error("unknown-indicator", path, f"关系式中的“{name}”不是报表“{rule.form}”的指标代码，{_known(known)}")
            return
    if not any(instances(relation, items)):
        yield error("rule", path, f"关系式“{rule.check}”中的各项没有一行同时填报，请核对行和列")
    if rule.over == "cumulative" and any(scope_of(name)[0] == "coop" for name in relation.names):
        yield error("rule", path, "累计（over: cumulative）已包含配合单位，不能再用 coop，请改为 over: period")


def _all_known(definition: Definition, report: Report) -> bool:
    return {form.id for form in definition.forms}.issuperset(report.forms)


def _known(codes: Iterable[str]) -> str:
    return f"可用的有：{'、'.join(codes) or '（还没有写任何一个）'}"


def assumptions(definition: Definition, directory: Directory) -> list[Problem]:
    """Return one problem for everything marked 拟定, wherever it stands."""
    found = _assumed(definition, ()) + _assumed(directory, ("directory",))
    if definition.ladder != USUAL_LADDER:
        return found
    rungs = [one for one in found if one.path[0] == "ladder"]  # nobody wrote them: told together, not one by one
    titles = "、".join(one.title for one in USUAL_LADDER)
    usual = replace(rungs[0], path=("ladder",), message=f"{rungs[0].message}：{titles}")
    return [one for one in found if one not in rungs] + [usual]


def _assumed(value: object, path: Path) -> list[Problem]:
    if isinstance(value, tuple):
        return [one for index, item in enumerate(value) for one in _assumed(item, (*path, index))]
    if not isinstance(value, BaseModel) or isinstance(value, Lineage):  # a lineage is told of where a name rests on it
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
        if organ.id in used and organ.reporter is None:
            yield warning("no-contact", path, f"“{organ.name}”没有联络员邮箱，发给它的信件将转交联席会议办公室")
        if organ.id in used and organ.until is not None and organ.until < definition.campaign.starts:
            yield warning("abolished", (*path, "until"), f"“{organ.name}”在专项行动开始前已撤销，请核对由哪个单位承接")
