"""Whatever departments are called and write, nothing the office is given breaks, or holds a formula or markup of theirs.

One campaign is walked to its end with poison in every text: names, titles, forms, summaries, file names, requests.
"""

import asyncio
import json
import os
import re
import zipfile
from base64 import b64encode, encodebytes
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email import message_from_bytes
from email.policy import default
from functools import partial
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from docx import Document
from openpyxl import Workbook, load_workbook
from PIL import Image

from campaigns.archive import DIGESTS, INDEX, Kept, apart
from campaigns.decisions import Selection
from campaigns.definition import Doubts, Paper, Ratio, ScoreRule, Scoring, Target
from campaigns.errors import Conflict
from campaigns.forms import SIGNATURES, Form
from campaigns.plain import legible
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours
from flows import tick
from integrations.pictures import graph_picture
from liandong.cli import run
from tasks import accounts, artifacts
from tasks.archiving import archive
from tasks.campaign import launch, picture
from tasks.decide import ask
from tasks.office import Office
from tasks.papers import paper
from tasks.record import verify
from tests.builders import FIRST_ROUND, WORKDAYS, small_definition, small_directory
from tests.campaigns.test_lists import LIST
from tests.flows.test_tick import at, new_office, newest_form
from tests.integrations.excel.filling import edited
from tests.integrations.word.documents import docx

LAUNCHED = datetime(2020, 10, 20, 1, tzinfo=UTC)
CLOSED = at(12, 11)
POISON = (
    "=cmd|'/c calc'!A1",
    "<script>alert(1)</script>",
    "{{ 办公室 }}{% raw %}",
    "a/../b\\c:d*?\"<>|",
    "控\x01制\x0b符\x1f",
    "![x](javascript:1)`|<img src=x onerror=1>",
    "+SUM(1,1)$\\frac{1}{2}$",
    "]]><w:br/>&#x3d;",
    "\x1b[31m红\x1b]0;改名\x07[/]\u202egpj.exe",
    '{ HYPERLINK "http://example.com" }{ DDEAUTO c:\\\\cmd }',
    "_x003D_cmd_x001B_",
)  # fmt: skip
LONG = "甲" * 40_000
PAPERS: dict[Paper, bytes] = {}


def poisoned_plan() -> Plan:
    """Return the small plan with every name and title poisoned."""
    directory, definition = small_directory(), small_definition()
    names = {organ.name: f"{organ.name[:4]}{POISON[number]}" for number, organ in enumerate(directory.organs)}
    organs = tuple(one.model_copy(update={"name": names[one.name], "aliases": ()}) for one in directory.organs)

    def renamed(units: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(names.get(unit, unit) for unit in units)

    duties = tuple(
        duty.model_copy(
            update={
                "title": f"{duty.title}{POISON[number]}",
                "lead": renamed(duty.lead),
                "cooperating": renamed(duty.cooperating),
            }
        )
        for number, duty in enumerate(definition.duties)
    )
    campaign = definition.campaign.model_copy(
        update={"short_title": f"放心{POISON[1]}", "title": f"专项行动{POISON[0]}{POISON[2]}"}
    )
    reports = tuple(
        one.model_copy(update={"summary_headings": ("主要作法", "存在的问题"), "more_forms": (LIST.id,)})
        for one in definition.reports
    )
    cases = LIST.model_copy(
        update={
            "most": len(POISON),
            "title": POISON[3],
            "each": POISON[1],
            "indicators": tuple(
                one.model_copy(update={"label": f"{one.label}{POISON[number]}"}) for number, one in enumerate(LIST.indicators)
            ),
        }
    )
    changed = definition.model_copy(
        update={
            "campaign": campaign,
            "duties": duties,
            "reports": reports,
            "forms": (*definition.forms, cases),
            "targets": (
                Target(
                    id="closing", title=f"结案{POISON[0]}", form="statistics", numerator="cases_closed",
                    denominator="cases_filed", unit="%", at_least=Decimal(60), kind="binding",
                ),
            ),
            "scoring": Scoring(
                basis=f"考核办法{POISON[1]}{POISON[2]}",
                rules=(ScoreRule(id="missing", title=f"未报{POISON[5]}", each="missing", points=Decimal(-2)),),
            ),
            "doubts": Doubts(
                ratios=(
                    Ratio(
                        id="mean", title=f"件均{POISON[6]}", form="statistics", numerator="penalty", denominator="cases_closed",
                        at_most=Decimal("0.5"),
                    ),
                )
            ),
        }
    )  # fmt: skip
    return expand(changed, directory.model_copy(update={"organs": organs}), WORKDAYS, OfficeHours())


def in_cell(text: str) -> str:
    """Return a text as Excel stores it: what XML cannot hold in its own escapes."""
    return "".join(f"_x{ord(sign):04X}_" if ord(sign) < 32 and sign != "\n" else sign for sign in text)


def fill(book: Workbook, form: Form, figure: object = 7) -> None:
    """Fill every text with poison, each list with a case for every kind of it, which every department names."""

    def put(sheet: str, cell: str, text: str) -> None:
        book[sheet][cell].value, book[sheet][cell].data_type = in_cell(text), "s"

    for block in form.blocks:
        sheet = book[block.sheet]
        if block.layout == "list":
            for number, poison in enumerate(POISON, start=1):
                put(block.sheet, block.cell("own", f"{LIST.id}#{number}.case_no"), poison)
                put(block.sheet, block.cell("own", f"{LIST.id}#{number}.party"), POISON[-number])
                sheet[block.cell("own", f"{LIST.id}#{number}.penalty")].value = 7
            continue
        put(block.sheet, block.narrative_cell, "\n".join((*POISON, LONG[:30_000])))
        for item in form.table(block).items:
            if item.typed:
                cell = block.cell("own", item.id)
                put(block.sheet, cell, figure) if isinstance(figure, str) else setattr(sheet[cell], "value", figure)
    cover, poisons = book.worksheets[0], iter(POISON)
    for row in cover.iter_rows():
        for cell in row:
            if cell.value in SIGNATURES:
                put(cover.title, cover.cell(cell.row, cell.column + 1).coordinate, next(poisons))


def mailed(code: str, *files: tuple[str, bytes], text: str = "") -> bytes:
    """Return a mail with poison in its subject, the name of its sender and its text; texts encoded as mail programs do it."""

    def encoded(value: str) -> str:
        return f"=?utf-8?b?{b64encode(value.encode()).decode()}?="

    poisons = "".join(POISON)
    boundary = "=poisoned="
    head = f"From: {encoded(poisons)} <{code}@example.gov.cn>\nTo: office@example.gov.cn\nSubject: {encoded(poisons)}\n"
    parts = [f"Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n{text or poisons}\n"]
    parts += [
        f'Content-Type: application/octet-stream; name="{encoded(name)}"\nContent-Transfer-Encoding: base64\n'
        f'Content-Disposition: attachment; filename="{encoded(name)}"\n\n{encodebytes(data).decode()}'
        for name, data in files
    ]
    body = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f'{head}MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="{boundary}"\n\n{body}--{boundary}--\n'.encode()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIANDONG_HOME", "")
        made = new_office(tmp_path_factory.mktemp("poisoned") / "office")
        plan = poisoned_plan()
        launch(plan, LAUNCHED)
        tick.daily(at(10, 26))
        summary = docx(["一、主要作法", *map(legible, POISON), LONG, "二、存在的问题", *map(legible, POISON)])
        with made.ledger() as ledger:
            forms = {one.department: one for one in ledger.forms(FIRST_ROUND)}
        layouts = {code: Form.model_validate_json(one.layout) for code, one in forms.items()}
        for code in ("swj", "scjg"):
            filled = edited(newest_form(made, code), partial(fill, form=layouts[code]))
            files = (f"{''.join(POISON)}.xlsx", filled), (f"{POISON[2]}{POISON[8]}=1+1.docx", summary)
            (made.settings.watched_folder / f"{code}.eml").write_bytes(mailed(code, *files))
            tick.collect(at(11, 20))
        wrong = edited(newest_form(made, "dong"), partial(fill, form=layouts["dong"], figure="".join(POISON)))
        (made.settings.watched_folder / "wrong.eml").write_bytes(mailed("dong", *((f"{one}.xlsx", wrong) for one in POISON)))
        asking = f"申请延期至2020年12月1日，理由：{''.join(POISON)}"
        (made.settings.watched_folder / "asking.eml").write_bytes(mailed("dong", text=asking))
        (made.settings.watched_folder / "odd.eml").write_bytes(mailed("nobody", *((f"{one}.txt", b"?") for one in POISON)))
        tick.collect(at(11, 20, 11))
        filled = edited(newest_form(made, "wlj"), partial(fill, form=layouts["wlj"]))
        Path(os.fsdecode(bytes(made.settings.watched_folder) + b"/=cmd<script>" + b"\xb1\xed.xlsx")).write_bytes(filled)
        tick.collect(at(11, 21))
        reports = [one.id for one in plan.expected_in(FIRST_ROUND) if one.department == "gaj"]
        ask(Selection(tuple(reports)), at(12, 1).date(), POISON[1] + POISON[2], POISON[0], "page", at(11, 23))
        for moment in (at(11, 26), at(11, 27), at(12, 4)):
            tick.daily(moment)
        PAPERS.update({kind: paper(kind, None, at(12, 4)).data for kind in Paper})
        for moment in (CLOSED, CLOSED + timedelta(hours=1)):
            tick.daily(moment)
        yield made


def no_harm_in_zip(data: bytes) -> zipfile.ZipFile:
    """Return the opened archive after parsing every part of it that is XML."""
    opened = zipfile.ZipFile(BytesIO(data))
    assert opened.testzip() is None
    for name in opened.namelist():
        if name.endswith((".xml", ".rels")):
            ElementTree.fromstring(opened.read(name))
    return opened


def no_harm_in_workbook(data: bytes) -> None:
    for name in (opened := no_harm_in_zip(data)).namelist():
        if name.startswith("xl/worksheets/sheet"):
            for formula in re.findall(r"<f>([^<]*)</f>", opened.read(name).decode()):
                assert "cmd" not in formula and "alert" not in formula, formula
    book = load_workbook(BytesIO(data))
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert re.match(r"=(SUM|IF|COUNTIF|IFERROR|ROUND|AND|OR|[A-Z]+[0-9]|\(|\"填报人：\"&)", str(cell.value)), (
                        cell.value
                    )
                if cell.hyperlink and cell.hyperlink.target:
                    assert not re.match(r"\w+:", cell.hyperlink.target) and ".." not in unquote(cell.hyperlink.target).split("/")


def no_harm_in_document(data: bytes) -> None:
    opened = no_harm_in_zip(data)
    xml = opened.read("word/document.xml").decode()
    assert "<w:hyperlink" not in xml and "<w:object" not in xml
    assert not re.findall(r"<w:instrText[^>]*>(?!\s*PAGE)", xml)
    for name in opened.namelist():
        if name.endswith(".rels"):
            assert b'TargetMode="External"' not in opened.read(name)


class Tags(HTMLParser):
    """Notes the tags and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs


def no_harm_in_page(text: str) -> None:
    found = Tags()
    found.feed(text)
    assert not found.tags & {"script", "iframe", "object", "embed", "form"}
    for name, value in found.attributes:
        assert not name.startswith("on")
        if name in ("href", "src"):
            assert not re.match(r"(javascript|data|vbscript):", (value or "").strip(), re.IGNORECASE)
    assert "\x01" not in text and "\x0b" not in text


def no_harm(name: str, data: bytes) -> None:
    if name.endswith(".xlsx"):
        no_harm_in_workbook(data)
    elif name.endswith(".docx"):
        no_harm_in_document(data)
    elif name.endswith(".png"):
        Image.open(BytesIO(data)).verify()
    elif name.endswith(".html"):
        no_harm_in_page(data.decode())


def documents(office: Office, kind: str) -> list[tuple[str, bytes]]:
    with office.ledger() as ledger:
        found = [one for one in ledger.documents("test-2020") if one.kind == kind]
    return [(one.file, (office.home / one.file).read_bytes()) for one in found]


@pytest.mark.parametrize("kind", ["情况报告", "情况通报", "台账", "领导一页纸", "领导一页纸图", "各单位报送情况图", "主要数据图"])
def test_no_document_of_the_round_breaks_or_carries_anything(office: Office, kind: str) -> None:
    found = documents(office, kind)
    assert len(found) == 1  # the tick after the closing made nothing again
    for name, data in found:
        no_harm(name, data)
        assert len(name.rpartition("/")[2].encode()) <= 255 and "\\" not in name


def test_the_report_quotes_poison_as_it_was_written(office: Office) -> None:
    ((_, data),) = documents(office, "情况报告")
    texts = [one.text for one in Document(BytesIO(data)).paragraphs]
    for one in POISON:
        assert f"“{legible(one)}”" in texts
    assert any("此处只摘录前1500字" in one for one in texts)
    assert max(map(len, texts)) < 2_000


def test_the_workbook_has_their_cases_targets_scores_and_questions_as_plain_texts(office: Office) -> None:
    (path,) = (office.home / "rollup").iterdir()
    book = load_workbook(path, data_only=True)
    shown = {name: {cell.value for row in book[name].iter_rows() for cell in row} for name in book.sheetnames}
    for name in ("联合成果", "来源"):  # a number of a case is kept in one spelling
        assert POISON[1].upper() in {str(value).upper() for value in shown[name]}
    assert f"结案{POISON[0]}" in shown["目标完成"] and f"未报{POISON[5]}" in shown["考核"]
    assert any(f"件均{POISON[6]}" in str(value) for value in shown["数据疑问"])


@pytest.mark.parametrize("folder", ["rollup", "forms", "documents"])
def test_no_file_people_open_breaks(office: Office, folder: str) -> None:
    files = [path for path in (office.home / folder).rglob("*") if path.is_file()]
    assert files
    for path in files:
        no_harm(path.name, path.read_bytes())


def test_no_letter_carries_anything_and_the_roll_up_comes_with_all_that_was_made(office: Office) -> None:
    letters = sorted((office.home / "outbox").glob("*.eml"))
    assert letters
    attached: dict[str, list[str]] = {}
    for path in letters:
        mail = message_from_bytes(path.read_bytes(), policy=default)
        assert not mail.defects and "\n" not in str(mail["Subject"])
        for part in mail.walk():
            if part.get_content_type() == "text/html":
                no_harm_in_page(part.get_content())
        attached[str(mail["X-Liandong-Kind"])] = [one.get_filename() or "" for one in mail.iter_attachments()]
        for one in mail.iter_attachments():
            data = one.get_content()
            no_harm(one.get_filename() or "", data if isinstance(data, bytes) else str(data).encode())
    kinds = {re.sub(r"_(第|v)\d+版?\.\w+$", "", name).rpartition("_")[2] for name in attached["rollup"]}
    assert kinds == {"汇总", "情况报告", "情况通报", "台账", "领导一页纸", "领导一页纸图", "各单位报送情况图", "主要数据图"}


def test_the_ledger_page_carries_nothing(office: Office) -> None:
    no_harm_in_page((office.home / "台账.html").read_text("utf-8"))


@pytest.mark.parametrize("kind", list(Paper))
def test_no_paper_carries_anything(office: Office, kind: Paper) -> None:
    no_harm_in_document(PAPERS[kind])


def test_the_archive_keeps_everything_under_safe_names(office: Office, tmp_path: Path) -> None:
    folder, files = archive("test-2020", tmp_path / "归档", CLOSED)
    listed = dict(line.split("  ", 1)[::-1] for line in (folder / DIGESTS).read_text("utf-8").splitlines())
    assert listed == {one.name: one.sha256 for one in files}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {*listed, INDEX, DIGESTS}
    assert {one.split("/")[0] for one in listed} == {"通知", "下发记录", "各单位原件", "催办记录", "汇总", "报告"}
    for name in there:
        for part in name.split("/"):
            assert len(part.encode()) <= 255 and not set(part) & set('\\:*?"<>|\x01\x0b\x1f') and part not in ("..", "")
        if not name.startswith("各单位原件"):  # those are what came, whatever it is
            no_harm(name, (folder / name).read_bytes())
    assert archive("test-2020", tmp_path / "归档", CLOSED)[1] == files
    (folder / "我的.txt").write_text("别动")
    with pytest.raises(Conflict, match="换一个空文件夹"):
        archive("test-2020", tmp_path / "归档", CLOSED)
    assert (folder / "我的.txt").exists()


class Noted(artifacts.Page):
    """Notes what would be put on a run's page."""

    def __init__(self) -> None:
        self.put_there: list[tuple[str, str, str, Any]] = []

    async def put(self, key: str, kind: str, description: str, data: Any) -> None:
        self.put_there.append((key, kind, artifacts.still(description), data))


def test_nothing_on_prefects_pages_is_their_markup(office: Office) -> None:
    noted = Noted()
    asyncio.run(artifacts.show_campaign(noted, picture("test-2020", CLOSED), [FIRST_ROUND], CLOSED))
    assert {kind for _, kind, _, _ in noted.put_there} >= {"table", "markdown", "progress"}
    for key, kind, description, data in noted.put_there:
        assert re.fullmatch(r"[a-z0-9-]+", key)
        assert not set(description) & set("<>`[]")
        if kind == "table":
            for row in json.loads(data):
                assert not set("".join(map(str, row.values()))) & set("<>`[]\x01\x0b")
        elif kind == "markdown":
            assert "<script" not in data and "<img" not in data and "](javascript" not in data


COMMANDS = (
    ["trace", FIRST_ROUND], ["scores"], ["show", FIRST_ROUND], ["show", "swj"], ["show", f"{FIRST_ROUND}/1/swj"], ["status"],
    ["show", "test-2020"], *(["show", f"R-2020-00000{number}"] for number in range(1, 7)), ["list"],
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_lets_them_speak_to_the_terminal(office: Office, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    when = [] if words == ["list"] else ["--as-of", CLOSED.isoformat()]
    assert run([*words, *when]) == 0
    told = capsys.readouterr().out
    assert told and legible(told) == told and "\u202e" not in told
    assert run([*words, "--json", *when]) == 0
    assert json.loads(capsys.readouterr().out)


def test_the_drawing_carries_nothing(office: Office, tmp_path: Path) -> None:
    graph_picture(poisoned_plan(), FIRST_ROUND, {}, tmp_path / "graph.svg")
    tags = {one.tag.rpartition("}")[2] for one in ElementTree.parse(tmp_path / "graph.svg").iter()}
    assert tags and not tags & {"script", "foreignObject", "a"}


def test_the_record_holds_after_all_that(office: Office) -> None:
    assert verify().faults == ()


def test_asked_again_nothing_new_is_written(office: Office) -> None:
    before = sorted(path.name for path in (office.home / "documents").iterdir())
    with office.ledger() as ledger:
        events = len(ledger.events("test-2020"))
    later = CLOSED + timedelta(days=3)
    made = accounts.write_documents("test-2020", FIRST_ROUND, later) + accounts.write_page("test-2020", FIRST_ROUND, later)
    assert {one.version for one in made} == {1}  # each numbered by itself
    assert sorted(path.name for path in (office.home / "documents").iterdir()) == before
    with office.ledger() as ledger:
        assert len(ledger.events("test-2020")) == events


def test_of_two_files_of_one_name_the_later_is_numbered() -> None:
    one = Kept("通知", "a/甲.xlsx", "", "", "", "", "")
    assert [each.path for each in apart((one, one, Kept("通知", "A/甲.XLSX", "", "", "", "", "")))] == [
        "a/甲.xlsx",
        "a/甲 (2).xlsx",
        "A/甲 (2).XLSX" if os.path.normcase("A") == "a" else "A/甲 (3).XLSX",
    ]
