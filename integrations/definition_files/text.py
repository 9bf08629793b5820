"""Bytes of a YAML file -> a tree that knows the line of everything in it; slips of the pen are read past, and told.

What YAML would read as something nobody meant (full-width signs, tabs, a key twice, anchors) is mended or refused here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from campaigns import messages
from campaigns.errors import UnreadableFile
from campaigns.findings import Problem, Severity

KeyPath = tuple[str | int, ...]
Plain = Any  # what YAML holds: mappings, lists, texts, numbers, booleans, nothing


@dataclass(frozen=True, slots=True)
class Node:
    """A value with the place it stands in: `value` is a mapping or list of nodes, or a scalar."""

    value: Any
    file: Path
    line: int

    @property
    def plain(self) -> Plain:
        """Return the value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    def at(self, path: KeyPath) -> "Node":
        """Return the node at a key path; what is missing is at its parent."""
        node = self
        for part in path:
            try:
                node = node.value[part]
            except (KeyError, IndexError, TypeError):
                break
        return node


@dataclass
class Source:
    """A file as it was read: its tree, None when it cannot be read as YAML, and the problems of the text itself."""

    path: Path
    tree: Node | None
    problems: list[Problem]
    renamed: dict[KeyPath, KeyPath] = field(default_factory=dict)  # mended key path -> the one in the file

    def place(self, problem: Problem, path: KeyPath) -> Problem:
        """Return a problem at a key path of this file, with file and line, and keys as the file writes them."""
        for mended, written in self.renamed.items():
            if path[: len(mended)] == mended:
                path = written + path[len(mended) :]
        where = self.tree.at(path) if self.tree else Node(None, self.path, 1)
        return replace(problem, path=path, file=str(where.file), line=where.line)


def read(path: Path) -> Source:
    """Return a file with its tree and the problems of its text; UnreadableFile when it is no text or holds no mapping."""
    slips: list[_Slip] = []
    lines: list[str] = []
    for number, line in enumerate(re.split(r"\r\n|\r|\n", _text(path)), start=1):
        lines.append(_mend(slips, number, line, lines))
    text = "\n".join(lines) + "\n"
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    try:
        slips += _anchors(text)
        loaded = yaml.load(text) if not any(one.rule == "anchor" for one in slips) else None
        tree = _node(loaded, path, 1) if isinstance(loaded, CommentedMap) else None
    except MarkedYAMLError as fault:
        loaded = tree = None
        slips += _syntax(fault, {one.line for one in slips})
    except YAMLError:
        raise UnreadableFile(f"{path} 含有不能识别的字符，请用文本编辑器另存为 UTF-8 编码") from None
    except RecursionError:
        raise UnreadableFile(f"{path} 嵌套太深，不是定义文件") from None
    if loaded is None and not slips:
        raise UnreadableFile(f"{path} 是空文件，或只有注释")
    if tree is None and not slips:
        raise UnreadableFile(f"{path} 不是定义文件：应由“名称: 内容”组成，请对照示例")
    where = dict(_places(loaded, ()))
    problems = [
        Problem(one.rule, Severity.ERROR, where.get((one.line, one.key), ()), one.message, str(path), one.line) for one in slips
    ]
    for key, line, first in yaml.constructor.__dict__.get("duplicates", ()):
        message = f"“{key}”在第{first}行已经写过，同一处只能写一次，请删去其中一个"
        problems.append(Problem("duplicate-key", Severity.ERROR, where.get((first, key), ()), message, str(path), line))
    return Source(path, tree, problems)


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


def _node(value: Any, path: Path, line: int) -> Node:
    if isinstance(value, CommentedMap):
        return Node({_scalar(key): _node(one, path, _line(value, key, line)) for key, one in value.items()}, path, line)
    if isinstance(value, CommentedSeq):
        return Node([_node(one, path, _line(value, at, line)) for at, one in enumerate(value)], path, line)
    return Node(_scalar(value), path, line)


def _line(holder: CommentedMap | CommentedSeq, key: Any, above: int) -> int:
    try:
        return int((holder.lc.item(key) if isinstance(holder, CommentedSeq) else holder.lc.key(key))[0]) + 1
    except (KeyError, TypeError, AttributeError):
        return above


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float):
        if isinstance(value, kind):
            return kind(value)
    return str(value)


_KEYS = "|".join(sorted(messages.keys(), key=len, reverse=True))
_NAMES = "|".join(sorted(messages.lists(), key=len, reverse=True))
_TABS = re.compile(r"^[ ]*\t[ \t]*(?=[^\s#])")
_WIDE_COLON = re.compile(rf"^(\s*(?:- )?)({_KEYS})：\s*(?=\S|$)")
_TIGHT_COLON = re.compile(rf"^(\s*(?:- )?)({_KEYS}):(?=[^\s:])")
_WIDE_COMMA = re.compile(rf"(?:^|[\s{{,])({_NAMES}): *\[([^\]\"']*[，；][^\]\"']*)\]")
_WIDE_BRACKETS = re.compile(rf"(^\s*(?:- )?|[\s{{,])({_NAMES}): *[［【]([^［【］】]*)[］】](?=\s*(?:$|[,}}]))")


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
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))  # 记事本 calls it Unicode
    if b"\0" in data and not wide:
        raise UnreadableFile(f"{path} 不是文本文件，请用文本编辑器另存为 UTF-8 编码")
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(f"{path} 的编码不能识别，请用文本编辑器另存为 UTF-8 编码")


def _mend(slips: list[_Slip], number: int, line: str, above: Sequence[str]) -> str:
    """Return a line without the slips that YAML would stumble over or swallow; they are added to the list."""
    if line.lstrip().startswith("#"):
        return line
    if found := _TABS.match(line):
        key = re.split("[:：]", line.strip().removeprefix("- "), maxsplit=1)[0]
        slips.append(_Slip(number, key, "tab", "缩进用了制表符（Tab），请改成空格"))
        line = " " * _indent(above) + line[found.end() :]
    if found := _WIDE_COLON.match(line):
        message = f"“{found[2]}”后面是全角冒号“：”，请改成半角冒号加一个空格“: ”"
        slips.append(_Slip(number, found[2], "wide-colon", message))
        line = f"{found[1]}{found[2]}: {line[found.end() :]}"
    elif found := _TIGHT_COLON.match(line):
        slips.append(_Slip(number, found[2], "tight-colon", f"“{found[2]}:”后面要有一个空格"))
        line = f"{found[1]}{found[2]}: {line[found.end() :]}"
    for found in _WIDE_BRACKETS.finditer(line):
        slips.append(_Slip(number, found[2], "wide-bracket", f"“{found[2]}”的方括号是全角的，请改成半角的 [ ]"))
        line = line.replace(found[0], f"{found[1]}{found[2]}: [{found[3]}]")
    for found in _WIDE_COMMA.finditer(line):
        sign = next(sign for sign in found[2] if sign in "，；")
        slips.append(_Slip(number, found[1], "wide-comma", f"“{found[1]}”的各项用“{sign}”隔开了，请改成半角逗号加一个空格“, ”"))
        line = line.replace(found[2], re.sub("[，；]", ", ", found[2]))
    return line


def _indent(above: Sequence[str]) -> int:
    """Return how far in a line probably belongs, from the last one above it that says something."""
    last = next((line for line in reversed(above) if line.strip() and not line.lstrip().startswith("#")), "")
    return len(last) - len(last.lstrip(" -")) + (2 if last.rstrip().endswith(":") else 0)


def _anchors(text: str) -> Iterator[_Slip]:
    """Yield where a file repeats itself by anchors: a reader could not predict what such a line says."""
    if not re.search(r"[&*]|<<", text):
        return
    seen = set()
    for event in YAML(typ="rt").parse(text):
        alias = type(event).__name__ == "AliasEvent"
        merge = getattr(event, "value", None) == "<<" and not getattr(event, "style", None)
        if not (getattr(event, "anchor", None) or merge) or event.start_mark.line in seen:
            continue
        seen.add(event.start_mark.line)
        sign = f"*{event.anchor}" if alias else "<<" if merge else f"&{event.anchor}"
        message = f"不能用“{sign}”引用别处的内容，请直接写出来；文字以 & 或 * 开头的请加引号，沿用另一份定义请用 extends"
        yield _Slip(event.start_mark.line + 1, "", "anchor", message)


def _places(node: Any, path: KeyPath) -> Iterator[tuple[tuple[int, Any], KeyPath]]:
    """Yield where every key of a tree stands, (line, key), and its path."""
    if isinstance(node, CommentedMap):
        for key, value in node.items():
            yield (_line(node, key, 0), key), (*path, key)
            yield from _places(value, (*path, key))
    elif isinstance(node, CommentedSeq):
        for at, value in enumerate(node):
            yield (_line(node, at, 0), at), (*path, at)
            yield from _places(value, (*path, at))


# What ruamel says -> what to do about it; the first that fits.
_SYNTAX: Mapping[str, str] = {
    "could not find expected ':'": "这一行缺少冒号，写法是“名称: 内容”",
    "mapping values are not allowed": "这里不该有冒号：请核对上一行的缩进，内容里本来有冒号的请加引号",
    "expected <block end>": "缩进与上下行不一致，请对齐",
    "did not find expected": "缩进或括号与上下行不一致，请核对",
    "quoted scalar": "引号没有成对",
    "unexpected end of stream": "引号或括号没有成对",
    "expected ',' or '}'": "花括号或逗号不成对：写在一行的一组“名称: 内容”请用半角的 { } 和逗号",
    "expected ',' or": "列表的括号或逗号不成对，请用半角的 [ ] 和逗号",
    "cannot start any token": "行首的符号不能这样用，文字请加引号",
    "undefined alias": "“*”后面的名称没有定义，文字以 * 开头时请加引号",
    "alias": "“*”“&”有特别含义，文字以 * 或 & 开头时请加引号",
    "anchor": "“*”“&”有特别含义，文字以 * 或 & 开头时请加引号",
    "expected a single document": "一个文件只能有一份定义，请删去多余的“---”",
    "could not determine a constructor": "“!”有特别含义，文字以 ! 开头时请加引号",
    " tag ": "“!”有特别含义，文字以 ! 开头时请加引号",
    "directive": "行首的“%”有特别含义，文字请加引号",
}


def _syntax(fault: MarkedYAMLError, told: set[int]) -> Iterator[_Slip]:
    said = f"{fault.context or ''} {fault.problem or ''}"
    opened = any(sign in said for sign in ("quoted scalar", "flow ", "simple key"))  # what is wrong is where it began
    mark = (fault.context_mark if opened else None) or fault.problem_mark or fault.context_mark
    line = mark.line + 1 if mark else 1
    if line in told:
        return
    words = next((words for sign, words in _SYNTAX.items() if sign in said), "格式有误，请核对缩进、冒号和引号")
    yield _Slip(line, "", "syntax", f"读到这里读不下去了：{words}")
