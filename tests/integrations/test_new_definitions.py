"""`liandong new`: a file made from a template or last year's campaign, which checks clean apart from what must be confirmed."""

from pathlib import Path

import pytest

from campaigns.errors import DefinitionError, UnknownItem
from campaigns.findings import Problem, Severity
from campaigns.workdays import OfficeHours
from integrations.definition_files import DEFINITIONS, DIRECTORIES, load_plan
from integrations.definition_files.writing import derived
from tests.builders import WORKDAYS
from tests.integrations.test_definition_files import DIRECTORY, GOOD
from tests.integrations.test_definition_reuse import TEMPLATE


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("small", DIRECTORY), ("small-2021", GOOD), ("holiday", TEMPLATE)):
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def problems(folder: Path, text: str) -> list[Problem]:
    file = folder / "made.yaml"
    file.write_text(text, "utf-8")
    try:
        return list(load_plan(file, WORKDAYS, OfficeHours(), [folder, DIRECTORIES], [folder, DEFINITIONS]).problems)
    except DefinitionError as fault:
        return list(fault.problems)


def test_from_a_template_with_everything_given(folder: Path) -> None:
    given = {"年份": "2022", "节日": "中秋节", "代码": "zhongqiu", "开始": "2022-09-01", "单位": "市市场监管局"}
    text = derived("holiday", "jiage-2022-zhongqiu", given, [folder])

    assert text == (
        "# 由模板 holiday 生成：填好“待定”各项，再用 liandong check 核对。\n"
        "extends: holiday\n"
        "values:\n"
        "  年份: 2022 # 例如 2021\n"
        "  节日: 中秋节 # 例如 国庆节，见放假通知\n"
        "  代码: zhongqiu # 例如 guoqing\n"
        "  开始: 2022-09-01 # 例如 2021-09-20\n"
        "  单位: [市市场监管局] # 例如 [市市场监管局]\n"
        "campaign:\n"
        "  id: jiage-2022-zhongqiu\n"
    )
    assert [one for one in problems(folder, text) if one.severity in (Severity.ERROR, Severity.ASKED)] == []


def test_names_of_departments_stay_whole_where_they_stand_in_brackets(folder: Path) -> None:
    text = derived("holiday", "made", {"单位": "[各县(市、区)市场监管局、市公安局（交警、特警）, 市委网信办]"}, [folder])
    assert "  单位: [各县(市、区)市场监管局, 市公安局（交警、特警）, 市委网信办]" in text


def test_what_is_not_given_is_all_that_is_asked_for(folder: Path) -> None:
    found = problems(folder, derived("holiday", "jiage-2022", {"年份": "2022"}, [folder]))

    assert [one.message.split("：")[0] for one in found if one.severity is Severity.ASKED] == [
        f"“{name}”待填" for name in ("节日", "代码", "开始", "单位")
    ]
    assert not [one for one in found if one.severity is Severity.ERROR]


def test_a_template_half_filled_in_is_not_blamed_for_the_dates_of_its_examples(folder: Path) -> None:
    found = problems(folder, derived("holiday-price", "spring", {"年份": "2021", "节日": "春节"}, [DEFINITIONS]))

    assert [one.message for one in found if one.severity is Severity.ERROR] == []
    assert sum(one.severity is Severity.ASKED for one in found) == 5


def test_from_last_year_dates_move_and_are_to_be_confirmed(folder: Path) -> None:
    text = derived("hezhou-2020", "hezhou-2021", {"short_title": "放心消费"}, [folder, DEFINITIONS])
    found = problems(folder, text)

    assert "starts: 2021-10-20" in text and "ends: 2023-12-31" in text and "short_title: 放心消费" in text
    assert not [one for one in found if one.severity is Severity.ERROR]
    assert [one.message for one in found if one.severity is Severity.ASKED] == [
        f"“{name}”待定，请核对原文后填写" for name in ("发文字号", "标题", "成文日期")
    ]
    assert len([one for one in found if "顺延一年" in one.message]) == 3
    assert len([one for one in found if "条款沿用上年的文件，请对照新文件核对" in one.message]) == 1


def test_what_cannot_be_set_is_told_with_what_can(folder: Path) -> None:
    with pytest.raises(UnknownItem, match="“holiday”没有“假期”可填，可填的有：年份、节日、代码、开始、单位"):
        derived("holiday", "jiage", {"假期": "国庆节"}, [folder])
