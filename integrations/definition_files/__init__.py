"""YAML -> definition and directory; every problem at once, each with file, line and key path.

A file with faults is read on past them: what cannot be used is replaced by a stand-in, so that one pass shows a misspelt key,
a bad date, an unknown department and a circle of duties together. Problems that only a stand-in causes are not told.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import campaigns
from campaigns.definition import Definition, DefinitionFile
from campaigns.errors import DefinitionError, UnreadableFile
from campaigns.findings import Problem, Severity
from campaigns.organs import Directory, Organ, with_lineages
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours, Workdays
from integrations.definition_files.directories import shipped_lineages
from integrations.definition_files.reuse import complete, fill_examples
from integrations.definition_files.shape import error, model
from integrations.definition_files.text import KeyPath, Node, Source, read

DEFINITIONS = Path(campaigns.__file__).parent / "definitions"
DIRECTORIES = Path(campaigns.__file__).parent / "directories"

_DATED = {"no-round", "rest-day", "provisional", "no-time", "outside", "too-long", "dates-reversed", "abolished"}
# What is not found because its own name could not be read: the section and the field of that name.
_NAMED = {
    "unknown-form": ("forms", "id"),
    "unknown-indicator": ("forms", "id"),
    "unknown-phase": ("phases", "id"),
}
_SUFFIXES = (".yaml", ".yml")
_FORBIDDING = (Severity.ERROR, Severity.ASKED)


def read_definition(
    path: Path, directories: Sequence[Path] = (DIRECTORIES,), definitions: Sequence[Path] = (DEFINITIONS,)
) -> tuple[Definition, Directory]:
    """Return a definition and the directory it names; DefinitionError with every problem when either has the wrong shape.

    The directory is looked for beside the definition, in a folder `directories` there or one above, then in the folders given; a
    definition it extends beside it, then in the folders given.
    """
    draft = _draft(path, directories, definitions)
    if draft.whole is None:
        problems = [one for one in _all(draft, Workdays(), OfficeHours()) if one.severity in _FORBIDDING]
        raise DefinitionError(_located(draft, problems))
    return draft.whole


def load_plan(
    path: Path,
    workdays: Workdays,
    hours: OfficeHours,
    directories: Sequence[Path] = (DIRECTORIES,),
    definitions: Sequence[Path] = (DEFINITIONS,),
) -> Plan:
    """Return the plan of a definition file, its problems located; DefinitionError with every problem when none can be made.

    A template gives the plan of its examples; that it asks for values is among its problems, so it cannot be launched.
    """
    draft = _draft(path, directories, definitions)
    if draft.whole is None:
        raise DefinitionError(_located(draft, _all(draft, workdays, hours)))
    plan = expand(*draft.whole, workdays, hours)
    return replace(plan, problems=_located(draft, [*draft.problems, *plan.problems]))


def find_definition(name: str, folders: Sequence[Path] = (DEFINITIONS,)) -> Path:
    """Return the file of a definition given by path, by file name or by campaign id; UnreadableFile when there is none."""
    given = Path(name)
    if given.suffix.lower() in _SUFFIXES or given.exists():
        return given
    files = [file for folder in folders if folder.is_dir() for file in sorted(folder.iterdir()) if file.suffix in _SUFFIXES]
    for file in files:
        if file.stem == name:
            return file
    campaign_id = re.compile(rf"^ +id: *[\"']?{re.escape(name)}[\"']? *(#.*)?$".encode(), re.MULTILINE)
    for file in files:
        if file.is_file() and campaign_id.search(file.read_bytes().replace(b"\r", b"")):  # a broken neighbour is no obstacle
            return file
    known = "、".join(dict.fromkeys(file.stem for file in files)) or "（无）"
    raise UnreadableFile(f"没有找到定义“{name}”。可用的定义有：{known}；也可以直接给出定义文件的路径")


@dataclass
class _Draft:
    """What could be read: models mended where they had faults, and the key paths of the stand-ins."""

    definition_file: Source
    directory_file: Source | None = None
    definition: Definition | None = None
    directory: Directory | None = None
    problems: list[Problem] = field(default_factory=list)
    stand_ins: set[KeyPath] = field(default_factory=set)

    @property
    def whole(self) -> tuple[Definition, Directory] | None:
        """Return the definition and its directory when no part of them is a stand-in."""
        asked_only = all(one.rule == "template" and one.severity is Severity.ASKED for one in self.problems)
        return (self.definition, self.directory) if asked_only and self.definition and self.directory else None


def _draft(path: Path, directories: Sequence[Path], definitions: Sequence[Path]) -> _Draft:
    source = read(path)
    draft = _Draft(source, problems=list(source.problems))
    if source.tree is None:
        return draft
    folders: list[Path] = [path.parent]

    def find(name: str, seen_from: Path) -> Path | None:
        try:
            found = find_definition(name, [seen_from.parent, *definitions])
        except UnreadableFile:
            return None
        found = found if found.is_absolute() or found.exists() else seen_from.parent / found
        folders.append(found.parent)
        return found

    if told := _what_else(source.tree):
        raise DefinitionError([source.place(error("no-definition", (), told), ())])
    draft.problems += [*complete(source, find), *fill_examples(source)]
    file, problems, draft.stand_ins = model(DefinitionFile, source)
    draft.problems += problems
    if file is None:
        return draft
    draft.definition = Definition.model_construct(**{key: getattr(file, key) for key in Definition.model_fields})
    if ("directory",) not in draft.stand_ins:
        beside = [place for folder in folders for place in (folder, folder / "directories", folder.parent / "directories")]
        _read_directory(draft, draft.definition.directory, [*beside, *directories])
    return draft


def _what_else(tree: Node) -> str:
    """Return what to say of a file that is none of a definition, but one of those that lie beside it; empty otherwise."""
    keys = set(tree.value)
    if keys & {"campaign", "duties", "reports", "forms", "extends"}:
        return ""
    if "organs" in keys:
        code = tree.value["id"].value if "id" in keys else "代码"
        return f"这是通讯录，不是专项行动的定义；检查用 directory: {code} 引用它的定义，通讯录也就一并检查了"
    if "lineages" in keys:
        return "这是机构沿革，不是专项行动的定义；读通讯录时自动使用，不用单独检查"
    if "rest" in keys:
        return "这是某一年的放假安排，不是专项行动的定义；放进办公室的 calendar 文件夹，用 liandong calendar 看有哪些日期因此不同"
    return ""


def _read_directory(draft: _Draft, code: str, folders: Iterable[Path]) -> None:
    files = (folder / f"{code}{suffix}" for folder in folders for suffix in _SUFFIXES)
    own = draft.definition_file.path.absolute()
    found = next((file for file in files if file.is_file() and file.absolute() != own), None)
    if found is None:
        message = f"没有找到通讯录“{code}”，请核对名称，或把 {code}.yaml 放进通讯录文件夹"
        draft.problems.append(error("no-directory", ("directory",), message))
        return
    try:
        draft.directory_file = read(found)
    except UnreadableFile as fault:
        draft.problems.append(error("unreadable", ("directory",), str(fault)))
        return
    draft.problems += draft.directory_file.problems
    if draft.directory_file.tree is not None:
        written, problems, stand_ins = model(Directory, draft.directory_file, ("directory",))
        draft.directory = with_lineages(written, shipped_lineages()) if written else None
        draft.problems += problems
        draft.stand_ins |= stand_ins


def _all(draft: _Draft, workdays: Workdays, hours: OfficeHours) -> list[Problem]:
    """Return the problems of the files and those of the plan that could be laid out from what was left."""
    if draft.definition is None:
        return draft.problems
    directory = draft.directory
    if directory is None:  # nothing can be said of departments
        directory = Directory(id=draft.definition.directory, title="x", organs=(Organ(id="x", name="x"),))
    told = expand(draft.definition, directory, workdays, hours).problems
    nameless = {(one[0], one[-1]) for one in draft.stand_ins if one}
    undated = any(("campaign", key)[: len(one)] == one for one in draft.stand_ins for key in ("starts", "ends"))
    # a template's example stands where a value is still owed: its dates need not fit those that are given
    undated = undated or any(one.rule == "values" and one.severity is Severity.ASKED for one in draft.problems)
    return [
        *draft.problems,
        *(
            one
            for one in told
            if not any(one.path[: len(stand_in)] == stand_in[: len(one.path)] for stand_in in draft.stand_ins)
            and not (undated and one.rule in _DATED)
            and _NAMED.get(one.rule) not in nameless
            and not (draft.directory is None and (one.rule == "unknown-organ" or one.path[:1] == ("directory",)))
        ),
    ]


def _located(draft: _Draft, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems with file and line, in order; a path that goes on after `directory` is in the directory's file."""
    placed: list[Problem] = []
    for one in problems:
        if one.file:  # told where it was read
            placed.append(one)
        elif draft.directory_file and len(one.path) > 1 and one.path[0] == "directory":
            placed.append(draft.directory_file.place(one, one.path[1:]))
        else:
            placed.append(draft.definition_file.place(one, one.path))
    return tuple(sorted(placed, key=lambda one: (one.file != str(draft.definition_file.path), one.file, one.line)))
