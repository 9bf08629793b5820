"""YAML -> definition and directory; every problem at once, each with file, line and key path.

A file with faults is read on past them: what cannot be used is replaced by a stand-in, so that one pass shows a misspelt key,
a bad date, an unknown department and a circle of duties together. Problems that only a stand-in causes are not told.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

import campaigns
from campaigns import messages
from campaigns.definition import Definition
from campaigns.errors import DefinitionError, UnreadableFile
from campaigns.findings import Problem, Severity
from campaigns.organs import Directory, Organ
from campaigns.plan import Plan, expand
from campaigns.workdays import OfficeHours, Workdays

DEFINITIONS = Path(campaigns.__file__).parent / "definitions"
DIRECTORIES = Path(campaigns.__file__).parent / "directories"

KeyPath = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_DATED = {"no-round", "rest-day", "provisional", "no-time", "outside", "too-long", "dates-reversed", "abolished"}
_SUFFIXES = (".yaml", ".yml")


def read_definition(path: Path, directories: Sequence[Path] = (DIRECTORIES,)) -> tuple[Definition, Directory]:
    """Return a definition and the directory it names; DefinitionError with every problem when either has the wrong shape.

    The directory is looked for beside the definition, in a sibling folder `directories`, then in the folders given.
    """
    draft = _draft(path, directories)
    if draft.problems or draft.definition is None or draft.directory is None:
        raise DefinitionError(_located(draft, [one for one in _all(draft, Workdays(), OfficeHours()) if _is_error(one)]))
    return draft.definition, draft.directory


def load_plan(path: Path, workdays: Workdays, hours: OfficeHours, directories: Sequence[Path] = (DIRECTORIES,)) -> Plan:
    """Return the plan of a definition file, its problems located; DefinitionError with every problem when none can be made."""
    draft = _draft(path, directories)
    if draft.problems or draft.definition is None or draft.directory is None:
        raise DefinitionError(_located(draft, _all(draft, workdays, hours)))
    plan = expand(draft.definition, draft.directory, workdays, hours)
    return replace(plan, problems=_located(draft, plan.problems))


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
class _File:
    """A file as it was read: its tree knows the lines, `problems` are those of the text itself, with their lines."""

    path: Path
    tree: CommentedMap | None
    problems: list[Problem]
    renamed: dict[KeyPath, KeyPath] = field(default_factory=dict)  # mended key path -> the one in the file

    def line(self, path: KeyPath) -> int:
        """Return the line of a key path; what is missing is at its parent."""
        node: Any = self.tree
        line = 0
        for part in path:
            try:
                line = (node.lc.item(part) if isinstance(part, int) else node.lc.key(part))[0]
                node = node[part]
            except (KeyError, IndexError, AttributeError, TypeError):
                break
        return line + 1

    def place(self, problem: Problem, path: KeyPath) -> Problem:
        """Return a problem at a key path of this file, with the line, and keys as the file writes them."""
        for mended, written in self.renamed.items():
            if path[: len(mended)] == mended:
                path = written + path[len(mended) :]
        return replace(problem, path=path, file=str(self.path), line=self.line(path))


@dataclass
class _Draft:
    """What could be read: models mended where they had faults, and the key paths of the stand-ins."""

    definition_file: _File
    directory_file: _File | None = None
    definition: Definition | None = None
    directory: Directory | None = None
    problems: list[Problem] = field(default_factory=list)
    stand_ins: set[KeyPath] = field(default_factory=set)


def _draft(path: Path, directories: Sequence[Path]) -> _Draft:
    file = _read(path)
    draft = _Draft(file, problems=list(file.problems))
    if file.tree is None:
        return draft
    definition, problems, stand_ins = _model(Definition, file, ())
    draft.definition, draft.stand_ins = definition, stand_ins
    draft.problems += problems
    if definition is None or ("directory",) in stand_ins:
        return draft
    beside = [path.parent, path.parent.parent / "directories"]
    found = _directory(definition.directory, [*beside, *directories], path)
    if found is None:
        message = f"没有找到通讯录“{definition.directory}”，请核对名称，或把 {definition.directory}.yaml 放进通讯录文件夹"
        draft.problems.append(_error("no-directory", ("directory",), message))
        return draft
    try:
        draft.directory_file = _read(found)
    except UnreadableFile as fault:
        draft.problems.append(_error("unreadable", ("directory",), str(fault)))
        return draft
    draft.problems += draft.directory_file.problems
    if draft.directory_file.tree is not None:
        directory, problems, stand_ins = _model(Directory, draft.directory_file, ("directory",))
        draft.directory = directory
        draft.problems += problems
        draft.stand_ins |= stand_ins
    return draft


def _directory(code: str, folders: Iterable[Path], definition: Path) -> Path | None:
    files = (folder / f"{code}{suffix}" for folder in folders for suffix in _SUFFIXES)
    return next((file for file in files if file.is_file() and file.absolute() != definition.absolute()), None)


def _all(draft: _Draft, workdays: Workdays, hours: OfficeHours) -> list[Problem]:
    """Return the problems of the files and those of the plan that could be laid out from what was left."""
    if draft.definition is None:
        return draft.problems
    directory = draft.directory
    if directory is None:  # nothing can be said of departments
        directory = Directory(id=draft.definition.directory, title="x", organs=(Organ(id="x", name="x"),))
    told = expand(draft.definition, directory, workdays, hours).problems
    undated = any(("campaign", key)[: len(one)] == one for one in draft.stand_ins for key in ("starts", "ends"))
    return [
        *draft.problems,
        *(
            one
            for one in told
            if not any(one.path[: len(stand_in)] == stand_in[: len(one.path)] for stand_in in draft.stand_ins)
            and not (undated and one.rule in _DATED)
            and not (draft.directory is None and (one.rule == "unknown-organ" or one.path[:1] == ("directory",)))
        ),
    ]


def _located(draft: _Draft, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems with file and line, in order; a path that goes on after `directory` is in the directory's file."""
    placed: list[Problem] = []
    for one in problems:
        if one.file:  # a slip in the text itself, told where it was read
            placed.append(one)
        elif draft.directory_file and len(one.path) > 1 and one.path[0] == "directory":
            placed.append(draft.directory_file.place(one, one.path[1:]))
        else:
            placed.append(draft.definition_file.place(one, one.path))
    return tuple(sorted(placed, key=lambda one: (one.file != str(draft.definition_file.path), one.line)))


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _error(rule: str, path: KeyPath, message: str) -> Problem:
    return Problem(rule, Severity.ERROR, path, message)


# --- shape: a model, mended until it fits ------------------------------------------------------------------------------------


def _model(model: type[M], file: _File, prefix: KeyPath) -> tuple[M | None, list[Problem], set[KeyPath]]:
    """Return the model of a file, mended where it had faults, with the problems and the key paths of the stand-ins."""
    raw = _plain(file.tree)
    problems: list[Problem] = []
    stand_ins: set[KeyPath] = set()
    for _ in range(20):  # a mended value may show a fault beneath it
        try:
            return model.model_validate(raw), problems, stand_ins
        except ValidationError as fault:
            errors = _own(fault)
        mended: set[KeyPath] = set()
        for error in sorted(errors, key=lambda one: one["type"] != "extra_forbidden"):
            path: KeyPath = tuple(error["loc"])
            if path in mended:
                continue  # the misspelt key beside it has been told
            if not any(path[: len(one)] == one for one in (stand[len(prefix) :] for stand in stand_ins)):
                rule = "unknown-key" if error["type"] == "extra_forbidden" else error["type"].replace("_", "-")
                problems.append(_error(rule, (*prefix, *path), messages.describe(model, error)))
            if error["type"] in ("extra_forbidden", "invalid_key"):
                right = _rename(raw, path, messages.suggestion(model, path))
                if right:
                    mended.add(right)
                    file.renamed[right] = path
            else:
                stand_ins.add((*prefix, *path))
                if not path or not _put(raw, path, messages.placeholder(model, path)):
                    return None, problems, stand_ins
    return None, problems, stand_ins


def _own(fault: ValidationError) -> list[dict[str, Any]]:
    """Return the errors, without “too short” for a list that is so only because its items have errors of their own."""
    errors: list[dict[str, Any]] = [dict(one) for one in fault.errors(include_url=False)]
    above = {one["loc"][:length] for one in errors for length in range(len(one["loc"]))}
    return [one for one in errors if not (one["type"] == "too_short" and one["loc"] in above)]


def _rename(raw: Any, path: KeyPath, right: str | None) -> KeyPath | None:
    """Take a misspelt key away; return the path under which its value now stands, None when it has no other place."""
    holder = _holder(raw, path)
    if not isinstance(holder, dict) or path[-1] not in holder:
        return None
    value = holder.pop(path[-1])
    if right is None or right in holder:
        return None
    holder[right] = value
    return (*path[:-1], right)


def _put(raw: Any, path: KeyPath, value: Any) -> bool:
    holder: Any = _holder(raw, path)
    if value is None or not isinstance(holder, dict | list):
        return False
    holder[path[-1]] = value  # type: ignore[index]  # a list has numbers in its path, a mapping has names
    return True


def _holder(raw: Any, path: KeyPath) -> Any:
    for part in path[:-1]:
        try:
            raw = raw[part]
        except (KeyError, IndexError, TypeError):
            return None
    return raw


def _plain(node: Any) -> Any:
    if isinstance(node, CommentedMap):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(item) for item in node]
    if node is None or isinstance(node, bool):
        return node
    for kind in (int, float):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


# --- text: bytes -> a tree that knows its lines ------------------------------------------------------------------------------


class _Slip(NamedTuple):
    line: int
    key: str
    rule: str
    message: str


class _Constructor(RoundTripConstructor):
    """Round-trip values, but a date stays text for pydantic to judge, and every duplicate key is kept in mind."""

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:
        if key not in mapping:
            return True
        self.__dict__.setdefault("duplicates", []).append((key, key_node.start_mark.line + 1, mapping.lc.key(key)[0] + 1))
        return False


def _date_as_text(constructor: Any, node: Any) -> str:
    return str(constructor.construct_scalar(node))


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _date_as_text)

_KEYS = "|".join(sorted(messages.keys(), key=len, reverse=True))
_TABS = re.compile(r"^[ ]*\t[ \t]*(?=[^\s#])")
_WIDE_COLON = re.compile(rf"^(\s*(?:- )?)({_KEYS})：\s*(?=\S|$)")
_TIGHT_COLON = re.compile(rf"^(\s*(?:- )?)({_KEYS}):(?=[^\s:])")


def _read(path: Path) -> _File:
    """Return a file with its tree and the problems of its text; the tree is None when the text cannot be read as YAML."""
    slips: list[_Slip] = []
    lines: list[str] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _text(path)), start=1):
        lines.append(_mend(slips, number, line, lines))
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        tree = yaml.load("\n".join(lines) + "\n")
        where = dict(_places(tree, ()))
    except MarkedYAMLError as fault:
        tree, where = None, {}
        slips += _syntax(fault, {one.line for one in slips})
    except YAMLError:
        raise UnreadableFile(f"{path} 含有不能识别的字符，请用文本编辑器另存为 UTF-8 编码") from None
    except RecursionError:
        raise UnreadableFile(f"{path} 嵌套太深，不是定义文件") from None
    if not (isinstance(tree, CommentedMap) or slips):
        raise UnreadableFile(f"{path} 不是定义文件：应由“名称: 内容”组成，请对照示例")
    problems = [
        Problem(one.rule, Severity.ERROR, where.get((one.line, one.key), ()), one.message, str(path), one.line) for one in slips
    ]
    for key, line, first in yaml.constructor.__dict__.get("duplicates", ()):
        message = f"“{key}”在第{first}行已经写过，同一处只能写一次，请删去其中一个"
        problems.append(Problem("duplicate-key", Severity.ERROR, where.get((first, key), ()), message, str(path), line))
    return _File(path, tree if isinstance(tree, CommentedMap) else None, problems)


def _text(path: Path) -> str:
    if path.is_dir():
        raise UnreadableFile(f"{path} 是文件夹，请给出其中的定义文件（.yaml）")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableFile(f"没有找到文件 {path}，请核对路径") from None
    except OSError:
        raise UnreadableFile(f"文件 {path} 打不开，请核对权限和路径") from None
    if not data.strip():
        raise UnreadableFile(f"{path} 是空文件")
    if b"\0" in data:
        raise UnreadableFile(f"{path} 不是文本文件，请用文本编辑器另存为 UTF-8 编码")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{path} 的编码不能识别，请用文本编辑器另存为 UTF-8 编码")


def _mend(slips: list[_Slip], number: int, line: str, above: Sequence[str]) -> str:
    """Return a line without the slips that YAML would stumble over; they are added to the list."""
    if found := _TABS.match(line):
        key = re.split("[:：]", line.strip().removeprefix("- "), maxsplit=1)[0]
        slips.append(_Slip(number, key, "tab", "缩进用了制表符（Tab），请改成空格"))
        line = " " * _indent(above) + line[found.end() :]
    if found := _WIDE_COLON.match(line):
        message = f"“{found[2]}”后面是全角冒号“：”，请改成半角冒号加一个空格“: ”"
        slips.append(_Slip(number, found[2], "wide-colon", message))
        return f"{found[1]}{found[2]}: {line[found.end() :]}"
    if found := _TIGHT_COLON.match(line):
        slips.append(_Slip(number, found[2], "tight-colon", f"“{found[2]}:”后面要有一个空格"))
        return f"{found[1]}{found[2]}: {line[found.end() :]}"
    return line


def _indent(above: Sequence[str]) -> int:
    """Return how far in a line probably belongs, from the last one above it that says something."""
    last = next((line for line in reversed(above) if line.strip() and not line.lstrip().startswith("#")), "")
    return len(last) - len(last.lstrip(" -")) + (2 if last.rstrip().endswith(":") else 0)


def _places(node: Any, path: KeyPath) -> Iterator[tuple[tuple[int, Any], KeyPath]]:
    """Yield where every key of a tree stands, (line, key), and its path."""
    items: Iterable[tuple[Any, Any]] = ()
    if isinstance(node, CommentedMap):
        items = node.items()
    elif isinstance(node, CommentedSeq):
        items = enumerate(node)
    for key, value in items:
        try:
            line = (node.lc.item(key) if isinstance(key, int) and isinstance(node, CommentedSeq) else node.lc.key(key))[0]
        except (KeyError, TypeError):  # came in by a merge
            continue
        yield (line + 1, key), (*path, key)
        yield from _places(value, (*path, key))


# What ruamel says -> what to do about it; the first that fits.
_SYNTAX = (
    ("could not find expected ':'", "这一行或上一行缺少冒号，写法是“名称: 内容”"),
    ("mapping values are not allowed", "这里不该有冒号：请核对上一行的缩进，内容里本来有冒号的请加引号"),
    ("expected <block end>", "缩进与上下行不一致，请对齐"),
    ("did not find expected", "缩进或括号与上下行不一致，请核对"),
    ("quoted scalar", "引号没有成对"),
    ("unexpected end of stream", "引号或括号没有成对"),
    ("expected ',' or", "列表的括号或逗号不成对，请用半角的 [ ] 和逗号"),
    ("cannot start any token", "行首的符号不能这样用，文字请加引号"),
    ("undefined alias", "“*”后面的名称没有定义，文字以 * 开头时请加引号"),
    ("expected a single document", "一个文件只能有一份定义，请删去多余的“---”"),
    ("could not determine a constructor", "“!”有特别含义，文字以 ! 开头时请加引号"),
)


def _syntax(fault: MarkedYAMLError, told: set[int]) -> Iterator[_Slip]:
    mark = fault.problem_mark or fault.context_mark
    line = mark.line + 1 if mark else 1
    if line in told:
        return
    said = f"{fault.context or ''} {fault.problem or ''}"
    words = next((words for sign, words in _SYNTAX if sign in said), "格式有误，请核对缩进、冒号和引号")
    yield _Slip(line, "", "syntax", f"读到这里读不下去了：{words}")
