"""What departments have been called: a table of names, each right by date or asked about; never a guess."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.errors import UnknownOrgan
from campaigns.findings import Severity
from campaigns.organs import Alias, Directory, Former, Group, Lineage, Organ, Superior, with_lineages
from campaigns.plan import expand
from campaigns.workdays import OfficeHours
from integrations.definition_files.directories import shipped_lineages
from tests.builders import WORKDAYS, small_definition, small_directory

DAY = date(2020, 10, 20)
_NAMES = {
    "scjg": "市场监管局",
    "yjj": "应急局",
    "fgw": "发展改革委",
    "gxj": "工信局",
    "swj": "商务局",
    "wlj": "文旅局",
    "hbj": "生态环境局",
    "zrzy": "自然资源局",
    "nyj": "农业农村局",
    "wjw": "卫健委",
    "zjj": "住建局",
    "rsj": "人社局",
    "jtj": "交通运输局",
    "cgj": "城管局",
    "gaj": "公安局",
    "kjj": "科技局",
    "jyj": "教育局",
    "dsj": "大数据局",
    "ybj": "医保局",
}
CITY = with_lineages(
    Directory(
        id="dongshan",
        title="东山市通讯录",
        organs=(
            *(Organ(id=code, name=f"市{name}", full_name=f"东山市{name}") for code, name in _NAMES.items()),
            Organ(id="wxb", name="市委网信办"),
            Organ(id="gs", name="市烟草公司", until=date(2018, 12, 31)),
            Organ(id="xian", name="东河县人民政府", level="县", aliases=(Alias(name="东河县政府"),)),
            Organ(id="xscj", name="东河县市场监管局", level="县", parent="scjg"),
        ),
        groups=(
            Group(id="counties", name="各县(市、区)人民政府", members=("xian",)),
            Group(id="districts", name="各区、县级市", members=("xian",)),
        ),
    ),
    shipped_lineages(),
)


def table() -> list[tuple[str, str, str]]:
    rows = []
    for line in (Path(__file__).parent / "aliases.txt").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            day, code, names = line.split(" ", 2)
            rows += [(day, code, name) for name in names.split(" ")]
    return rows


PAIRS = table()


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert len(set(PAIRS)) >= 200
    assert sum(code == "?" for _, code, _ in PAIRS) >= 50


@pytest.mark.parametrize(("day", "code", "name"), sorted(set(PAIRS)), ids=lambda value: str(value))
def test_a_name_means_one_department_by_its_date_or_is_asked_about(day: str, code: str, name: str) -> None:
    on = date.fromisoformat(day)
    if code == "?":
        with pytest.raises(UnknownOrgan) as asked:
            CITY.resolve(name, on)
        assert name in str(asked.value)
    else:
        assert CITY.resolve(name, on).id == code


@pytest.mark.parametrize(
    ("name", "on", "words"),
    [
        ("市工商局", DAY, "“市工商局”最迟到2019-03-31已经撤并，您是否指：市市场监管局？"),
        ("市经贸委", date(2009, 6, 1), "“市经贸委”的职责改革后分属几个单位，您是否指：市工信局、市商务局？"),
        ("市场局", DAY, "通讯录里没有“市场局”，您是否指：市市场监管局"),
        ("市税务局", DAY, "通讯录里没有“市税务局”"),
    ],
)
def test_what_is_asked_names_the_likely_ones(name: str, on: date, words: str) -> None:
    with pytest.raises(UnknownOrgan) as asked:
        CITY.resolve(name, on)
    assert str(asked.value).startswith(words)


def test_a_name_read_by_a_lineage_is_told_with_its_basis() -> None:
    assert CITY.note("市工商局", date(2017, 6, 1)) == (
        "“市工商局”按机构沿革认作“市市场监管局”：《方案》组建国家市场监督管理总局；地方名称为对应推定"
    )
    assert CITY.note("市市监局", DAY) == ""


def test_before_the_reform_each_old_bureau_is_its_own() -> None:
    end, start = date(2019, 1, 9), date(2019, 1, 10)
    old = with_lineages(
        Directory(
            id="old",
            title="改革前后",
            organs=(
                Organ(id="gsj", name="市工商局", until=end),
                Organ(id="zjj", name="市质监局", until=end),
                Organ(id="scjg", name="市市场监管局", since=start),
            ),
        ),
        shipped_lineages(),
    )
    assert [old.resolve(name, end).id for name in ("市工商行政管理局", "市质量技术监督局")] == ["gsj", "zjj"]
    assert old.resolve("市市监局", start).id == "scjg"
    assert old.resolve("市工商局", start).id == "scjg"  # a paper of those weeks may still say so
    for name in ("市市场监管局", "市市监局"):
        with pytest.raises(UnknownOrgan, match="市工商局"):
            old.resolve(name, end)


def test_what_an_office_writes_of_a_former_name_goes_before_what_ships() -> None:
    own = Lineage(now=("发展改革委",), was=(Former(names=("物价局",), until=date(2018, 6, 30)),), basis="东山市机构改革方案")
    city = with_lineages(CITY.model_copy(update={"lineages": (own,)}), shipped_lineages())
    assert city.resolve("市物价局", date(2018, 6, 30)).id == "fgw"
    with pytest.raises(UnknownOrgan, match="2018-06-30已经撤并"):
        city.resolve("市物价局", date(2018, 7, 1))


@pytest.mark.parametrize(
    ("texts", "codes"),
    [
        (["市住建局、文旅局"], ["zjj", "wlj"]),
        (["市住建局", "文旅局"], ["zjj", "wlj"]),
        (["市公安局、住房和城乡建设局，教育局"], ["gaj", "zjj", "jyj"]),
        (["各县(市、区)人民政府"], ["counties"]),
        (["各区、县级市"], ["districts"]),
        (["市住建局、各区、县级市、公安局"], ["zjj", "districts", "gaj"]),
        (["市公安局、各县（市、区）人民政府"], ["gaj", "counties"]),
    ],
)
def test_a_text_of_several_names_is_taken_apart_and_carries_the_city_over(texts: list[str], codes: list[str]) -> None:
    assert [CITY.resolve(name, DAY).id for _, name in CITY.spelled(texts, DAY)] == codes


def test_a_city_written_once_decides_between_a_city_and_a_county() -> None:
    both = Directory(
        id="both",
        title="市县",
        organs=(Organ(id="zj", name="市住建局"), Organ(id="wl", name="市文旅局"), Organ(id="xwl", name="县文旅局", level="县")),
    )
    with pytest.raises(UnknownOrgan, match="可能指几个单位，您是否指：市文旅局、县文旅局"):
        both.resolve("文旅局", DAY)
    assert [name for _, name in both.spelled(["市住建局、文旅局"], DAY)] == ["市住建局", "市文旅局"]


def test_a_duty_may_list_its_departments_as_the_notice_does() -> None:
    definition = small_definition()
    duty = definition.duties[0].model_copy(update={"cooperating": ("市商务局、文旅局，各县（区）人民政府",)})
    laid_out = expand(
        definition.model_copy(update={"duties": (duty, *definition.duties[1:])}), small_directory(), WORKDAYS, OfficeHours()
    )
    assert [one.department for one in laid_out.assignments if one.duty == 1] == ["scjg", "swj", "wlj", "dong", "xi"]


def test_dated_groups_and_parents() -> None:
    change = date(2020, 6, 30)
    organs = (
        Organ(id="city", name="东山市人民政府"),
        Organ(id="district", name="南区人民政府", level="区", parent="city"),
        Organ(id="county", name="南县人民政府", level="县", until=change, parent="city"),
        Organ(
            id="office",
            name="城关市场监管所",
            level="所",
            parent="district",
            former_parents=(Superior(id="county", until=change),),
        ),
    )
    place = Directory(
        id="place",
        title="撤县设区",
        organs=organs,
        groups=(
            Group(id="before", name="各县(区)", until=change, members=("county",)),
            Group(id="after", name="各县(区)", since=date(2020, 7, 1), members=("district",)),
        ),
    )
    assert [place.resolve("各县（区）", day).id for day in (change, date(2020, 7, 1))] == ["before", "after"]
    assert [one.id for one in place.above("office", change)] == ["county", "city"]
    assert [one.id for one in place.above("office", DAY)] == ["district", "city"]


def test_a_part_of_a_department_and_departments_not_named_are_asked_about() -> None:
    city = small_directory()
    with pytest.raises(UnknownOrgan, match="您是否指：市公安局？"):
        city.resolve("市公安局（经济犯罪侦查支队）", DAY)
    for name in ("市直各部门", "市直有关单位", "各部门"):
        with pytest.raises(UnknownOrgan, match="没有写明是哪几个单位"):
            city.resolve(name, DAY)


def test_a_circle_that_closes_while_a_campaign_runs_is_told() -> None:
    directory = small_directory()
    first, second, *rest = directory.organs
    moved = Superior(id="dong", until=date(2021, 3, 31))  # from then on each would be above the other
    first = first.model_copy(update={"parent": second.id, "former_parents": (moved,)})
    turned = directory.model_copy(update={"organs": (first, second.model_copy(update={"parent": first.id}), *rest)})
    told = [one.message for one in expand(small_definition(), turned, WORKDAYS, OfficeHours()).problems if one.rule == "cycle"]
    assert told == ["2021年4月1日（周四）起上级互为上下级：市市场监管局 → 市商务局，请核对上级代码"]


def test_circles_and_levels_upside_down_are_told() -> None:
    directory = small_directory()
    first, second, *rest = directory.organs
    first = first.model_copy(update={"parent": second.id})
    second = second.model_copy(update={"parent": first.id})
    third = rest[0].model_copy(update={"parent": "dong"})
    turned = directory.model_copy(update={"organs": (first, second, third, *rest[1:])})
    told = expand(small_definition(), turned, WORKDAYS, OfficeHours()).problems
    assert next(one.message for one in told if one.rule == "cycle").startswith("上级互为上下级：市市场监管局 → 市商务局")
    assert [(one.severity, one.path) for one in told if one.rule == "level"] == [
        (Severity.WARNING, ("directory", "organs", 2, "parent"))
    ]


_KNOWN = sorted(
    {name for lineage in shipped_lineages() for former in ((), *lineage.was) for name in getattr(former, "names", lineage.now)}
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(_KNOWN),
    st.sampled_from(["", "市", "东山市", "东河县", "县", "省", "西山市"]),
    st.dates(date(2000, 1, 1), date(2030, 1, 1)),
)
def test_no_name_ever_means_a_department_of_another_place(stem: str, place: str, on: date) -> None:
    try:
        found = CITY.resolve(place + stem, on)
    except UnknownOrgan:
        return
    county = found.id in ("xian", "xscj")
    assert place not in ("西山市", "省", "县") and county == (place == "东河县")
