"""The cross-checks officers expect ship with the campaigns, with the cautions that keep them from scolding honest people."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from ruamel.yaml import YAML

from campaigns.rules import parse
from integrations.definition_files import DEFINITIONS

ASK_FOR_AMOUNTS = (
    "anti-counterfeit",
    "contract-terms",
    "cotton-guard",
    "false-ads",
    "hezhou-2020",
    "hezhou-health-2020",
    "hezhou-privacy-2020",
    "holiday-price",
    "iron-fist",
    "pyramid-selling",
    "training-contracts",
    "wangjian",
    "wildlife",
)
SHIPPED = sorted(path.stem for path in DEFINITIONS.glob("*.yaml"))


def rules_of(campaign: str) -> tuple[dict[str, dict[str, Any]], Iterator[tuple[dict[str, Any], str, list[str]]]]:
    """Return the figures of a definition by code, and its rules, each with its subject and the other figures it names."""
    tree: Any = YAML(typ="safe").load(DEFINITIONS / f"{campaign}.yaml")
    figures = {one["id"]: one for form in tree.get("forms", ()) for one in form["indicators"]}

    def rules() -> Iterator[tuple[dict[str, Any], str, list[str]]]:
        for rule in tree.get("rules", ()):
            relation = parse(re.sub("<[^<>= ]+>", "1", rule["check"]))
            yield rule, relation.subject, [name for name in relation.names if name != relation.subject]

    return figures, rules()


@pytest.mark.parametrize("campaign", ASK_FOR_AMOUNTS)
def test_an_amount_that_may_have_been_typed_in_yuan_is_asked_about(campaign: str) -> None:
    figures, rules = rules_of(campaign)
    asked = {subject.rpartition(".")[2] for _, subject, _ in rules}
    amounts = {code for code, one in figures.items() if one.get("unit") == "万元"}
    within = {code for code in amounts if code.startswith("foreign_")}  # held against the amount it is part of
    assert amounts - within <= asked


@pytest.mark.parametrize("campaign", SHIPPED)
def test_cases_closed_or_handed_over_in_a_period_may_be_those_of_an_earlier_one(campaign: str) -> None:
    figures, rules = rules_of(campaign)
    for rule, subject, others in rules:
        labels = [figures.get(code, {}).get("label", "") for code in (subject, *others)]
        if labels[0].startswith(("结案", "办结", "移送")) and any(one.startswith("立案") for one in labels[1:]):
            assert rule.get("over") == "cumulative" or rule.get("severity", "warning") == "warning", rule["id"]


@pytest.mark.parametrize(("campaign", "people", "visits"), [
    ("hezhou-2020", "officers", "inspections"), ("iron-fist", "officers", "actions"), ("wildlife", "officers", "restaurants"),
])  # fmt: skip
def test_two_officers_go_where_anybody_goes_at_all(campaign: str, people: str, visits: str) -> None:
    _, rules = rules_of(campaign)
    relation = next(parse(rule["check"]) for rule, _, _ in rules if rule["id"] == "two_officers")
    cases = {(2, 1): True, (1, 1): False, (0, 0): True, (1, 0): True, (2, 40): True, (0, 3): False}
    assert {case: relation.holds({people: Decimal(case[0]), visits: Decimal(case[1])}) for case in cases} == cases
