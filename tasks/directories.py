"""Directories between the office's files and the workbooks it keeps them in."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pydantic import ValidationError

from campaigns import checks, messages
from campaigns.errors import UnreadableFile
from campaigns.findings import Finding, Severity
from campaigns.organs import Directory
from campaigns.submission import Refusal
from integrations import settings
from integrations.definition_files import DIRECTORIES
from integrations.definition_files.directories import as_yaml, directory_in
from integrations.excel.directory_book import place_of, raw_directory, write_directory
from integrations.excel.reader import read_table
from integrations.files import write_whole


def export(place: str, to: Path) -> int:
    """Return how many departments the workbook of a directory holds, having written it; UnreadableFile when there is none."""
    files = [folder / f"{place}{end}" for folder in (_own(), DIRECTORIES) for end in (".yaml", ".yml")]
    found = next((file for file in files if file.is_file()), None)
    if found is None:
        known = sorted({file.stem for folder in (_own(), DIRECTORIES) for file in folder.glob("*.y*ml")})
        raise UnreadableFile(f"没有找到通讯录“{place}”。可用的有：{'、'.join(known) or '（无）'}")
    directory = directory_in(found)
    write_whole(to, write_directory(directory))
    return len(directory.organs)


def take_in(workbook: Path, place: str, on: date) -> tuple[Path | None, Sequence[Finding]]:
    """Return the file written from a workbook, None when something forbids it, and everything there is to say, by sheet and cell.

    A directory of that name which the office has already is kept beside it, as `.yaml.bak`.
    """
    try:
        book = read_table(workbook.read_bytes())
    except OSError:
        raise UnreadableFile(f"文件 {workbook} 打不开，请核对路径和权限") from None
    if isinstance(book, Refusal):
        raise UnreadableFile(book.message)
    raw, places, findings = raw_directory(book)
    try:
        directory = Directory.model_validate({"title": place, **raw, "id": place})
    except ValidationError as fault:
        for one in fault.errors(include_url=False):
            told = messages.describe(Directory, dict(one))
            findings.append(Finding(one["type"], Severity.BLOCK, told, *place_of(one["loc"], places)))
        return None, findings
    for problem in checks.check_directory(directory, on):
        severity = Severity.BLOCK if problem.severity is Severity.ERROR else Severity.WARNING
        findings.append(Finding(problem.rule, severity, problem.message, *place_of(problem.path[1:], places)))
    if any(one.severity is Severity.BLOCK for one in findings):
        return None, findings
    target = _own() / f"{place}.yaml"
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_file():
        write_whole(target.with_name(f"{target.name}.bak"), target.read_bytes())
    write_whole(target, as_yaml(directory).encode())
    return target, findings


def _own() -> Path:
    return settings.home() / "directories"
