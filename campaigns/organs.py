"""Departments, groups and contacts of a place, and the names they go by."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaigns.errors import UnknownOrgan

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[a-z]{2,}$", max_length=120)]


class Record(BaseModel):
    """A frozen record of a file: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    assumed: str | None = Field(None, title="拟定", description="来源文件没有规定、由编制人拟定的理由")


class Contact(Record):
    """A person who gets letters."""

    name: Name = Field(title="姓名")
    email: Address = Field(title="邮箱")
    phone: str = Field("", title="电话", max_length=40)


class Alias(Record):
    """Another name of an organ, with the dates between which it is valid."""

    name: Name = Field(title="别名")
    since: date | None = Field(None, title="起用日期")
    until: date | None = Field(None, title="停用日期")


class Organ(Record):
    """A department or a government: a stable code, the name notices use, its parent and level, and its people."""

    id: Code = Field(title="代码")
    name: Name = Field(title="名称")
    full_name: Name | None = Field(None, title="全称")
    level: Name = Field("市", title="层级")
    parent: Code | None = Field(None, title="上级代码")
    since: date | None = Field(None, title="设立日期")
    until: date | None = Field(None, title="撤销日期")
    aliases: tuple[Alias, ...] = Field((), title="别名")
    liaison: Contact | None = Field(None, title="联络员")
    leader: Contact | None = Field(None, title="分管领导")


class Group(Record):
    """Several organs under one name, such as all counties or the members of a joint conference."""

    id: Code = Field(title="代码")
    name: Name = Field(title="名称")
    members: tuple[Code, ...] = Field(title="成员代码", min_length=1)


class Directory(Record):
    """The organs, groups and contacts of one place."""

    id: Code = Field(title="代码")
    title: Name = Field(title="名称")
    organs: tuple[Organ, ...] = Field(title="单位", min_length=1)
    groups: tuple[Group, ...] = Field((), title="成组单位")

    def organ(self, code: str) -> Organ:
        """Return the organ with that code; KeyError when there is none."""
        for organ in self.organs:
            if organ.id == code:
                return organ
        raise KeyError(code)

    def resolve(self, name: str, on: date) -> Organ | Group:
        """Return the one organ or group that goes by that name on that date; UnknownOrgan with candidates otherwise."""
        wanted = plain(name)
        found = {known.holder.id: known.holder for known in self._names(on) if plain(known.name) == wanted}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            raise UnknownOrgan(name, sorted(holder.name for holder in found.values()))
        names = {plain(known.name): known.holder.name for known in self._names(on)}
        close = [names[match] for match in get_close_matches(wanted, names, n=3, cutoff=0.6)]
        raise UnknownOrgan(name, list(dict.fromkeys(close)))

    def members(self, holder: Organ | Group) -> tuple[Organ, ...]:
        """Return the organs behind a name: the organ itself, or the group's members in the group's order."""
        if isinstance(holder, Organ):
            return (holder,)
        return tuple(self.organ(code) for code in holder.members)

    def ambiguous(self, on: date) -> dict[str, tuple[Organ | Group, ...]]:
        """Return the names that more than one organ or group goes by on that date, each with its holders."""
        holders: dict[str, list[Organ | Group]] = {}
        for known in self._names(on):
            same = holders.setdefault(plain(known.name), [])
            if known.holder not in same:
                same.append(known.holder)
        return {name: tuple(same) for name, same in holders.items() if len(same) > 1}

    def _names(self, on: date) -> "Iterable[_Known]":
        for organ in self.organs:
            yield _Known(organ.name, organ)
            if organ.full_name:
                yield _Known(organ.full_name, organ)
            for alias in organ.aliases:
                if (alias.since is None or alias.since <= on) and (alias.until is None or on <= alias.until):
                    yield _Known(alias.name, organ)
        for group in self.groups:
            yield _Known(group.name, group)


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    holder: Organ | Group


def plain(name: str) -> str:
    """Return a name as it is compared: full-width forms folded, white space gone."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def clashes(one: Directory, other: Directory) -> tuple[tuple[Organ, Organ], ...]:
    """Return the organs that two directories give the same code though they go by no common name: two bodies, not one."""
    known = {organ.id: organ for organ in other.organs}
    pairs = ((organ, known[organ.id]) for organ in one.organs if organ.id in known)
    return tuple(pair for pair in pairs if not _all_names(pair[0]) & _all_names(pair[1]))


def _all_names(organ: Organ) -> frozenset[str]:
    return frozenset({organ.name, organ.full_name or organ.name, *(alias.name for alias in organ.aliases)})
