"""What `check` and `plan` tell of a definition."""

from collections.abc import Iterable
from typing import Any

from campaigns import graph
from campaigns.definition import Role
from campaigns.errors import DefinitionError
from campaigns.findings import Problem
from campaigns.messages import dotted
from campaigns.plan import Plan, group_names
from tasks.definitions import load as load

__all__ = ["checked", "findings_document", "load", "plan_document"]


def checked(name: str) -> tuple[Problem, ...]:
    """Return every problem of a definition, whether a plan can be made of it or not."""
    try:
        return load(name).problems
    except DefinitionError as error:
        return error.problems


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
                "lead": group_names(plan.definition, plan.directory, duty, Role.LEAD),
                "cooperating": group_names(plan.definition, plan.directory, duty, Role.COOPERATING),
            }
            for duty in plan.definition.duties
        ],
        "rounds": [
            {
                "id": one.id,
                "report": one.report,
                "label": one.label,
                "due": one.due_on.isoformat(),
                "opens": one.opens_on.isoformat(),
            }
            for one in plan.rounds
        ],
        "assignments": len(plan.assignments),
        "expected_reports": len(plan.expected),
        "edges": len(graph.edges(plan)),
        "findings": findings_document(plan.problems),
    }
