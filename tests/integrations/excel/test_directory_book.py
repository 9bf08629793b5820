"""A directory as a workbook and back: nothing is lost, and whatever is wrong is told at its cell."""

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from campaigns.errors import UnreadableFile
from campaigns.organs import Alias, Contact, Directory, Former, Group, Lineage, Organ, Superior
from integrations.definition_files import DIRECTORIES
from integrations.definition_files.directories import as_yaml, directory_in
from integrations.excel.directory_book import ABOUT, ALIASES, GROUPS, LINEAGES, MEMBERS, ORGANS, write_directory
from tasks.directories import export, take_in

DAY = date(2025, 3, 3)
RICH = Directory(
    id="dongshan",
    title="东山市通讯录",
    assumed="样例",
    organs=(
        Organ(
            id="scjg",
            name="市市场监管局",
            full_name="东山市市场监督管理局",
            since=date(2019, 1, 10),
            aliases=(
                Alias(name="市市监局"),
                Alias(name="市场、监管局（甲）", since=date(2019, 1, 10), until=date(2020, 1, 1), assumed="凭记忆"),
            ),
            liaison=Contact(name="张甲", email="jia@example.gov.cn", phone="0774-0000000", assumed="待核实"),
            deputy=Contact(name="李乙", email="yi@example.gov.cn", phone="00123"),
            leader=Contact(name="王丙", email="bing@example.gov.cn"),
        ),
        Organ(
            id="suo",
            name="城关市场监管所",
            level="所",
            parent="scjg",
            former_parents=(Superior(id="old", until=date(2019, 1, 9)),),
            assumed="层级拟定",
        ),
        Organ(id="old", name="市工商局", until=date(2019, 1, 9)),
    ),
    groups=(
        Group(id="all", name="各区、县级市", since=date(2019, 1, 1), aliases=(Alias(name="各地"),), members=("scjg", "suo")),
        Group(id="one", name="有关单位", members=("scjg",), assumed="拟定"),
    ),
    lineages=(
        Lineage(
            now=("市场监管局", "市监局"),
            was=(
                Former(names=("盐务局", "盐业局"), until=date(2019, 1, 31), assumed="凭记忆"),
                Former(names=("酒管局",), until=DAY),
            ),
            basis="机构改革方案",
        ),
        Lineage(now=("公安局",)),
    ),
)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "home"))
    return tmp_path


def changed(home: Path, *cells: tuple[str, str, Any], directory: Directory = RICH) -> Path:
    """Return the workbook of a directory after somebody has typed into these cells and saved it."""
    book = openpyxl.load_workbook(BytesIO(write_directory(directory)))
    for sheet, cell, value in cells:
        book[sheet][cell] = value
    path = home / "通讯录.xlsx"
    book.save(path)
    return path


@pytest.mark.parametrize(
    "directory", [RICH, *(directory_in(path) for path in sorted(DIRECTORIES.glob("*.yaml")))], ids=lambda one: one.id
)
def test_nothing_is_lost_on_the_way_to_excel_and_back(home: Path, directory: Directory) -> None:
    written, findings = take_in(changed(home, directory=directory), directory.id, DAY)
    assert not [one for one in findings if one.severity == "block"]
    assert written == home / "home" / "directories" / f"{directory.id}.yaml"
    assert directory_in(written) == directory
    export(directory.id, home / "again.xlsx")
    assert (home / "again.xlsx").read_bytes() == write_directory(directory)


def test_the_file_written_reads_as_the_directory(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(as_yaml(RICH), "utf-8")
    assert directory_in(tmp_path / "a.yaml") == RICH


def test_dates_as_people_type_them_and_columns_moved(home: Path) -> None:
    path = changed(
        home,
        (ORGANS, "I2", "JIA@EXAMPLE.GOV.CN"),
        (ORGANS, "F2", date(2019, 2, 1)),
        (ORGANS, "G4", "２０１９年1月9日"),
        (ALIASES, "D3", "2020/1/2"),
    )
    book = openpyxl.load_workbook(path)
    sheet = book[ORGANS]
    sheet.move_range("C1:C4", cols=30)
    book.save(path)
    written, findings = take_in(path, "dongshan", DAY)
    assert written and not findings
    found = directory_in(written)
    assert (found.organ("scjg").since, found.organ("scjg").full_name) == (date(2019, 2, 1), "东山市市场监督管理局")
    assert found.organ("scjg").aliases[1].until == date(2020, 1, 2)


def test_every_fault_is_told_at_once_with_sheet_and_cell_and_nothing_is_written(home: Path) -> None:
    path = changed(
        home,
        (ORGANS, "A2", "市 监"),
        (ORGANS, "B3", None),
        (ORGANS, "F2", "2019-02-30"),
        (ORGANS, "I2", "not-an-address"),
        (ORGANS, "W1", "传真"),
        (ALIASES, "A2", "nobody"),
        (MEMBERS, "A2", "nogroup"),
        (LINEAGES, "D2", "很久以前"),
        (GROUPS, "D2", 99),
    )
    written, findings = take_in(path, "dongshan", DAY)
    assert written is None and not (home / "home" / "directories").exists()
    told = {(one.sheet, one.cell) for one in findings}
    assert told >= {
        (ORGANS, "A2"),
        (ORGANS, "A3"),
        (ORGANS, "F2"),
        (ORGANS, "I2"),
        (ORGANS, "W1"),
        (ALIASES, "A2"),
        (MEMBERS, "A2"),
        (LINEAGES, "D2"),
        (GROUPS, "D2"),
    }
    assert "代码“nobody”在“单位”或“成组单位”工作表里没有，请核对或补上" in {one.message for one in findings}
    assert "缺少 name（名称），请补上" in {one.message for one in findings}


def test_what_the_directory_itself_forbids_is_told_at_its_cell(home: Path) -> None:
    path = changed(home, (ORGANS, "E3", "nowhere"), (MEMBERS, "B2", "nobody"), (ORGANS, "B4", "市市监局"), (ORGANS, "G4", None))
    written, findings = take_in(path, "dongshan", DAY)
    assert written is None
    assert {(one.rule, one.sheet, one.cell) for one in findings} == {
        ("unknown-organ", ORGANS, "E3"),
        ("unknown-organ", MEMBERS, "B2"),
        ("ambiguous", ORGANS, "A4"),
    }


def test_members_may_be_given_by_name_and_a_name_that_is_not_the_code_s_is_told(home: Path) -> None:
    path = changed(home, (MEMBERS, "B2", None), (MEMBERS, "C2", "市盐业局"), (MEMBERS, "C3", "市工商局"))
    written, findings = take_in(path, "dongshan", DAY)
    assert written is None and [(one.cell, one.message) for one in findings] == [
        ("C2", "没有写成员代码，“单位”工作表里也没有名称是“市盐业局”的一个单位，请补上代码"),
        ("B3", "成员代码“suo”是“城关市场监管所”，名称写的是“市工商局”，请核对后改成一致"),
    ]
    written, findings = take_in(changed(home, (MEMBERS, "B2", None)), "dongshan", DAY)
    assert written and directory_in(written) == RICH and not findings


def test_sheets_that_are_gone_or_renamed_are_told(home: Path) -> None:
    book = openpyxl.load_workbook(changed(home))
    del book[ALIASES], book[LINEAGES]
    book[GROUPS].title, book[MEMBERS].title = "成组单位2", "组成员2"
    book.save(home / "通讯录.xlsx")
    written, findings = take_in(home / "通讯录.xlsx", "dongshan", DAY)
    assert written and [one.message for one in findings] == [
        "不认识工作表“成组单位2”，没有读取",
        "不认识工作表“组成员2”，没有读取",
        "没有“别名”“成组单位”“组成员”“机构沿革”工作表，按没有内容处理；通讯录里原来有的会因此去掉",
    ]


def test_one_mailbox_for_two_and_dates_out_of_order_are_told(home: Path) -> None:
    written, findings = take_in(changed(home, (ORGANS, "E3", "suo")), "dongshan", DAY)
    assert written is None and [one.message for one in findings] == ["“城关市场监管所”的上级写成了自己，请核对上级代码"]
    person = ((ORGANS, "H3", "赵丁"), (ORGANS, "I3", "JIA@example.gov.cn"))
    path = changed(home, *person, (ORGANS, "G2", "2019-01-01"), (ALIASES, "C3", "2020-02-01"))
    written, findings = take_in(path, "dongshan", DAY)
    assert written is None and {(one.cell, one.message) for one in findings} >= {
        ("I3", "“城关市场监管所”与“市市场监管局”的联络员邮箱相同（JIA@example.gov.cn），请核对是否写错"),
        ("G2", "“市市场监管局”的停止日期早于开始日期，请核对两个日期"),
        ("D3", "“市市场监管局”别名“市场、监管局（甲）”的停止日期早于开始日期，请核对两个日期"),
    }


def test_the_directory_before_is_kept_beside(home: Path) -> None:
    first, _ = take_in(changed(home), "dongshan", DAY)
    assert first
    before = first.read_bytes()
    take_in(changed(home, (ABOUT, "B3", "东山市新通讯录")), "dongshan", DAY)
    assert directory_in(first).title == "东山市新通讯录"
    assert first.with_name("dongshan.yaml.bak").read_bytes() == before


def test_what_is_no_workbook_is_refused_in_chinese(home: Path) -> None:
    path = home / "a.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    with pytest.raises(UnreadableFile, match=r"[\u4e00-\u9fff]"):
        take_in(path, "dongshan", DAY)
    with pytest.raises(UnreadableFile, match=r"没有找到通讯录“nowhere”。可用的有：.*hezhou"):
        export("nowhere", path)
