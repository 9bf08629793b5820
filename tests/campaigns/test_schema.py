"""The schema editors prompt by: it takes what the program takes, and speaks Chinese."""

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from campaigns import definition
from campaigns.schema import DESCRIPTIONS, schema
from tests.integrations.test_definition_files import GOOD
from tests.integrations.test_definition_reuse import FILLED, NEXT_YEAR, TEMPLATE

SHIPPED = sorted((Path(definition.__file__).parent / "definitions").glob("*.yaml"))
CHECK = jsonschema.Draft202012Validator(schema())


def read(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda self, node: str(self.construct_scalar(node)))
    return yaml.load(text)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_every_shipped_definition_fits(file: Path) -> None:
    assert [one.message for one in CHECK.iter_errors(read(file.read_text("utf-8")))] == []


@pytest.mark.parametrize(
    "clock",
    [
        "{monthly: [15, end], months: [4, 5, 6]}",
        "{quarterly: 25, covers: this}",
        '{half_yearly: "10"}',
        "{range: [2021-10-16, 31]}",
        "{daily: every_day, holiday: 国庆节}",
    ],
)
def test_a_day_of_the_month_fits_as_it_is_written(clock: str) -> None:
    text = GOOD.replace("{yearly: [06-18, 12-03]}", clock)
    assert text != GOOD
    assert [one.message for one in CHECK.iter_errors(read(text))] == []
    assert not CHECK.is_valid(read(GOOD.replace("{yearly: [06-18, 12-03]}", "{monthly: [32]}")))


@pytest.mark.parametrize("text", [GOOD, NEXT_YEAR, TEMPLATE, FILLED])
def test_versions_and_templates_fit(text: str) -> None:
    assert [one.message for one in CHECK.iter_errors(read(text))] == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: 小小专项行动", "titel: 小小专项行动"),
        ("number: 1", "number: 一"),
        ("id: small-2021", "id: 小小"),
        ("directory: small\n", ""),
        ("role: lead", "role: leader"),
    ],
)
def test_what_the_program_refuses_the_schema_refuses(old: str, new: str) -> None:
    assert not CHECK.is_valid(read(GOOD.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("said", "open_"),
    [
        ("clock: {yearly: [06-18, 12-03]}", "clock: {quarterly: 待定}"),
        ("clock: {yearly: [06-18, 12-03]}", "clock: 待定"),
        ("starts: 2021-01-05", "starts: 待定"),
        ("number: 1", "number: 待定"),
    ],
)
def test_what_is_still_open_fits_anywhere(said: str, open_: str) -> None:
    assert said in GOOD
    assert [one.message for one in CHECK.iter_errors(read(GOOD.replace(said, open_, 1)))] == []


def test_every_field_has_a_chinese_title_and_description() -> None:
    whole = schema()
    kinds = {"": whole, **{name: kind for name, kind in whole["$defs"].items() if not name.endswith("_part")}}
    for name, kind in kinds.items():
        for key, one in kind.get("properties", {}).items():
            assert re.search("[一-鿿]", one["title"]) and re.search("[一-鿿]", one["description"]), (name, key)


def test_every_description_is_of_a_field() -> None:
    for place in DESCRIPTIONS:
        model, field = place.split(".")
        assert field in getattr(definition, model).model_fields, place
