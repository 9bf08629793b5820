"""Finding and reading definitions: the office's own first, then those that come with the program."""

from pathlib import Path

from campaigns.errors import NotConfigured
from campaigns.plan import Plan
from campaigns.workdays import OfficeHours, Workdays
from integrations import calendar, settings
from integrations.definition_files import DEFINITIONS, DIRECTORIES, find_definition, load_plan

YEARS = (2001, 2040)  # whatever a definition may say; make-up days are known from 2001 on, later years are told as provisional


def load(name: str) -> Plan:
    """Return the plan of a definition given by path or id, its problems located.

    DefinitionError with every problem when no plan can be made of it, UnreadableFile when there is nothing to read.
    """
    home = settings.home()
    try:
        hours = settings.load().hours
    except NotConfigured:  # a definition can be checked before there is an office
        hours = OfficeHours()
    return load_plan(find_definition(name, folders()), workdays(), hours, [home / "directories", DIRECTORIES], folders())


def workdays() -> Workdays:
    """Return the working days of all years a definition may touch."""
    return calendar.workdays(*YEARS, settings.home() / "calendar")


def folders() -> list[Path]:
    """Return the folders in which definitions are looked for, the office's own first."""
    return [settings.home() / "definitions", DEFINITIONS]


def known() -> list[Path]:
    """Return the definition files that can be launched by id, the office's own first."""
    return [file for folder in folders() if folder.is_dir() for file in sorted(folder.glob("*.yaml"))]
