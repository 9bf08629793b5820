"""Campaigns side by side: a figure asked twice, weeks with too much in them."""

from dataclasses import replace
from datetime import date

from campaigns.amendment import in_force
from campaigns.conflicts import asked_twice, crowded_weeks
from campaigns.organs import Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory, small_plan


def another(label: str = "立案", unit: str = "件", starts: date = date(2020, 10, 20)) -> Plan:
    """Return a second campaign in which the market bureau alone is asked for one figure."""
    definition = small_definition()
    form = definition.forms[0]
    indicator = form.indicators[2].model_copy(update={"id": "filed", "label": label, "unit": unit})
    return expand(
        definition.model_copy(
            update={
                "campaign": definition.campaign.model_copy(update={"id": "other", "short_title": "另一行动", "starts": starts}),
                "duties": (definition.duties[0].model_copy(update={"cooperating": ()}),),
                "forms": (form.model_copy(update={"indicators": (indicator,)}),),
                "rules": (),
            }
        ),
        small_directory(),
        WORKDAYS,
        OfficeHours(),
    )


def test_a_figure_asked_of_one_department_by_two_campaigns_for_one_period() -> None:
    found = asked_twice([small_plan(), another()])
    assert {(one.department, one.figure, one.unit) for one in found} == {("scjg", "立案", "件")}
    assert [(one.one.round, one.other.round) for one in found] == [
        (f"test-2020/summary-{period}", f"other/summary-{period}") for period in ("2020-2", "2021-1", "2021-2")
    ]


def test_another_unit_another_period_or_another_body_is_no_repetition() -> None:
    assert not asked_twice([small_plan(), another(unit="起")])
    assert not asked_twice([small_plan(), another(label="检查")])
    assert not asked_twice([small_plan()])
    early = small_plan()
    early = replace(early, rounds=early.rounds[:1], expected=early.expected_in(early.rounds[0].id))
    assert not asked_twice([early, another(starts=date(2021, 1, 4))])
    elsewhere = another()
    stranger = Organ(id="scjg", name="省水利厅")
    elsewhere = replace(elsewhere, directory=elsewhere.directory.model_copy(update={"organs": (stranger,)}))
    assert not asked_twice([small_plan(), elsewhere])


def test_weeks_in_which_one_person_owes_more_than_so_many() -> None:
    plans = [small_plan(), another()]
    assert not crowded_weeks(plans, 2)
    found = crowded_weeks(plans, 1)
    assert (found[0].person, found[0].week) == ("scjg@example.gov.cn", date(2020, 11, 30))
    assert found[0].reports == ("市市场监管局：另一行动·2020年下半年", "市市场监管局：放心消费专项行动·2020年下半年")


def test_what_is_due_later_is_still_about_its_own_period() -> None:
    plan = small_plan()
    october = replace(plan.rounds[0], covers_until=date(2020, 10, 31))
    plan = replace(plan, rounds=(october,), expected=plan.expected_in(october.id))
    assert not asked_twice([plan, another(starts=date(2020, 11, 2))])


def test_who_was_taken_out_by_an_amendment_is_named_in_the_rounds_that_ended() -> None:
    plan, small = small_plan(), small_directory()
    first, second, third = plan.definition.duties
    without = small.model_copy(update={"organs": tuple(organ for organ in small.organs if organ.id != "wlj")})
    fewer = (first.model_copy(update={"cooperating": ("市商务局",)}), second, third)
    later = expand(plan.definition.model_copy(update={"duties": fewer}), without, WORKDAYS, OfficeHours())
    amended = in_force(later, (), [(plan, {FIRST_ROUND}, ())])
    twin = expand(
        plan.definition.model_copy(update={"campaign": plan.definition.campaign.model_copy(update={"id": "twin"})}),
        small, WORKDAYS, OfficeHours(),
    )  # fmt: skip
    assert {(one.name, one.one.round) for one in asked_twice([amended, twin]) if one.department == "wlj"} == {
        ("市文旅局", FIRST_ROUND)
    }
    assert "市文旅局：放心消费专项行动·2020年下半年" in {text for one in crowded_weeks([amended], 0) for text in one.reports}
