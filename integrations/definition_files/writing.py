"""New definition files written for a person to finish: from a template, or from last year's campaign."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from campaigns.definition import Campaign
from campaigns.errors import UnknownItem, UnreadableFile
from integrations.definition_files import DEFINITIONS, find_definition
from integrations.definition_files.reuse import IDENTITY, complete, parameters, shown
from integrations.definition_files.shape import OPEN
from integrations.definition_files.text import Node, read

_DAY = re.compile(r"(\d{4})(-\d\d(?:-\d\d)?)")
_FIELDS = tuple(key for key in Campaign.model_fields if key not in ("id", "source", "basis", "forwards", "assumed"))
_MOVED = "由上年的日期顺延一年，请对照通知核对"


def derived(name: str, code: str, given: Mapping[str, str], definitions: Sequence[Path] = (DEFINITIONS,)) -> str:
    """Return the text of a definition made from a template or a campaign; what is not given is `待定`, or moved and `assumed`.

    `given` holds the values of the template, or fields of `campaign` and `directory`; UnknownItem when it holds anything else.
    """
    path = find_definition(name, definitions)
    source = read(path)
    complete(source, lambda other, seen_from: find_definition(other, [seen_from.parent, *definitions]))
    if source.tree is None:
        raise UnreadableFile(f"{path} 有格式错误，请先用 liandong check 核对")
    stem = path.stem if path.parent in definitions else str(path.absolute())
    asked = parameters(source.tree)
    known = [one.name for one, _ in asked] if asked else [*_FIELDS, "directory"]
    unknown = [key for key in given if key not in known]
    if unknown:
        raise UnknownItem(f"“{name}”没有“{'、'.join(unknown)}”可填，可填的有：{'、'.join(known)}")
    if asked:
        lines = [f"# 由模板 {stem} 生成：填好“待定”各项，再用 liandong check 核对。", f"extends: {stem}", "values:"]
        for one, _ in asked:
            value: Any = _parsed(given[one.name], one.kind) if one.name in given else OPEN
            hint = f"，{one.help}" if one.help else ""
            said = f"{one.name}: {shown(value)}" if isinstance(value, list) else _dump({one.name: value})
            lines.append(f"  {said} # 例如 {shown(one.example)}{hint}")
        return "\n".join([*lines, "campaign:", f"  id: {code}", ""])
    return _next_year(source.tree, stem, code, given)


def _next_year(tree: Node, stem: str, code: str, given: Mapping[str, str]) -> str:
    said: dict[str, Any] = {key: _parsed(value, "text") for key, value in given.items()}
    old = tree.value["campaign"].plain
    moved = _moved(tree, ()) or {}
    campaign = {
        "id": code,
        "title": _one_later(str(old.get("title", ""))),
        **{key: value for key, value in moved.pop("campaign", {}).items() if key in ("starts", "ends")},
        "doc_no": OPEN,
        "source": {"title": OPEN, "issued_on": OPEN},
        "assumed": f"起止日期{_MOVED}" + ("；条款沿用上年的文件，请对照新文件核对" if _cites(tree) else ""),
        **{key: value for key, value in said.items() if key != "directory"},
    }
    whole = {"extends": stem, "campaign": campaign}
    if "directory" in said:
        whole["directory"] = said["directory"]
    head = f"# 由 {stem} 生成，日期都顺延了一年：填好“待定”各项，核对写了 assumed 的各项，再用 liandong check 核对。\n"
    blocks = [_dump({key: value}) for key, value in {**whole, **moved}.items()]
    return head + "\n".join(blocks) + "\n"


def _cites(tree: Node) -> bool:
    """Return whether a definition says in which clauses of its document something stands."""
    items = [one for key in ("duties", "reports") if key in tree.value for one in tree.value[key].plain]
    said = [tree.value["campaign"].plain.get("source", {}), *items]
    return any(isinstance(one, dict) and "clause" in one for one in said)


def _moved(node: Node, path: tuple[str, ...]) -> Any:
    """Return what of a tree has dates, a year later, items by their id; None where nothing has."""
    if isinstance(node.value, dict):
        if path and path[-1] in ("source", "forwards", "basis"):
            return None
        found = {key: new for key, one in node.value.items() if (new := _moved(one, (*path, str(key)))) is not None}
        identity = next((key for key in IDENTITY if key in node.value), None)
        if found and identity and path != ("campaign",):
            found = {identity: node.value[identity].value, **found, "assumed": _MOVED}
        return found or None
    if isinstance(node.value, list):
        if node.value and all(isinstance(one.value, dict) for one in node.value):
            items = [new for one in node.value if (new := _moved(one, path)) is not None]
            known = all(any(key in one.value for key in IDENTITY) for one in node.value)
            return (items if known else [one.plain for one in node.value]) if items else None
        later = [_later(one.value) for one in node.value]
        return later if later != [one.value for one in node.value] else None
    later = _later(node.value)
    return later if later != node.value else None


def _later(value: Any) -> Any:
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value
    text = f"{int(found[1]) + 1}{found[2]}"
    if len(text) == 10:
        try:
            date.fromisoformat(text)
        except ValueError:  # 29 February
            return text[:-2] + "28"
    return text


def _one_later(title: str) -> str:
    return re.sub(r"(?<!\d)(20\d\d)(?=年)", lambda found: str(int(found[1]) + 1), title)


def _parsed(text: str, kind: str) -> Any:
    if kind == "names":
        return re.findall(r"(?:[^、,，;；\s(（]|[(（][^)）]*[)）]?)+", text.strip("[] "))  # what stands in brackets stays whole
    return int(text) if kind == "number" and text.isdecimal() else text


def _dump(value: Mapping[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode, yaml.width = True, 10_000
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.Representer.add_representer(date, lambda dumper, day: dumper.represent_scalar("tag:yaml.org,2002:timestamp", str(day)))
    out = StringIO()
    yaml.dump(dict(value), out)
    return re.sub(r"'(\d{4}-\d\d(?:-\d\d)?)'", r"\1", out.getvalue()).strip()
