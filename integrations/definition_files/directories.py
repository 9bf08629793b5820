"""Directories as files of their own: read as they stand, and what ships about the names of departments."""

from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

import campaigns
from campaigns.errors import DefinitionError
from campaigns.organs import Directory, Lineage, Record
from integrations.definition_files.shape import model
from integrations.definition_files.text import read

LINEAGES = Path(campaigns.__file__).parent / "lineages"


class _Lineages(Record):
    lineages: tuple[Lineage, ...]


def directory_in(path: Path) -> Directory:
    """Return the directory of a file as it is written, without the lineages that ship; DefinitionError with every problem."""
    source = read(path)
    found, problems, _ = model(Directory, source)
    problems = [*source.problems, *(source.place(one, one.path) for one in problems)]
    if problems or found is None:
        raise DefinitionError(problems)
    return found


@cache
def shipped_lineages() -> tuple[Lineage, ...]:
    """Return what is known of the names of departments and their changes, file by file."""
    found: list[Lineage] = []
    for path in sorted(LINEAGES.glob("*.yaml")):
        known, problems, _ = model(_Lineages, read(path))
        if problems or known is None:
            raise DefinitionError(problems)
        found += known.lineages
    return tuple(found)


def as_yaml(directory: Directory) -> str:
    """Return the text of a directory's file, without what goes without saying."""
    yaml = YAML()
    yaml.default_flow_style = None  # what holds only single values stands in one line
    yaml.width = 130
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    yaml.dump(_listed(directory.model_dump(exclude_defaults=True)), out)
    return out.getvalue()


def _listed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _listed(one) for key, one in value.items()}
    return [_listed(one) for one in value] if isinstance(value, tuple | list) else value
