"""Chinese words for what pydantic finds in a definition or directory: which key, what is wrong, how to mend it."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from campaigns import definition, organs

Path = tuple[str | int, ...]
Context = Mapping[str, Any]

_PATTERNS: dict[str, str] = {
    r"^\d{4}-(0[1-9]|1[0-2])$": "年-月，例如 2020-10",
    r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$": "月-日，例如 06-20",
    r"^\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?$": "年-月-日或年-月，例如 2020-10-20、2020-10",
    r"^(\d{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$": "日期，例如 2026-06-20；没有写年份的写成 06-20",
    r"^((\d{4}-)?(0[1-9]|1[0-2])-)?(0[1-9]|[12]\d|3[01])$": "日期，例如 2026-10-16 或 10-16；结束日期也可以只写日，例如 31",
    r"^([1-9]|[12]\d|3[01]|end)$": "几日，例如 10；月底写 end",
    r"^([1-9]|1[0-2])$": "月份，逐个写，例如 [4, 5, 6]",
    r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$": '时刻，两位小时，例如 "08:30"',
    r"^[a-z][a-z0-9_]*$": "小写字母、数字和下划线，以字母开头，例如 cases_filed",
    r"^[a-z0-9][a-z0-9-]*$": "小写字母、数字和短横线，例如 hezhou-2020",
}
_ADDRESS = "邮箱地址，例如 name@example.gov.cn"

_DATE = "应是真实的日期，写成 年-月-日，例如 2020-10-20"
_NUMBER = "应是整数，例如 15"
_TEXT = "应是文字；纯数字、true 之类请加引号"
_LIST = "应是列表：用 [甲, 乙]，或每项一行、以“- ”开头"
_SECTION = "应是一组“名称: 内容”，每项一行，缩进对齐"

# One wording for each type of error the models of definition.py and organs.py can give.
_WORDS: dict[str, Callable[[Context], str]] = {
    "string_type": lambda c: _TEXT,
    "string_unicode": lambda c: _TEXT,
    "string_too_short": lambda c: "不能留空",
    "string_too_long": lambda c: f"太长，最多{c['max_length']}个字",
    "string_pattern_mismatch": lambda c: f"写法不对，应是{_PATTERNS.get(c['pattern'], _ADDRESS)}",
    "int_type": lambda c: _NUMBER,
    "int_parsing": lambda c: _NUMBER,
    "int_parsing_size": lambda c: _NUMBER,
    "int_from_float": lambda c: _NUMBER,
    "greater_than_equal": lambda c: f"不能小于{c['ge']}",
    "greater_than": lambda c: f"应大于{c['gt']}",
    "less_than_equal": lambda c: f"不能大于{c['le']}",
    "less_than": lambda c: f"应小于{c['lt']}",
    "date_type": lambda c: _DATE,
    "date_parsing": lambda c: _DATE,
    "date_from_datetime_parsing": lambda c: _DATE,
    "date_from_datetime_inexact": lambda c: _DATE,
    "tuple_type": lambda c: _LIST,
    "list_type": lambda c: _LIST,
    "too_short": lambda c: f"至少要有{c['min_length']}项",
    "too_long": lambda c: f"最多{c['max_length']}项",
    "model_type": lambda c: _SECTION,
    "model_attributes_type": lambda c: _SECTION,
    "dict_type": lambda c: _SECTION,
    "enum": lambda c: f"只能是 {_choices(c)} 之一",
    "literal_error": lambda c: f"只能是 {_choices(c)} 之一",
    "bool_type": lambda c: "应是 true 或 false",
    "bool_parsing": lambda c: "应是 true 或 false",
    "float_type": lambda c: "应是数字",
    "decimal_type": lambda c: "应是数字",
    "decimal_parsing": lambda c: "应是数字",
    "finite_number": lambda c: "应是数字",
    "float_parsing": lambda c: "应是数字",
    "invalid_key": lambda c: "名称应是文字，数字请加引号",
}


OF_KEY = ("[key]",)  # how pydantic ends the path of a fault that lies in a key of a mapping, not in its value


def describe(model: type[BaseModel], error: Mapping[str, Any]) -> str:
    """Return the Chinese sentence for one error of `ValidationError.errors()`; `model` is the one that was asked."""
    path: Path = tuple(error["loc"])
    kind: str = error["type"]
    name = title(model, path[:-2] if path[-1:] == OF_KEY else path)
    if kind == "extra_forbidden":
        right = suggestion(model, path)
        hint = f"，是否应为 {right}（{title(model, (*path[:-1], right))}）？" if right else "，请删去或改正"
        return f"没有“{path[-1]}”这一项{hint}"
    if kind == "missing":
        return f"缺少 {path[-1]}（{name}），请补上"
    words = _WORDS[kind](error.get("ctx", {})) if kind in _WORDS else "写法不对，请对照示例核对"
    value = error.get("input")
    if value is None:
        return f"“{name}”留空了，{words}"
    if isinstance(value, list) and words in (_TEXT, _NUMBER, _DATE):
        return f"“{name}”写成了列表，应只有一项，请去掉方括号"
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    if words == _LIST and isinstance(value, str | int) and not isinstance(value, bool):
        words = f"应是列表，只有一项也写成 [{shown[:40]}]"
    if isinstance(value, str | int | float) and shown.strip():
        return f"“{name}”写成了“{shown[:40]}{'…' if len(shown) > 40 else ''}”，{words}{_wide(kind, shown)}"
    return f"“{name}”{words}"


def _wide(kind: str, shown: str) -> str:
    """Return a word on full-width signs, where only they may be what is wrong."""
    if kind.startswith(("string_too", "greater", "less", "tuple")):
        return ""
    if shown[0] in "“”‘’＂＇":
        return "；外面的引号是全角的，请去掉"
    return "；其中有全角字符，请改成半角" if re.search("[！-～]", shown) else ""


def suggestion(model: type[BaseModel], path: Path) -> str | None:
    """Return the key probably meant where an unknown one stands: one that looks like it, or whose Chinese title it is."""
    owner = _model(_at(model, path[:-1]).annotation)
    if owner is None:
        return None
    wrong = str(path[-1])
    titles = {field.title: name for name, field in owner.model_fields.items()}
    close = get_close_matches(wrong.lower().replace("-", "_"), list(owner.model_fields), n=1, cutoff=0.6)
    return titles.get(wrong) or (close[0] if close else None)


def title(model: type[BaseModel], path: Path) -> str:
    """Return the Chinese title of the field at a path; an item of a list goes by the list's."""
    return _at(model, path).title or (str(path[-1]) if path else "文件")


def placeholder(model: type[BaseModel], path: Path) -> Any:
    """Return some value that fits the field at a path, so that the rest of a file can be checked; None when nothing fits."""
    place = _at(model, path)
    return _filler(place.annotation, place.metadata)


def keys() -> frozenset[str]:
    """Return every key that a definition or directory can have."""
    records = [one for module in (definition, organs) for one in vars(module).values()]
    return frozenset(key for one in records if isinstance(one, type) and issubclass(one, BaseModel) for key in one.model_fields)


def lists() -> frozenset[str]:
    """Return every key whose value is a list of names, numbers or words: no sentence stands in it."""
    return frozenset({"lead", "joint_leads", "cooperating", "units", "only", "excluding", "addressees", "needs", "members"}) | {
        "duties",
        "parts",
        "to",
        "sum_of",
        "ratio_of",
        "without",
        "more_forms",
    }


def dotted(path: Path) -> str:
    """Return a key path as people write it: `duties[3].lead[0]`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")


class _Place(NamedTuple):
    annotation: Any
    metadata: Sequence[Any] = ()
    title: str | None = None


def _at(model: type[BaseModel], path: Path) -> _Place:
    place = _Place(model)
    for part in path:
        owner = _model(place.annotation)
        if get_origin(place.annotation) is dict:
            place = _Place(get_args(place.annotation)[1])
        elif isinstance(part, int):
            place = _Place(next(iter(get_args(place.annotation)), None), (), place.title)
        elif owner is None or part not in owner.model_fields:
            return _Place(None)
        else:
            field = owner.model_fields[part]
            place = _Place(field.annotation, field.metadata, field.title)
    return place


def _model(annotation: Any) -> type[BaseModel] | None:
    return next(
        (one for one in (annotation, *get_args(annotation)) if isinstance(one, type) and issubclass(one, BaseModel)), None
    )


def _filler(annotation: Any, metadata: Sequence[Any] = ()) -> Any:
    if annotation is None:
        return None
    model = _model(annotation)
    if get_origin(annotation) is tuple:
        return [_filler(get_args(annotation)[0])]
    if get_origin(annotation) is dict:
        return {}
    if model is not None:
        return {key: _filler(one.annotation, one.metadata) for key, one in model.model_fields.items() if one.is_required()}
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        listed: list[Any] = list(annotation)
    else:  # the words of a choice, and those of one that may be left out
        listed = list(_leaves(annotation))
    adapter = TypeAdapter[Any](Annotated[(annotation, None, *metadata)])
    for candidate in (*_FILLERS, *listed):
        try:
            adapter.validate_python(candidate)
        except ValidationError:
            continue
        return candidate
    return None


def _leaves(annotation: Any) -> Iterator[Any]:
    """Return what stands in a type however deep: the words of a choice, also of one that may be left out or spelt otherwise."""
    for one in get_args(annotation):
        yield one
        yield from _leaves(one)


# Tried in this order: a text, a month, a day, a date, an address, an hour, numbers, a year.
_FILLERS = ("x", "2000-01", "01-01", "2000-01-01", "x@example.cn", "12:00", 999, 1, 0, 5, 2000)


def _choices(context: Context) -> str:
    return "、".join(re.findall(r"'([^']*)'", str(context["expected"])))
