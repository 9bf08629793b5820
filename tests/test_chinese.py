"""Nothing an officer reads holds an English sentence: commands, letters, forms, pages, errors, the libraries' included."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from campaigns.errors import DefinitionError
from campaigns.submission import Refusal
from flows import tick
from integrations.excel.reader import read
from liandong.cli import run
from tasks.campaign import launch
from tasks.definitions import load
from tasks.office import Office
from tests.builders import small_plan
from tests.integrations.excel.filling import OWN, edited, fill_in

ENGLISH = re.compile(r"\b[A-Za-z]{2,}(?:[ ,;:']+[A-Za-z]{2,}){2,}")
LAUNCHED = datetime(2020, 10, 20, 1, tzinfo=UTC)
COMMANDS = ["init", "doctor", "check", "check-file", "plan", "launch", "tick", "collect", "status", "show"]
COMMANDS += ["rollup", "demo", "serve", "cancel", "web", "link", "backup", "prefect"]


def assert_chinese(text: str, where: str) -> None:
    """Fail on three English words in a row; addresses, codes and file names have none."""
    found = ENGLISH.search(text)
    assert found is None, f"{where}: {found[0] if found else ''}"


def test_the_rule_itself_finds_english() -> None:
    for text in ("Input should be a valid integer", "没有找到：No such file or directory", "value is not a valid email"):
        with pytest.raises(AssertionError):
            assert_chinese(text, "")
    assert_chinese("请运行 liandong launch 定义文件 --confirm", "")


@pytest.mark.parametrize("words", [[], *([command] for command in COMMANDS), ["prefect", "rebuild"]], ids=" ".join)
def test_help_is_chinese(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run([*words, "--help"])
    out = capsys.readouterr()
    assert re.search(r"[\u4e00-\u9fff]", out.out)
    # how a command is written holds its English words
    assert_chinese(re.sub(r"用法：.*", "", out.out + out.err), " ".join(words))


@pytest.mark.usefixtures("office")
@pytest.mark.parametrize(
    "words",
    [
        ["lunch"],
        ["check"],
        ["check", "nowhere.yaml"],
        ["check-file"],
        ["check-file", "nowhere.xlsx"],
        ["check", "a", "b"],
        ["tick", "--as-of", "yesterday"],
        ["status", "--foo"],
        ["status", "nothing"],
        ["serve", "--port", "many"],
        ["init", "--office", "甲", "--mailbox", "not a mailbox"],
        ["cancel"],
        ["launch", "nowhere"],
        ["backup"],
        ["rollup"],
        ["show"],
    ],
    ids=" ".join,
)
def test_what_is_said_of_wrong_words_is_chinese(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) != 0
    out = capsys.readouterr()
    assert re.search(r"[\u4e00-\u9fff]", out.out + out.err)
    assert_chinese(out.out + out.err, " ".join(words))


@pytest.mark.parametrize(
    "change",
    [
        ("number: 1\n", "number: one\n"),
        ("number: 1\n", "nmber: 1\n"),
        ("starts: 2020-10-20", "starts: 2020-13-45"),
        ("yearly: [06-20, 12-03]", "yearly: twice"),
        ("lead: [市投资促进和商务局]", "lead: 市投资促进和商务局"),
        ("lead: [市投资促进和商务局]", "lead: [市投促局]"),
        ("check: cases_closed <= cases_filed", "check: import os"),
        ("campaign:\n", "campaign:\n\t"),
        ("directory: hezhou", "directory: nowhere"),
        ("phases:", "phases: 12:30\nphases:"),
    ],
    ids=lambda change: change[1].strip(),
)
def test_what_is_said_of_a_wrong_definition_is_chinese(change: tuple[str, str], tmp_path: Path) -> None:
    import campaigns

    text = (Path(campaigns.__file__).parent / "definitions" / "hezhou-2020.yaml").read_text("utf-8")
    assert change[0] in text
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(*change, 1), "utf-8")
    with pytest.raises(DefinitionError) as raised:
        plan = load(str(file))
        raise DefinitionError([one for one in plan.problems if one.severity == "error"])
    assert raised.value.problems
    for problem in raised.value.problems:
        assert problem.line > 0
        assert_chinese(problem.message, problem.rule)


def letters(office: Office) -> Iterator[tuple[str, str]]:
    """Yield everything a mail program shows of the letters sent, with the cells of the workbooks attached."""
    for path in sorted((office.home / "outbox").iterdir()):
        mail = message_from_bytes(path.read_bytes(), policy=default)
        yield path.name, str(mail["Subject"])
        for part in mail.walk():
            if part.get_content_type() == "text/plain":
                yield path.name, part.get_content()
            elif part.get_content_type() == "text/html":
                yield path.name, re.sub(r"<style.*?</style>|<[^>]+>", " ", part.get_content(), flags=re.DOTALL)
            elif (part.get_filename() or "").endswith(".xlsx"):
                yield from cells(part.get_payload(decode=True))


def cells(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield the texts an officer reads in a workbook: cells, prompts, comments."""
    book = load_workbook(BytesIO(data))
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            continue
        yield sheet.title, sheet.title
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and not cell.value.startswith("="):
                    yield sheet.title, cell.value
                if cell.comment:
                    yield sheet.title, cell.comment.text
        for validation in sheet.data_validations.dataValidation:
            yield sheet.title, f"{validation.prompt or ''} {validation.error or ''} {validation.promptTitle or ''}"


def test_letters_forms_returns_roll_ups_and_the_page_are_chinese(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(datetime(2020, 10, 26, 1, tzinfo=UTC))
    with office.ledger() as ledger:
        form = office.bytes_of(ledger.forms("test-2020/summary-2020-2", "gaj")[-1].sha256)
    wrong = {**OWN, "立案（件）": "三件", "结案（件）": -1, "出动执法人员（人次）": 1.5}
    inbox = office.settings.watched_folder
    (inbox / "a.xlsx").write_bytes(edited(form, lambda book: fill_in(book, "配合任务", 3, wrong)))
    (inbox / "b.xlsx").write_bytes(edited(form, lambda book: fill_in(book, "配合任务", 3)))
    (inbox / "c.xlsx").write_bytes(b"<html>")
    (inbox / "d.xlsx").write_bytes(edited(form, lambda book: book.remove(book["_ld"])))
    tick.collect(datetime(2020, 11, 20, 1, tzinfo=UTC))
    for day in (23, 27):
        tick.daily(datetime(2020, 11, day, 1, tzinfo=UTC))
    tick.daily(datetime(2020, 12, 14, 1, tzinfo=UTC))
    kinds = {name.split("【")[1].split("】")[0] for name, _ in letters(office) if "【" in name}
    assert {"联合执法", "催办", "逾期", "退回修改", "回执", "配合单位材料", "汇总"} <= kinds
    for where, text in letters(office):
        assert_chinese(text, where)
    page = (office.home / "台账.html").read_text("utf-8")
    assert_chinese(re.sub(r"<(style|head).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL), "台账.html")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>",
        b"PK\x03\x04",
        b"%PDF-1.4",
        b"Rar!\x1a\x07",
        b"a,b\n1,2\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        bytes(9999),
    ],
)
def test_what_is_said_of_a_file_that_is_no_workbook_is_chinese(data: bytes) -> None:
    refusal = read(data)
    assert isinstance(refusal, Refusal)
    assert re.search(r"[\u4e00-\u9fff]", refusal.message)
    assert_chinese(refusal.message, refusal.code)
