"""The demo, run as `make demo` runs it: what it leaves behind is what a visitor looks at."""

import json
import re
import shutil
from email import policy
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from campaigns.errors import Conflict
from liandong.demo import run_demo
from tests import recompute
from tests.demonstration import Demo, liandong

FIRST, SECOND = "hezhou-2020/summary-2020-2", "hezhou-2020/summary-2021-1"
slow = pytest.mark.timeout(1800)


@slow
@pytest.mark.prefect
def test_every_file_is_in_the_index_and_there(demo: Demo) -> None:
    assert {one["kind"] for one in demo.files} == {
        "form",
        "letter",
        "received",
        "annotated",
        "rollup",
        "document",
        "graph",
        "ledger",
    }
    for one in demo.files:
        assert {"path", "kind", "department", "round"} <= one.keys()
        assert (demo.out / one["path"]).stat().st_size or one["kind"] == "received"
    listed = {one["path"] for one in demo.files}
    there = {str(path.relative_to(demo.out)) for path in demo.out.rglob("*") if path.is_file()}
    assert {path for path in there if not path.startswith("office/")} == listed | {"index.json"}
    assert [one["round"] for one in demo.of("rollup")] == [FIRST, SECOND]
    made = [Path(one["path"]).stem.split("_")[2] for one in demo.of("document", round_id=SECOND)]
    assert {"情况报告", "情况通报", "台账", "领导一页纸"} <= set(made) and len(made) == len(set(made))


@slow
@pytest.mark.prefect
def test_the_roll_ups_equal_a_recomputation_from_the_raw_files(demo: Demo) -> None:
    assert recompute.differences(demo.out) == []


@slow
@pytest.mark.prefect
def test_each_kind_of_department_ends_as_it_should(demo: Demo) -> None:
    late, nil, silent = demo.tally("jyj", FIRST), demo.tally("mzj", FIRST), demo.tally("tyj", FIRST)
    assert late["late"] == late["expected"]
    assert nil["nil"] == nil["expected"]
    assert silent["missing"] == silent["expected"]
    assert demo.outcomes("tyj", FIRST) == []
    assert demo.outcomes("scjg", FIRST) == ["accepted", "returned", "accepted"]  # a wrong total in the lead's report
    assert demo.outcomes("wjw", FIRST) == ["quarantined", "accepted"]  # another department's form, then its own
    assert demo.outcomes("gxj", FIRST) == ["accepted", "accepted"]  # a second version
    assert demo.outcomes("kjj", FIRST) == ["returned", "accepted"]  # text in a number cell
    assert demo.outcomes("ybj", FIRST) == ["refused", "accepted"]  # an empty file
    assert demo.outcomes("lyj", FIRST) == ["refused", "accepted"]  # an .xlsx that is a web page
    assert demo.outcomes("scjg", SECOND) == ["accepted", "accepted"]  # on time in both roles
    assert demo.tally("scjg", SECOND)["received"] == demo.tally("scjg", SECOND)["expected"]
    for a_round in demo.status["rounds"]:
        states = ("open", "received", "late", "missing", "nil", "waived", "not_applicable")
        assert a_round["expected"] == sum(a_round[state] for state in states)
    assert [one["closed_at"] is not None for one in demo.status["rounds"]] == [True, True, False, False, False]


@slow
@pytest.mark.prefect
@pytest.mark.office
@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_old_workbooks_are_read(demo: Demo) -> None:
    [received] = demo.of("received", "czj", FIRST)
    mail = BytesParser(policy=policy.default).parsebytes((demo.out / received["path"]).read_bytes())
    assert [(part.get_filename() or "")[-4:] for part in mail.iter_attachments()] == [".xls"]
    assert received["outcome"] == "accepted"


@slow
@pytest.mark.prefect
def test_no_letter_leaves_twice_and_the_returned_copies_name_their_faults(demo: Demo) -> None:
    letters = [BytesParser(policy=policy.default).parsebytes((demo.out / one["path"]).read_bytes()) for one in demo.of("letter")]
    ids = [letter["Message-ID"] for letter in letters]
    assert len(ids) == len(set(ids))
    returned = [one for one in demo.of("received") if one["outcome"] == "returned"]
    assert len(demo.of("annotated")) == len(returned) > 0


@slow
@pytest.mark.prefect
def test_the_ledger_page_leads_to_the_files(demo: Demo) -> None:
    page = (demo.out / "台账.html").read_text("utf-8")
    links = set(re.findall(r'href="(office/[^"]+)"', page))
    assert links
    assert [link for link in links if not (demo.out / unquote(link)).is_file()] == []


@slow
@pytest.mark.prefect
def test_the_third_round_lives_and_a_visitor_can_report_in_it(demo: Demo, tmp_path: Path) -> None:
    shutil.copytree(demo.out / "office", tmp_path / "office", ignore=shutil.ignore_patterns("prefect"))
    (draft,) = (demo.out / "试一试").iterdir()
    shutil.copy(draft, tmp_path / "office" / "inbox")
    liandong("tick", home=tmp_path / "office")
    status = json.loads(liandong("status", "--json", home=tmp_path / "office"))
    third = status["campaigns"][0]["rounds"][2]
    assert third["received"] > 0 and third["received"] + third["open"] == third["expected"]


@slow
@pytest.mark.prefect
def test_nothing_is_left_running(demo: Demo) -> None:
    assert "演示完成" in demo.told
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(demo.out).encode() in (process / "environ").read_bytes():
                left.append((process / "cmdline").read_bytes())
        except OSError:
            continue  # it has ended, or is somebody else's
    assert left == []


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "重要.txt").write_text("别动")
    with pytest.raises(Conflict, match="换一个空文件夹"):
        run_demo(tmp_path, print)
    assert [path.name for path in tmp_path.iterdir()] == ["重要.txt"]
