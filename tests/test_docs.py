"""The documents keep to the code: links resolve, tables are complete, examples can be read."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from cyclopts import App
from pydantic import BaseModel

from campaigns import definition, organs
from campaigns.clocks import Clock
from campaigns.workdays import OfficeHours
from integrations.definition_files import load_plan
from liandong.cli import app
from tests.builders import WORKDAYS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LANGUAGE = ROOT / "docs" / "definition-language.md"
HOSTS = {"127.0.0.1", "docs.prefect.io"}
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
MACHINE_PATH = re.compile(r"(?<![\w./:-])/(?:bin|etc|home|mnt|opt|root|srv|tmp|usr|var|work)/|\b[A-Z]:\\")
SECTIONS: dict[str, type[BaseModel]] = {
    "The file": definition.DefinitionFile,
    "template": definition.Parameter,
    "campaign": definition.Campaign,
    "source": definition.Source,
    "basis and forwards": definition.Document,
    "phases": definition.Phase,
    "duties": definition.Duty,
    "reports": definition.Report,
    "clock": Clock,
    "hops": definition.Hop,
    "upward": definition.Upward,
    "forms": definition.Form,
    "indicators": definition.Indicator,
    "rows": definition.Row,
    "rules": definition.Rule,
    "ladder": definition.Rung,
    "targets": definition.Target,
    "scoring": definition.Scoring,
    "scoring rules": definition.ScoreRule,
    "doubts": definition.Doubts,
    "ratios": definition.Ratio,
    "The directory": organs.Directory,
    "organs": organs.Organ,
    "aliases": organs.Alias,
    "liaison and leader": organs.Contact,
    "groups": organs.Group,
    "former_parents": organs.Superior,
    "lineages": organs.Lineage,
    "was": organs.Former,
}
EVERYWHERE = set(organs.Record.model_fields)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def commands(of: App, before: str = "liandong") -> Iterator[str]:
    for word in of:
        if not word.startswith("-"):
            inner = of[word]
            deeper = list(commands(inner, f"{before} {word}"))
            yield from deeper or [f"{before} {word}"]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        if link.startswith("http"):
            assert urlsplit(link).hostname in HOSTS, link
        else:
            target = (page.parent / unquote(link).partition("#")[0]).resolve()
            assert target.is_relative_to(ROOT), link
            assert target.exists(), link


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_no_page_knows_a_machine_or_another_site(page: Path) -> None:
    text = page.read_text("utf-8")
    assert not MACHINE_PATH.findall(text)
    assert {urlsplit(url).hostname for url in re.findall(r"https?://[^\s)>`\"]+", text)} <= HOSTS


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_lists_every_command_and_no_other(page: str) -> None:
    told = re.findall(r"^\| `(liandong [a-z -]+)` \|", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(commands(app))


def test_every_field_of_a_definition_is_told_with_its_chinese_title() -> None:
    told = {}
    for section in re.split(r"^##+ ", LANGUAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        if fields := dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", body, re.MULTILINE)):
            told[heading] = fields
    for heading, model in SECTIONS.items():
        fields = {key: field.title for key, field in model.model_fields.items() if key not in EVERYWHERE}
        assert told[heading] == fields, heading
    assert told.keys() == SECTIONS.keys()


def test_the_models_are_all_told() -> None:
    models = {
        one
        for module in (definition, organs)
        for one in vars(module).values()
        if isinstance(one, type) and issubclass(one, organs.Record) and one not in (organs.Record, definition.Definition)
    }
    assert models == set(SECTIONS.values())


def test_the_examples_are_a_whole_definition_without_a_fault(tmp_path: Path) -> None:
    page, _, directory = LANGUAGE.read_text("utf-8").partition("\n## The directory\n")
    for file, text in ((tmp_path / "shili-2025.yaml", page), (tmp_path / "shili.yaml", directory)):
        file.write_text("\n".join(re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)), "utf-8")
    plan = load_plan(tmp_path / "shili-2025.yaml", WORKDAYS, OfficeHours(), [])
    assert plan.usable
    assert [round_.id for round_ in plan.rounds] == ["shili-2025/summary-2025-1", "shili-2025/summary-2025-2"]
    assert len(plan.assignments) == 4


def test_the_first_definition_and_every_recipe_can_be_launched(tmp_path: Path) -> None:
    text = LANGUAGE.read_text("utf-8")
    page, _, directory = text.partition("\n## The directory\n")
    for name, part in (("shili-2025", page), ("shili", directory)):
        whole = "\n".join(re.findall(r"^```yaml\n(.*?)^```$", part, re.MULTILINE | re.DOTALL))
        (tmp_path / f"{name}.yaml").write_text(whole, "utf-8")
    recipes = re.findall(r"^```yml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(recipes) >= 7
    for recipe in recipes:
        (tmp_path / "recipe.yaml").write_text(recipe, "utf-8")
        plan = load_plan(tmp_path / "recipe.yaml", WORKDAYS, OfficeHours(), [], [])
        assert [one.message for one in plan.problems if one.severity in ("error", "asked")] == [], recipe


def test_pictures_are_small() -> None:
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.stat().st_size < 300_000, picture.name
