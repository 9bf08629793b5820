"""The working days of China: the library's data, and per-year files for a notice that is newer than the library.

A file `<year>.yaml` says what that year's State Council notice says:

    rest: {2027-02-05: 春节, 2027-02-08: 春节}
    work: [2027-02-14]
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import holidays
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from campaigns.errors import NotConfigured
from campaigns.workdays import Workdays

# How names of days begin, in the library's data and in notices -> the name the campaign language uses.
_FESTIVALS = {
    "元旦": "元旦",
    "除夕": "春节",
    "春节": "春节",
    "清明": "清明",
    "劳动": "五一",
    "五一": "五一",
    "端午": "端午",
    "中秋": "中秋",
    "国庆": "国庆",
}


class Override(BaseModel):
    """What the notice of one year says: rest days by name, and make-up days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rest: Annotated[dict[date, str], Field(min_length=1)]
    work: tuple[date, ...] = ()


def workdays(first_year: int, last_year: int, overrides: Path | None = None) -> Workdays:
    """Return the working days of the years from the first to the last, the files of `overrides` laid over the library's data.

    A year is published when its make-up days are known or it has a file: the library guesses other years without saying so.
    """
    years = range(first_year, last_year + 1)
    known = holidays.country_holidays("CN", years=range(first_year - 1, last_year + 2), language="zh_CN")
    rest, makeup = set(known), set(known.weekend_workdays)
    festivals = {(name, day) for day, told in known.items() for name in _festivals(told)}
    published = {day.year for day in makeup}
    for year in years:
        file = overrides / f"{year}.yaml" if overrides else None
        if file is not None and file.is_file():
            override = _read(file)
            rest = {day for day in rest if day.year != year} | set(override.rest)
            makeup = {day for day in makeup if day.year != year} | set(override.work)
            festivals = {(name, day) for name, day in festivals if day.year != year}
            festivals |= {(name, day) for day, told in override.rest.items() for name in _festivals(told)}
            published.add(year)
    return Workdays(frozenset(rest - makeup), frozenset(makeup - rest), frozenset(published & set(years)), frozenset(festivals))


def _festivals(told: str) -> tuple[str, ...]:
    """Return the festivals a day's name speaks of: 国庆节、中秋节 is two, a day moved here (调休) none."""
    return () if "由" in told else tuple(name for word, name in _FESTIVALS.items() if word in told)


def _read(file: Path) -> Override:
    year = int(file.stem)
    try:
        override = Override.model_validate(YAML(typ="safe", pure=True).load(file))
    except (YAMLError, ValueError) as fault:
        where = "、".join(".".join(map(str, one["loc"])) for one in fault.errors()) if isinstance(fault, ValidationError) else ""
        raise NotConfigured(
            f"放假安排文件 {file} 读不懂{f'（{where}）' if where else ''}，应写成 rest: {{日期: 名称}} 和 work: [日期]"
        ) from None
    strange = [day for day in (*override.rest, *override.work) if abs(day.year - year) > 1]
    both = set(override.rest) & set(override.work)
    if strange or both:
        days = "、".join(str(day) for day in sorted({*strange, *both}))
        raise NotConfigured(f"放假安排文件 {file} 中的日期 {days} 不是{year}年的，或同时写成了休息和上班，请核对")
    return override
