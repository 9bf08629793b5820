"""The command line as the office and programs use it: words, exit codes, JSON, and nothing done without being asked."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from integrations import clock, settings
from liandong.cli import app, run
from tasks.office import Office
from tests.integrations.test_definition_files import DIRECTORY, GOOD

LAUNCHED = ["--as-of", "2020-10-20T09:00"]
STATES = ("open", "received", "late", "missing", "nil", "waived", "not_applicable")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs a command and gives its exit code and everything it said."""

    def speak(*words: str) -> tuple[int, str]:
        code = run(words)
        out = capsys.readouterr()
        return code, out.out + out.err

    return speak


@pytest.fixture
def asked(said: Any) -> Any:
    """Return a function that runs a command with --json and gives what programs read."""

    def ask(*words: str) -> Any:
        _, text = said(*words, "--json")
        return json.loads(text)

    return ask


@pytest.fixture(scope="module")
def launched_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of an office that has launched the Hezhou campaign."""
    home = tmp_path_factory.mktemp("launched") / "office"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANDONG_HOME", str(home))
        assert run(["init", "--office", "某市联席办", "--mailbox", "office@example.gov.cn"]) == 0
        assert run(["launch", "hezhou-2020", "--confirm", *LAUNCHED]) == 0
    return home


@pytest.fixture
def launched(launched_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """Return a copy of that office, for one test alone."""
    home = tmp_path / "copy"
    shutil.copytree(launched_once, home)
    monkeypatch.setenv("LIANDONG_HOME", str(home))
    return Office(settings.load())


def test_plain_commands_never_import_prefect(tmp_path: Path) -> None:
    script = "import sys; from liandong.cli import run; run(['check', 'hezhou-2020']); run(['status'])"
    script += "; sys.exit('prefect' in sys.modules)"
    environment = {**os.environ, "LIANDONG_HOME": str(tmp_path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False).returncode == 0


def test_the_plan_of_hezhou_as_people_and_programs_read_it(said: Any, asked: Any) -> None:
    assert "  1. 打造高品质消费商圈\n     条款：三（一）1\n     牵头：市投资促进和商务局\n" in said("plan", "hezhou-2020")[1]
    assert "牵头单位 2020-12-03 前报市消费者联席办；条款：四（五）\n" in said("plan", "hezhou-2020")[1]
    plan = asked("plan", "hezhou-2020")
    assert {one["clause"] for one in plan["rounds"]} == {"四（五）"}
    assert plan["duties"][32]["clause"] == "三（三）33"
    assert len(plan["duties"]) == 33
    assert [one["due"] for one in plan["rounds"]] == ["2020-12-03", "2021-06-20", "2021-12-03", "2022-06-20", "2022-12-03"]
    assert plan["duties"][0]["cooperating"] == ["市住建局", "市文旅局", "各县(区)人民政府"]
    assert plan["expected_reports"] == 5 * plan["assignments"]
    # every cooperating report goes to its lead, every lead's to the roll-up, every round to the next
    assert plan["edges"] == plan["expected_reports"] + 4


def test_an_hour_is_shown_at_the_date_it_belongs_to(said: Any, asked: Any, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(DIRECTORY, "utf-8")
    file = tmp_path / "campaign.yaml"
    file.write_text(GOOD.replace("{yearly: [06-18, 12-03]}", '{date: 2021-06-18, hour: "18:00"}'), "utf-8")

    (laid,) = asked("plan", str(file))["rounds"]
    hops = ["配合单位 2021-06-10 前报牵头单位", "牵头单位 2021-06-18 18:00 前报市联席办"]
    assert (laid["due"], laid["at"], laid["hops"]) == ("2021-06-18", "18:00", hops)
    text = said("plan", str(file))[1]
    assert "配合单位 2021-06-10 前报牵头单位，牵头单位 2021-06-18 18:00 前报市联席办" in text
    assert "“某日前”含当日，到17:30下班为止，写明时刻的以所写时刻为准；遇休息日" in text
    two = GOOD.replace("{yearly: [06-18, 12-03]}", '{date: 2021-06-18, hour: "24:00"}')
    assert "working_days_before: 5}" in two
    file.write_text(two.replace("working_days_before: 5}", 'hour: "09:00"}'), "utf-8")
    assert "配合单位 2021-06-18 09:00 前报牵头单位，牵头单位 2021-06-18 24:00 前报市联席办" in said("plan", str(file))[1]
    file.write_text(GOOD.replace("to: lead,", "to: parent,"), "utf-8")
    assert "配合单位 2021-06-10 前报上级或本地的牵头单位" in said("plan", str(file))[1]
    file.write_text(GOOD, "utf-8")
    assert [one["at"] for one in asked("plan", str(file))["rounds"]] == [None, None]
    assert "时刻" not in said("plan", str(file))[1]


def test_help_and_what_is_said_of_wrong_words_are_chinese_throughout(said: Any) -> None:
    commands = [(name,) for name in app if not name.startswith("-")]
    commands += [(*outer, name) for outer in commands for name in app[outer[0]] if not name.startswith("-")]
    usages = {words: said(*words, "--help")[1] for words in commands}
    assert len(usages) > 50
    assert not [words for words, text in usages.items() if re.search(r"^.*\b[A-Z]{2,}\b.*", text.splitlines()[0])]
    assert not [words for words, text in usages.items() if re.search(r"^  [A-Z]{2,}", text, re.MULTILINE)]
    assert "decide extend [选项] [代码…]" in usages["decide", "extend"] and "link [选项] 单位 [代码]" in usages["link",]
    assert said("close")[1].startswith("缺少 代码")
    assert "不是 文书 能用的值，可以写 urge、supervise" in said("paper", "letter", "--out", "x.docx")[1]
    assert "应写成整数" in said("serve", "--port", "web")[1]


def test_who_owes_a_report_is_shown_before_its_date_is_known(said: Any, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(DIRECTORY, "utf-8")
    file = tmp_path / "campaign.yaml"
    file.write_text(GOOD.replace("{yearly: [06-18, 12-03]}", "{after: 活动结束, days: 30}"), "utf-8")
    assert re.search(r"^应报单位 总结：[1-9]\d* 个，", said("plan", str(file))[1], re.MULTILINE)


def test_a_command_that_refuses_a_definition_counts_what_check_counts(said: Any, tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(DIRECTORY, "utf-8")
    file = tmp_path / "campaign.yaml"
    file.write_text(GOOD.replace("lead: [市公安局]", "lead: [市公按局]"), "utf-8")

    assert "错误 1 处，待填 0 处，注意 " in said("check", str(file))[1]
    told = said("check", str(file))[1].splitlines()
    assert said("graph", str(file))[0] == 1
    graph = said("graph", str(file))[1].splitlines()
    assert graph[:-1] == told[:-1]
    assert graph[-1] == "，".join(one for one in told[-1].split("，") if " 0 " not in one)


def test_check_answers_with_its_exit_code(said: Any, asked: Any, tmp_path: Path) -> None:
    assert said("check", "hezhou-2020")[0] == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text("campaign:\n  id: x\n", "utf-8")
    assert said("check", str(broken))[0] == 1
    assert {"rule", "severity", "file", "line", "path", "message"} == set(asked("check", str(broken))["findings"][0])
    assert said("check", str(tmp_path / "nowhere.yaml"))[0] == 2


def test_without_an_office_the_way_is_shown(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "none"))
    code, text = said("status")
    assert code == 1 and "liandong init" in text


def test_init_sets_an_office_up_once(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "new"))
    words = ["init", "--office", "某市联席办", "--mailbox", "office@example.gov.cn", "--hours", "09:00-17:00"]
    assert said(*words)[0] == 0
    assert said("doctor")[0] == 0
    code, text = said(*words)
    assert code == 1 and "已有办公室的设置" in text


@pytest.mark.usefixtures("office")
def test_launch_shows_every_letter_and_sends_nothing(said: Any, asked: Any, office: Office) -> None:
    code, text = said("launch", "hezhou-2020", *LAUNCHED)
    assert code == 0 and "什么也没有发出" in text
    letters = asked("launch", "hezhou-2020", *LAUNCHED)["letters"]
    assert len(letters) == 5 * 37
    assert {"when", "to", "email", "subject", "attachments"} <= set(letters[0])
    assert not list((office.home / "outbox").iterdir())
    with office.ledger() as ledger:
        assert ledger.campaigns() == []


@pytest.mark.usefixtures("office")
def test_a_sample_goes_to_oneself_alone(said: Any, office: Office) -> None:
    assert said("launch", "hezhou-2020", "--test-to", "me@example.gov.cn", *LAUNCHED)[0] == 0
    (letter,) = (office.home / "outbox").iterdir()
    assert b"To: =?utf-8?b?" in letter.read_bytes() and b"<me@example.gov.cn>" in letter.read_bytes()


@pytest.mark.usefixtures("office")
def test_a_campaign_that_is_over_is_not_launched(said: Any) -> None:
    code, text = said("launch", "hezhou-2020", "--confirm", "--as-of", "2026-01-05T09:00")
    assert code == 1 and "已于2022年12月31日（周六）结束" in text


@pytest.mark.usefixtures("launched")
def test_status_adds_up_for_every_round_and_department(asked: Any) -> None:
    (campaign,) = asked("status", "--as-of", "2020-11-27T09:00")["campaigns"]
    assert [one["expected"] for one in campaign["rounds"]] == [406] * 5
    for one in (*campaign["rounds"], *campaign["departments"], *campaign["rounds"][0]["departments"]):
        assert one["expected"] == sum(one[state] for state in STATES)
    assert (campaign["rounds"][0]["missing"], campaign["rounds"][0]["open"]) == (373, 33)


@pytest.mark.usefixtures("launched")
def test_a_department_may_be_named_wherever_its_code_may(said: Any, tmp_path: Path) -> None:
    for unit in ("市市场监管局", "scjg"):
        code, text = said("paper", "urge", unit, "--out", str(tmp_path / "催办函.docx"), "--as-of", "2020-12-04T09:00")
        assert (code, "已拟好催办函" in text) == (0, True)
    said_in = [one.text for one in Document(str(tmp_path / "催办函.docx")).paragraphs]
    assert "市消费者联席办" in said_in and "某市联席办" not in said_in  # who runs the campaign signs


@pytest.mark.usefixtures("launched")
def test_show_opens_every_kind_of_thing(said: Any, asked: Any) -> None:
    for code, kind in (
        ("hezhou-2020", "campaign"),
        ("hezhou-2020/summary-2020-2", "round"),
        ("hezhou-2020/summary-2020-2/15/scjg", "expected_report"),
        ("市市场监管局", "department"),
    ):
        assert asked("show", code)["kind"] == kind
        assert said("show", code)[0] == 0
    assert "2020年下半年" in said("show", "scjg")[1] and "2021年上半年" in said("show", "scjg")[1]  # whose dates these are
    code, text = said("show", "没有的东西")
    assert code == 1 and "台账里没有“没有的东西”" in text


def test_a_roll_up_can_be_asked_for_at_any_time_and_says_what_it_covers(asked: Any, launched: Office) -> None:
    made = asked("rollup", "--as-of", "2020-11-27T09:00")
    assert made["round"] == "hezhou-2020/summary-2020-2" and "应报406项，已报0项" in made["coverage"]
    assert (launched.home / made["file"]).is_file()
    assert asked("rollup", "--as-of", "2020-11-28T09:00")["version"] == made["version"]  # nothing new, no new version


def test_cancelling_needs_a_basis_and_ends_all_sending(said: Any, launched: Office) -> None:
    assert said("cancel", "hezhou-2020")[0] == 2
    assert said("cancel", "hezhou-2020", "--basis", "联席会议纪要（示例）", *LAUNCHED)[0] == 0
    before = len(list((launched.home / "outbox").iterdir()))
    assert said("tick", "--as-of", "2020-11-23T09:00")[0] == 0
    assert len(list((launched.home / "outbox").iterdir())) == before
    code, text = said("cancel", "hezhou-2020", "--basis", "再来一次", *LAUNCHED)
    assert code == 1 and "已经结束" in text
    code, text = said("cancel", "hezhou-2020", "--revive", "误点", *LAUNCHED)
    assert code == 1 and "已经撤销，不能恢复" in text
    code, text = said("launch", "hezhou-2020", "--confirm", *LAUNCHED)
    assert code == 1 and "已经撤销，不能再次下发" in text


@pytest.mark.usefixtures("launched")
def test_what_is_not_paused_is_not_revived(said: Any) -> None:
    code, text = said("cancel", "hezhou-2020", "--revive", "误点", *LAUNCHED)
    assert code == 1 and "没有暂停" in text


OTHER_PLACE = {
    "directories/county.yaml": """
id: county
title: 某县通讯录
organs:
  - {id: scjg, name: 县市场监管局, liaison: {name: 示例甲, email: jia@county.example.gov.cn}}
  - {id: xjyj, name: 县教育局, liaison: {name: 示例乙, email: yi@county.example.gov.cn}}
""",
    "definitions/food-2020.yaml": """
campaign:
  {id: food-2020, title: 某县校园食品专项整治, short_title: 校园食品, office: 县食安办, starts: 2020-11-02, ends: 2020-12-31,
   source: {title: 通知（示例）, body: 县食安办, issued_on: 2020-11-02}}
directory: county
duties: [{number: 1, title: 校园周边整治, lead: [县市场监管局], cooperating: [县教育局]}]
reports:
  - {id: once, title: 整治情况, form: f, clock: {yearly: [12-15]}, hops: [
      {role: cooperating, to: lead, parts: [workbook], working_days_before: 3}, {role: lead, to: office, parts: [workbook]}]}
forms: [{id: f, title: 整治情况表, indicators: [{id: a, label: 检查, unit: 户次}]}]
rules: []
ladder: [{id: b1, title: 到期前1个工作日, working_days: -1, to: [liaison]}]
""",
}


def test_two_departments_never_share_a_code_and_two_campaigns_have_a_page_each(said: Any, launched: Office) -> None:
    for name, text in OTHER_PLACE.items():
        (launched.home / name).write_text(text, "utf-8")
    launch = ("launch", "food-2020", "--confirm", "--as-of", "2020-11-03T09:00")
    code, text = said(*launch)
    assert code == 1 and "“scjg”在本定义的通讯录里是县市场监管局" in text and "里是市市场监管局" in text
    directory = launched.home / "directories" / "county.yaml"
    directory.write_text(directory.read_text("utf-8").replace("id: scjg", "id: xscjg"), "utf-8")
    assert said(*launch)[0] == 0
    page, other = ((launched.home / name).read_text("utf-8") for name in ("台账.html", "台账-food-2020.html"))
    assert "市住建局" in page and "校园食品" in page and "县教育局" in other and "优化放心消费环境" in other


def test_output_may_be_cut_short(launched: Office) -> None:
    command = f"{sys.executable} -m liandong.cli plan hezhou-2020 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (launched.home / "errors.log").exists()


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize("moment", ["9999-12-31T23:59", "0001-01-01"])
def test_a_moment_no_calendar_knows_is_refused(said: Any, moment: str) -> None:
    code, text = said("tick", "--as-of", moment)
    assert code == 2 and "请核对年份" in text


@pytest.mark.parametrize("command", ["tick", "collect"])
def test_work_of_days_to_come_is_not_done_today(said: Any, launched: Office, command: str) -> None:
    with launched.ledger() as ledger:
        before = ledger.rounds("hezhou-2020")
    code, text = said(command, "--as-of", "2099-11-26T09:00")
    assert code == 1 and "2099-11-26 09:00" in text and "liandong rehearse" in text
    with launched.ledger() as ledger:
        assert ledger.rounds("hezhou-2020") == before
    soon = clock.now() + timedelta(hours=23)
    assert said(command, "--as-of", soon.isoformat())[0] == 0


@pytest.mark.usefixtures("launched")
def test_where_the_clock_stands_still_any_day_can_be_played(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_FIXED_CLOCK", "2020-10-20T09:00:00+08:00")
    assert said("collect", "--as-of", "2020-11-26T09:00")[0] == 0


@pytest.mark.usefixtures("launched")
def test_a_backup_holds_the_ledger_and_the_files(said: Any, tmp_path: Path) -> None:
    target = tmp_path / "backup.zip"
    assert said("backup", "--to", str(target))[0] == 0
    with zipfile.ZipFile(target) as archive:
        names = archive.namelist()
    assert {"liandong.db", "settings.toml", "secret.key", "inbox/"} <= set(names)
    assert sum(name.startswith("outbox/") for name in names) == 37
    assert said("backup", "--to", str(target))[0] == 1
    code, text = said("backup", "--to", str(tmp_path / "没有这个文件夹" / "backup.zip"))
    assert code == 1 and "没能写成" in text


def test_a_backup_is_private_and_holds_no_other_even_inside_the_office(said: Any, launched: Office) -> None:
    for day in ("1", "2"):
        assert said("backup", "--to", str(launched.home / f"备份-{day}.zip"))[0] == 0
    assert (launched.home / "备份-2.zip").stat().st_mode & 0o077 == 0
    with zipfile.ZipFile(launched.home / "备份-1.zip") as first, zipfile.ZipFile(launched.home / "备份-2.zip") as second:
        assert first.namelist() == second.namelist()


@pytest.mark.usefixtures("launched")
def test_a_backup_that_fails_leaves_nothing_and_can_be_tried_again(said: Any, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))  # a disk that is full
    try:
        code, text = said("backup", "--to", str(folder / "backup.zip"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert code == 1 and "没能写成" in text
    assert list(folder.iterdir()) == []
    assert said("backup", "--to", str(folder / "backup.zip"))[0] == 0


@pytest.mark.usefixtures("office")
def test_rebuilding_without_a_server_says_what_to_do(said: Any) -> None:
    code, text = said("prefect", "rebuild")
    assert code == 1 and "liandong serve" in text


def test_a_new_definition_is_written_once_and_checked(said: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIANDONG_HOME", str(tmp_path / "office"))
    written = tmp_path / "office" / "definitions" / "hezhou-2023.yaml"

    code, text = said("new", "hezhou-2023", "--from", "hezhou-2020", "--set", "short_title=放心消费")
    assert code == 0
    assert text.startswith(f"已写好 {written}\n待填　hezhou-2023.yaml:") and "待填 3 处" in text
    assert "short_title: 放心消费" in written.read_text("utf-8")
    assert said("launch", "hezhou-2023")[0] == 1  # not before a person has filled it in

    assert said("new", "hezhou-2023", "--from", "hezhou-2020") == (1, f"{written} 已经有了，请换一个代码，或先把它移走\n")
    assert said("new", "贺州", "--from", "hezhou-2020")[1].startswith("代码“贺州”写法不对")
    assert said("new", "x", "--from", "hezhou-2020", "--set", "title")[1].startswith("“--set title”读不懂")
    assert "请用 liandong draft 分工表.xlsx --code x " in said("new", "x", "--from", "分工表.xlsx")[1]


def test_the_schema_can_be_written_for_an_editor(said: Any, tmp_path: Path) -> None:
    file = tmp_path / "definition.schema.json"

    assert said("schema", "--to", str(file))[0] == 0
    assert json.loads(file.read_text("utf-8")) == json.loads(said("schema")[1])


def test_a_holiday_notice_is_told_and_moves_nothing(said: Any, asked: Any, launched: Office) -> None:
    before = asked("calendar", *LAUNCHED)
    assert [one["changes"] for one in before] == [[]]
    notices = launched.home / "calendar"
    notices.mkdir(exist_ok=True)
    (notices / "2021.yaml").write_text("rest: {2021-06-14: 端午节, 2021-06-15: 端午节}\nwork: [2021-06-12]\n", "utf-8")

    code, text = said("calendar", *LAUNCHED)

    assert code == 0
    assert "2021年上半年 下发：2021年4月28日（周三） → 2021年4月30日（周五）" in text
    assert "以上日期没有自动改动" in text


@pytest.mark.usefixtures("launched")
def test_a_figure_opens_from_the_command_line(said: Any, asked: Any) -> None:
    opened = asked("trace", "hezhou-2020/summary-2020-2", "--indicator", "cases_filed", "--as-of", "2020-11-27T09:00")
    assert [(one["indicator"], one["period"], one["from"]) for one in opened["figures"]] == [("cases_filed", None, [])]
    assert "没有单位报送" in said("trace", "hezhou-2020/summary-2020-2")[1]
    code, text = said("trace", "hezhou-2020/summary-2020-2", "--department", "没有的局")
    assert code == 1 and "没有单位“没有的局”；有：" in text
