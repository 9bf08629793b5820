"""Chinese phrases that several letters share, from values of the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.definition import Definition, Role
from campaigns.letters import Item
from campaigns.plan import ExpectedReport, Plan
from campaigns.states import Standing, chinese
from campaigns.workdays import Workdays, office_date
from campaigns.workdays import moment_in_chinese as moment_in_chinese


def remaining(due_at: datetime, as_of: datetime, workdays: Workdays) -> str:
    """Return `还有3个工作日`, `今天截止` or `已逾期2个工作日`."""
    due, today = office_date(due_at), office_date(as_of)
    if as_of > due_at:
        days = workdays.between(due, today)
        return f"已逾期{days}个工作日" if days else "已逾期"
    if due == today:
        return "今天截止"
    days = workdays.between(today, due)
    return f"还有{days}个工作日" if days else "即将截止"


def item(
    plan: Plan, one: ExpectedReport, standing: Standing, as_of: datetime, workdays: Workdays, names: Mapping[str, str]
) -> Item:
    """Return what a letter says of one expected report."""
    told = item_of(plan.of(one.round).definition, one.duty, one.role, one.receivers, standing, as_of, workdays, names)
    # a date that a decision has set is neither provisional nor meant in principle
    return replace(told, due=told.due + plan.round(one.round).mark(one.role)) if standing.due_version == 1 else told


def item_of(
    definition: Definition,
    duty: int,
    role: Role,
    receivers: Sequence[str],
    standing: Standing,
    as_of: datetime,
    workdays: Workdays,
    names: Mapping[str, str],
) -> Item:
    """Return what a letter says of what is owed for a duty."""
    return Item(
        duty=duty,
        title=definition.duty(duty).title,
        role=role.chinese,
        receiver="、".join(names[code] for code in receivers),
        due=moment_in_chinese(standing.due_at),
        state=chinese(standing, as_of),
        remaining=remaining(standing.due_at, as_of, workdays) if standing.owed else "",
    )
