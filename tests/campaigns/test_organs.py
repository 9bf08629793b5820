"""Names of departments: what resolves, and what is offered when nothing does."""

from datetime import date

import pytest

from campaigns.errors import UnknownOrgan
from campaigns.organs import Alias, Directory, Group, Organ, clashes
from tests.builders import small_directory

DAY = date(2020, 10, 20)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("市商务局", "swj"),
        (" 市 商务局", "swj"),
        ("市工商局", "scjg"),
        ("各县（区）人民政府", "counties"),
        ("各县(区)人民政府", "counties"),
    ],
)
def test_a_name_resolves_whatever_its_brackets_and_blanks(name: str, code: str) -> None:
    assert small_directory().resolve(name, DAY).id == code


def test_an_unknown_name_comes_with_candidates_and_is_never_guessed() -> None:
    with pytest.raises(UnknownOrgan, match="您是否指：市市场监管局") as caught:
        small_directory().resolve("市市监管局", DAY)

    assert caught.value.candidates[0] == "市市场监管局"


def test_a_name_cut_short_is_asked_about_with_all_that_hold_it() -> None:
    names = ("西县市场监管局", "西县第一市场监管所", "东县市场监管局")
    directory = Directory(id="a", title="甲", organs=tuple(Organ(id=f"o{at}", name=name) for at, name in enumerate(names)))
    with pytest.raises(UnknownOrgan) as caught:
        directory.resolve("西县", DAY)
    assert caught.value.candidates == names[:2]


def test_an_alias_holds_between_its_dates_only() -> None:
    alias = Alias(name="市工商局", until=date(2018, 12, 31))
    directory = Directory(id="a", title="甲", organs=(Organ(id="scjg", name="市市场监管局", aliases=(alias,)),))

    assert directory.resolve("市工商局", date(2018, 12, 31)).id == "scjg"
    with pytest.raises(UnknownOrgan):
        directory.resolve("市工商局", date(2019, 1, 1))


def test_a_group_keeps_its_order() -> None:
    directory = small_directory()

    assert [organ.id for organ in directory.members(directory.resolve("各县(区)人民政府", DAY))] == ["dong", "xi"]


def test_names_with_two_holders_are_told() -> None:
    one, two = Organ(id="one", name="甲局", aliases=(Alias(name="乙局"),)), Organ(id="two", name="乙局")
    directory = Directory(id="a", title="甲", organs=(one, two), groups=(Group(id="all", name="全部", members=("one",)),))

    assert directory.ambiguous(DAY) == {"乙局": (one, two)}


def test_a_name_with_other_brackets_is_the_same_department() -> None:
    before, after = (
        Directory(id="x", title="x", organs=(Organ(id="fgw", name=name),)) for name in ("市发改委（粮食局）", "市发改委 (粮食局)")
    )
    assert clashes(before, after) == ()
    assert clashes(before, Directory(id="x", title="x", organs=(Organ(id="fgw", name="市粮食局"),))) != ()


def test_a_directory_changed_after_it_was_asked_answers_anew() -> None:
    before = small_directory()
    assert before.resolve("市商务局", DAY).id == "swj"
    after = before.model_copy(update={"organs": (*before.organs, Organ(id="zjj", name="市住建局"))})
    assert after.resolve("市住建局", DAY).id == after.organ("zjj").id == "zjj"
    with pytest.raises(UnknownOrgan):
        before.resolve("市住建局", DAY)
