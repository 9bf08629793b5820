"""A tree -> a model, mended until it fits, so that one pass tells every fault of shape and the rest can be checked too."""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from campaigns import messages
from campaigns.findings import Problem, Severity
from integrations.definition_files.text import KeyPath, Source

M = TypeVar("M", bound=BaseModel)
OPEN = "待定"  # what a person still has to say: `issued_on: 待定`


def model(wanted: type[M], source: Source, prefix: KeyPath = ()) -> tuple[M | None, list[Problem], set[KeyPath]]:
    """Return the model of a file, mended where it had faults, with the problems and the key paths of the stand-ins."""
    raw = source.tree.plain if source.tree else None
    problems: list[Problem] = []
    stand_ins: set[KeyPath] = set()
    for place in list(_open(raw, ())):
        problems.append(ask("open", (*prefix, *place), f"“{messages.title(wanted, place)}”待定，请核对原文后填写"))
        stand_ins.add((*prefix, *place))
        _put(raw, place, messages.placeholder(wanted, place))
    for _ in range(20):  # a mended value may show a fault beneath it
        try:
            return wanted.model_validate(raw), problems, stand_ins
        except ValidationError as fault:
            errors = _own(fault)
        mended: set[KeyPath] = set()
        mendable = True
        for told in sorted(errors, key=lambda one: one["type"] != "extra_forbidden" and one["loc"][-1:] != messages.OF_KEY):
            path: KeyPath = tuple(told["loc"])
            if path in mended:
                continue  # the misspelt key beside it has been told
            if path[-1:] == messages.OF_KEY:  # of a mapping whose keys are no names
                path = path[:-1]
                problems.append(error("invalid-key", (*prefix, *path), messages.describe(wanted, told)))
                _rename(raw, path, None)
                mended.add(path)
                continue
            if not any(path[: len(one)] == one for one in (stand[len(prefix) :] for stand in stand_ins)):
                rule = "unknown-key" if told["type"] == "extra_forbidden" else told["type"].replace("_", "-")
                problems.append(error(rule, (*prefix, *path), messages.describe(wanted, told)))
            if told["type"] in ("extra_forbidden", "invalid_key"):
                right = _rename(raw, path, messages.suggestion(wanted, path))
                if right:
                    mended.add(right)
                    source.renamed[right] = path
            else:
                stand_ins.add((*prefix, *path))
                mendable &= bool(path) and _put(raw, path, messages.placeholder(wanted, path))
        if not mendable:
            break  # every fault of this look has been told
    return None, problems, stand_ins


def error(rule: str, path: KeyPath, message: str) -> Problem:
    """Return a problem that forbids launching."""
    return Problem(rule, Severity.ERROR, path, message)


def ask(rule: str, path: KeyPath, message: str) -> Problem:
    """Return what a person has to say before the campaign can be launched."""
    return Problem(rule, Severity.ASKED, path, message)


def _open(raw: Any, path: KeyPath) -> Any:
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from _open(value, (*path, key))
    elif isinstance(raw, list):
        for at, value in enumerate(raw):
            yield from _open(value, (*path, at))
    elif raw == OPEN:
        yield path


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
