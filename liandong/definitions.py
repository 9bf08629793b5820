"""What `check` and `plan` tell of a definition."""

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from campaigns import graph
from campaigns.definition import Report, Role
from campaigns.errors import Conflict, DefinitionError, UnknownItem
from campaigns.findings import Problem
from campaigns.messages import dotted
from campaigns.plan import OFFICE, Plan, Round, group_names, owing
from integrations.definition_files.writing import derived
from integrations.files import write_whole
from tasks.definitions import folders
from tasks.definitions import load as load

__all__ = ["checked", "findings_document", "in_force", "load", "plan_document", "write_draft", "write_new"]
_TABLES = (".xlsx", ".xls", ".et", ".ods", ".docx", ".doc", ".wps")  # what a duty table may be in


def checked(name: str) -> tuple[Problem, ...]:
    """Return every problem of a definition, whether a plan can be made of it or not."""
    try:
        return load(name).problems
    except DefinitionError as error:
        return error.problems


def write_new(code: str, base: str, given: Sequence[str], to: Path | None) -> Path:
    """Return the file into which a definition made from a template or a campaign was written; it never replaces one."""
    if Path(base).suffix.lower() in _TABLES:
        raise UnknownItem(
            f"{base} 是表格或文档；由责任分工表起草，请用 liandong draft {base} --code {code} --directory 通讯录代码"
        )
    values = {}
    for one in given:
        key, sign, value = one.replace("＝", "=").partition("=")
        if not sign:
            raise UnknownItem(f"“--set {one}”读不懂，写法是 --set 名称=内容")
        values[key.strip()] = value.strip()
    path = _free(code, to)
    write_whole(path, derived(base, code, values, folders()).encode())
    return path


def write_draft(file: Path, code: str, directory: str, to: Path | None) -> Path:
    """Return the file into which the definition drafted from a duty table was written; it never replaces one."""
    from tasks.drafting import draft

    path = _free(code, to)
    write_whole(path, draft(file, code, directory).encode())
    return path


def _free(code: str, to: Path | None) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", code):
        raise UnknownItem(f"代码“{code}”写法不对，应是小写字母、数字和短横线，例如 hezhou-2023")
    path = to or folders()[0] / f"{code}.yaml"
    if path.exists():
        raise Conflict(f"{path} 已经有了，请换一个代码，或先把它移走")
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def usable(name: str) -> Plan:
    """Return the plan of a definition without errors; DefinitionError with all there is to say of it otherwise."""
    plan = load(name)
    if not plan.usable:
        raise DefinitionError(plan.problems)
    return plan


def in_force(name: str, written: Callable[[str], Plan] = usable) -> tuple[Plan, str]:
    """Return the plan of the running campaign with that code as it now stands, or that of a definition; and which of them it is.

    A file given by its path is taken as it is `written`: by default it must be without errors.
    """
    if not (Path(name).suffix or Path(name).exists()):
        from tasks.campaign import running_plans  # only what asks the ledger waits for sqlalchemy

        running = {plan.definition.campaign.id: plan for plan in running_plans()}
        code = name if name in running else load(name).definition.campaign.id
        if code in running:
            amended = len(running[code].earlier)
            return running[code], "正在执行的安排" + (f"，已按{amended}次补充通知调整" if amended else "，下发后没有调整过")
    return written(name), "定义文件所写的安排"


def findings_document(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as programs read them."""
    return [
        {
            "rule": one.rule,
            "severity": one.severity.value,
            "file": one.file,
            "line": one.line,
            "path": dotted(one.path),
            "message": one.message,
        }
        for one in problems
    ]


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as programs read it: names as the notice uses them, groups by their own, counts after they are expanded."""
    return {
        "campaign": plan.definition.campaign.id,
        "duties": [
            {
                "number": duty.number,
                "title": duty.title,
                "clause": duty.clause,
                "lead": group_names(plan.definition, plan.directory, duty, Role.LEAD),
                "cooperating": group_names(plan.definition, plan.directory, duty, Role.COOPERATING),
                "units": list(duty.units),
            }
            for duty in plan.definition.duties
        ],
        "rounds": [
            {
                "id": one.id,
                "report": one.report,
                "label": one.label,
                "clause": plan.report(one.id).clause,
                "due": one.due_on.isoformat(),
                "opens": one.opens_on.isoformat(),
                "closes": one.closes_on.isoformat(),
                "covers": [one.covers_from.isoformat(), one.covers_until.isoformat()],
                "soft": one.soft,
                "tentative": [role.value for role in one.tentative],
                "at": one.hour(Role.LEAD) or None,
                "hops": [_hop(plan, one, role) for role, _ in one.due],
            }
            for one in plan.rounds
        ],
        "debtors": [
            {"report": one.id, "title": one.title, "departments": _debtors(plan, one)}
            for one in plan.definition.reports
            if not one.clock.event
        ],
        "events": [f"{one.title}（{one.clock.event}）" for one in plan.definition.reports if one.clock.event],
        "convention": plan.convention + ("，写明时刻的以所写时刻为准" if any(one.hours for one in plan.rounds) else ""),
        "assignments": len(plan.assignments),
        "expected_reports": len(plan.expected),
        "edges": len(graph.edges(plan)),
        "findings": findings_document(plan.problems),
    }


def _debtors(plan: Plan, report: Report) -> list[str]:
    """Return the names of those who owe a report, groups expanded; the same in each of its rounds."""
    codes = dict.fromkeys(one.department for one, _ in owing(plan.definition, plan.directory, plan.assignments, report))
    return [plan.directory.organ(code).name for code in codes]


def _hop(plan: Plan, a_round: Round, role: Role) -> str:
    """Return by when and to whom debtors of that role report: `配合单位 2021-06-18 09:00 前报牵头单位`."""
    to = {hop.role: hop.to for hop in plan.report(a_round.id).hops}.get(role, OFFICE)
    receiver = {"lead": "牵头单位", "parent": "上级或本地的牵头单位"}.get(to, plan.definition.campaign.office)
    by = f"{a_round.due_of(role).isoformat()} {a_round.hour(role)}".rstrip()
    return f"{role.chinese}单位 {by} 前报{receiver}{a_round.mark(role)}"
