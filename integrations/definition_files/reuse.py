"""One definition made from another: what it `extends` is read first, a template's values are filled in, then its own lines count.

The rules of extending, all of them: what is not said stays as it was; a mapping is taken over field by field; a list whose items
have an id (or a number, or a role) item by item, new ones at its end, `removed: true` takes one away; any other list as a whole;
and nothing (`null`) takes a field away.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from campaigns.definition import Parameter
from campaigns.errors import UnreadableFile
from campaigns.findings import Problem, Severity
from integrations.definition_files.shape import OPEN
from integrations.definition_files.text import Node, Source, read

IDENTITY = ("id", "number", "role")
_NOT_INHERITED = ("extends", "values", "template")
_PLACE = re.compile(r"<([^<>\s=]{1,20})>")
_KINDS: Mapping[str, str] = {
    "text": "文字",
    "number": "整数",
    "date": "日期，如 2025-09-30",
    "month": "月份，如 2025-09",
    "names": "单位名称的列表",
    "code": "小写字母、数字和短横线",
}
Find = Callable[[str, Path], Path | None]


@dataclass
class _Told:
    """Problems, each at the place of a node."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, rule: str, node: Node, message: str, severity: Severity = Severity.ERROR) -> None:
        """Tell a problem at a node."""
        self.problems.append(Problem(rule, severity, (rule,), message, str(node.file), node.line))


def complete(source: Source, find: Find) -> list[Problem]:
    """Return what is wrong with what a file extends and fills in; its tree becomes the whole definition, each line at its place.

    `find` gives the file of a definition by name, as seen from another file.
    """
    told = _Told()
    if source.tree is not None:
        source.tree = _complete(source.tree, find, told, (source.path.resolve(),))
    return told.problems


def fill_examples(source: Source) -> list[Problem]:
    """Return what a template asks for, each at its line; its tree is filled with its examples, to be checked in full."""
    told = _Told()
    if source.tree is None or "template" not in source.tree.value:
        return []
    asked = parameters(source.tree)
    head = source.tree.value["template"]
    told.add("template", head, "这是模板：用 liandong new 代码 --from 模板 填好下列各项，才能下发", Severity.ASKED)
    for one, node in asked:
        hint = f"；{one.help}" if one.help else ""
        told.add("template", node, f"要填“{one.name}”：{_KINDS[one.kind]}，例如 {shown(one.example)}{hint}", Severity.ASKED)
        if not _fits(one, one.example):
            told.add("template", node, f"“{one.name}”的例子“{shown(one.example)}”不是{_KINDS[one.kind]}，请核对")
    rest = Node({key: one for key, one in source.tree.value.items() if key != "template"}, source.tree.file, source.tree.line)
    values = {one.name: _value(one, one.example, node) for one, node in asked}
    for name, node in _undeclared(rest, {one.name for one, _ in asked}):
        told.add("template", node, f"“<{name}>”没有在 template 里写明，请补上或改正")
    filled = _filled(rest, values)
    source.tree = replace(filled, value={**filled.value, "template": head})
    return told.problems


def parameters(tree: Node) -> list[tuple[Parameter, Node]]:
    """Return what a template asks for, each with its place; of those that are badly written the shape tells."""
    found = []
    section = tree.value.get("template")
    for node in section.value if section is not None and isinstance(section.value, list) else ():
        try:
            found.append((Parameter.model_validate(node.plain), node))
        except ValidationError:
            continue
    return found


def shown(value: Any) -> str:
    """Return a value as a person writes it."""
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _complete(tree: Node, find: Find, told: _Told, above: tuple[Path, ...]) -> Node:
    own: dict[str, Node] = tree.value
    name = own.get("extends")
    if name is None:
        if "values" in own:
            told.add("values", own["values"], "写了 values，却没有写 extends（沿用哪一份模板）")
        return tree
    kept = Node({key: node for key, node in own.items() if key != "values"}, tree.file, tree.line)
    path = find(str(name.value), tree.file)
    if path is None:
        told.add("extends", name, f"没有找到要沿用的定义“{name.value}”，请核对名称")
        return kept
    if path.resolve() in above:
        told.add("extends", name, f"“{name.value}”最终又沿用了本定义，请去掉其中一个 extends")
        return kept
    try:
        source = read(path)
    except UnreadableFile as fault:
        told.add("extends", name, f"要沿用的定义读不了：{fault}")
        return kept
    told.problems += source.problems
    if source.tree is None:
        return kept
    base = _given(_complete(source.tree, find, told, (*above, path.resolve())), name, own.get("values"), told)
    inherited = Node({key: node for key, node in base.value.items() if key not in _NOT_INHERITED}, tree.file, tree.line)
    merged = _merged(inherited, kept, told)
    if "template" not in base.value and _id(kept) is None:
        missing = "沿用别的定义时，campaign 里要写代码（id）：新的专项行动写新代码，补充通知写原来的代码"
        told.add("extends", kept.value.get("campaign", name), missing)
    return merged


def _id(tree: Node) -> Any:
    campaign = tree.value.get("campaign")
    return campaign.value["id"].value if campaign and isinstance(campaign.value, dict) and "id" in campaign.value else None


def _given(base: Node, name: Node, values: Node | None, told: _Told) -> Node:
    """Return a base with its places filled in by the values given; by its examples where they are still owed."""
    asked = parameters(base)
    said: dict[str, Node] = values.value if values is not None and isinstance(values.value, dict) else {}
    known = "、".join(one.name for one, _ in asked) or "（无）"
    for key, node in said.items():
        if key not in {one.name for one, _ in asked}:
            told.add("values", node, f"模板“{name.value}”没有要填“{key}”，要填的有：{known}")
    filled: dict[str, Node] = {}
    for one, _ in asked:
        node = said.get(one.name, values or name)
        if one.name not in said or node.plain in (OPEN, None):
            hint = f"；{one.help}" if one.help else ""
            message = f"“{one.name}”待填：{_KINDS[one.kind]}，例如 {shown(one.example)}{hint}"
            told.add("values", node, message, Severity.ASKED)
            filled[one.name] = _value(one, one.example, node)
        elif not _fits(one, node.plain):
            told.add(
                "values", node, f"“{one.name}”写成了“{shown(node.plain)}”，应是{_KINDS[one.kind]}，例如 {shown(one.example)}"
            )
            filled[one.name] = _value(one, one.example, node)
        else:
            filled[one.name] = _value(one, node.plain, node)
    return _filled(base, filled)


def _fits(one: Parameter, value: Any) -> bool:
    if one.kind == "names":
        return isinstance(value, list | tuple) and bool(value) and all(isinstance(name, str) for name in value)
    if one.kind == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, str | int | date):
        return False
    text = str(value)
    patterns = {"date": r"\d{4}-\d\d-\d\d", "month": r"\d{4}-\d\d", "code": r"[a-z0-9][a-z0-9-]*"}
    if not re.fullmatch(patterns.get(one.kind, r"(?s).*\S.*"), text):
        return False
    if one.kind == "date":
        try:
            date.fromisoformat(text)
        except ValueError:
            return False
    return True


def _value(one: Parameter, value: Any, place: Node) -> Node:
    if one.kind == "names":
        return replace(place, value=[replace(place, value=str(name)) for name in value])
    return replace(place, value=value if one.kind == "number" else str(value))


def _filled(node: Node, values: Mapping[str, Node]) -> Node:
    """Return a tree with `<名称>` replaced: a value that is nothing else becomes what was given, in a list all of a list."""
    if isinstance(node.value, dict):
        return replace(node, value={key: _filled(one, values) for key, one in node.value.items()})
    if isinstance(node.value, list):
        items: list[Node] = []
        for one in node.value:
            new = _filled(one, values)
            items += new.value if isinstance(new.value, list) and not isinstance(one.value, list) else [new]
        return replace(node, value=items)
    if not isinstance(node.value, str):
        return node
    whole = _PLACE.fullmatch(node.value.strip())
    if whole and whole[1] in values:
        return replace(node, value=values[whole[1]].value)
    return replace(node, value=_PLACE.sub(lambda found: _written(values.get(found[1]), found[0]), node.value))


def _written(given: Node | None, otherwise: str) -> str:
    if given is None:
        return otherwise
    return "、".join(map(str, given.plain)) if isinstance(given.value, list) else str(given.value)


def _undeclared(node: Node, known: set[str]) -> list[tuple[str, Node]]:
    if isinstance(node.value, dict):
        return [one for inner in node.value.values() for one in _undeclared(inner, known)]
    if isinstance(node.value, list):
        return [one for inner in node.value for one in _undeclared(inner, known)]
    found = _PLACE.findall(node.value) if isinstance(node.value, str) else []
    return [(name, node) for name in found if name not in known]


def _merged(base: Node, own: Node, told: _Told) -> Node:
    if isinstance(base.value, dict) and isinstance(own.value, dict):
        both = dict(base.value)
        for key, node in own.value.items():
            if node.value is None:
                both.pop(key, None)
            else:
                both[key] = _merged(both[key], node, told) if key in both else _added(node, told)
        return replace(own, value=both)
    key = _identity(base)
    if key is None or not isinstance(own.value, list):
        return own
    items = {one.value[key].value: one for one in base.value}
    for node in own.value:
        named = node.value.get(key) if isinstance(node.value, dict) else None
        code: Any = named.value if named is not None else object()  # without one it is new, and the shape tells what it lacks
        if _removed(node):
            if items.pop(code, None) is None:
                told.add("removed", node, f"要去掉的“{shown(named.plain) if named else ''}”在沿用的定义里没有，请核对")
        else:
            items[code] = _merged(items[code], node, told) if code in items else node
    return replace(own, value=list(items.values()))


def _added(node: Node, told: _Told) -> Node:
    if isinstance(node.value, list) and any(_removed(one) for one in node.value):
        told.add("removed", node, "沿用的定义里没有这一部分，无法去掉其中的内容，请核对")
        return replace(node, value=[one for one in node.value if not _removed(one)])
    return node


def _removed(node: Node) -> bool:
    return isinstance(node.value, dict) and "removed" in node.value and node.value["removed"].value is True


def _identity(node: Node) -> str | None:
    """Return the field by which the items of a list are told apart; None for a list that counts as a whole."""
    if not isinstance(node.value, list) or not node.value:
        return None
    return next((key for key in IDENTITY if all(isinstance(one.value, dict) and key in one.value for one in node.value)), None)
