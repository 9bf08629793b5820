"""Departments, groups and contacts of a place, and the names they go by."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import cached_property, lru_cache
from itertools import takewhile
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from campaigns.errors import UnknownOrgan

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=40)]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;:\"]+@[^@\s<>,;:\"]+\.[A-Za-z]{2,}$", max_length=120)]


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


class Superior(Record):
    """The organ above another one until a date."""

    id: Code = Field(title="代码")
    until: date = Field(title="截止日期")


class Organ(Record):
    """A department or a government: a stable code, the name notices use, its parent and level, and its people."""

    id: Code = Field(title="代码")
    name: Name = Field(title="名称")
    full_name: Name | None = Field(None, title="全称")
    level: Name = Field("市", title="层级")
    parent: Code | None = Field(None, title="上级代码")
    former_parents: tuple[Superior, ...] = Field((), title="原上级")
    since: date | None = Field(None, title="设立日期")
    until: date | None = Field(None, title="撤销日期")
    aliases: tuple[Alias, ...] = Field((), title="别名")
    liaison: Contact | None = Field(None, title="联络员")
    deputy: Contact | None = Field(None, title="副联络员")
    leader: Contact | None = Field(None, title="分管领导")

    @property
    def reporter(self) -> Contact | None:
        """Return who gets the letters for the liaison: the liaison, or the deputy while there is none."""
        return self.liaison or self.deputy

    def parent_on(self, day: date) -> str | None:
        """Return the code of the organ above it on a day."""
        earlier = sorted((one for one in self.former_parents if day <= one.until), key=lambda one: one.until)
        return earlier[0].id if earlier else self.parent

    def exists(self, day: date) -> bool:
        """Return whether it stands on a day, as far as the directory says."""
        return _within(day, self.since, self.until)


class Group(Record):
    """Several organs under one name, such as all counties or the members of a joint conference."""

    id: Code = Field(title="代码")
    name: Name = Field(title="名称")
    since: date | None = Field(None, title="起用日期")
    until: date | None = Field(None, title="停用日期")
    aliases: tuple[Alias, ...] = Field((), title="别名")
    members: tuple[Code, ...] = Field(title="成员代码", min_length=1)

    def exists(self, day: date) -> bool:
        """Return whether it has these members on a day."""
        return _within(day, self.since, self.until)


class Former(Record):
    """Names of a body that another one took over, without the place before them: `工商局`."""

    names: tuple[Name, ...] = Field(title="原名", min_length=1)
    until: date = Field(title="最迟停用日期")


class Lineage(Record):
    """What one kind of body is called, all names meaning the same, and the bodies it took over."""

    now: tuple[Name, ...] = Field(title="现名", min_length=1)
    was: tuple[Former, ...] = Field((), title="前身")
    basis: Annotated[str, StringConstraints(max_length=200)] | None = Field(None, title="依据")


class Directory(Record):
    """The organs, groups and contacts of one place."""

    id: Code = Field(title="代码")
    title: Name = Field(title="名称")
    organs: tuple[Organ, ...] = Field(title="单位", min_length=1)
    groups: tuple[Group, ...] = Field((), title="成组单位")
    lineages: tuple[Lineage, ...] = Field((), title="机构沿革")

    def organ(self, code: str) -> Organ:
        """Return the organ with that code; KeyError when there is none."""
        return self._by_code[code]

    def at_level(self, level: str) -> tuple[str, ...]:
        """Return the codes of the organs of a level, in the directory's order."""
        return self._by_level.get(level, ())

    def resolve(self, name: str, on: date) -> Organ | Group:
        """Return the one organ or group meant by a name on a date; UnknownOrgan with candidates when it is not one.

        In this order: a name of the directory; another name of the same kind of body, or of one it took over (`lineages`); a
        name that lacks only the 市, 县 or 省 before it. Whatever fits several is asked about, never chosen from.
        """
        return self._find(name, on).holder

    def note(self, name: str, on: date) -> str:
        """Return in Chinese why a name means what it does when the directory does not have it in force; empty otherwise."""
        return self._find(name, on).note

    def spelled(self, names: Sequence[str], on: date) -> tuple[tuple[int, str], ...]:
        """Return single names, each with the position of the text it stood in: `市住建局、文旅局` is 市住建局 and 市文旅局.

        A text that is a name as a whole stays whole (`各区、县级市`), nothing is split within brackets, and a 市, 县 or 省
        written once is carried over to the names after it.
        """
        found: list[tuple[int, str]] = []
        carried = ""
        for position, text in enumerate(names):
            pieces = _pieces(text)
            while pieces:
                # 各县、区人民政府 is one name even where the directory has it not
                taken = 1 + sum(1 for _ in takewhile(_BARE_LEVEL.fullmatch, pieces[:-1]))
                name = "、".join(pieces[:taken])
                for count in range(len(pieces), 0, -1):
                    joined = "、".join(pieces[:count])
                    if self._resolves(joined, on, carried):
                        name, taken = joined, count
                        break
                name = self._carry(name, on, carried)
                carried = _level_of(name) or carried
                found.append((position, name))
                del pieces[:taken]
        return tuple(found)

    def members(self, holder: Organ | Group) -> tuple[Organ, ...]:
        """Return the organs behind a name: the organ itself, or the group's members in the group's order."""
        if isinstance(holder, Organ):
            return (holder,)
        return tuple(self.organ(code) for code in holder.members)

    def above(self, code: str, on: date) -> tuple[Organ, ...]:
        """Return the organs above one on a date, the nearest first: 所, 县区, 市, 省, 总局; a circle ends where it closes."""
        found: dict[str, Organ] = {}
        parent = self.organ(code).parent_on(on)
        while parent in self._by_code and parent not in found and parent != code:
            found[parent] = self.organ(parent)
            parent = found[parent].parent_on(on)
        return tuple(found.values())

    def ambiguous(self, on: date) -> dict[str, tuple[Organ | Group, ...]]:
        """Return the names that more than one organ or group goes by on that date, each with its holders."""
        return {name: holders for name, holders in self._names(on).holders.items() if len(holders) > 1}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, as pydantic does, that works out its names for itself."""
        copied = super().model_copy(update=update, deep=deep)
        for worked_out in ("_by_code", "_by_level", "_known"):
            copied.__dict__.pop(worked_out, None)
        return copied

    @cached_property
    def _by_code(self) -> dict[str, Organ]:
        return {organ.id: organ for organ in reversed(self.organs)}  # the first of two with one code

    @cached_property
    def _by_level(self) -> dict[str, tuple[str, ...]]:
        levels = dict.fromkeys(organ.level for organ in self.organs)
        return {level: tuple(organ.id for organ in self.organs if organ.level == level) for level in levels}

    @cached_property
    def _known(self) -> "dict[date, _Names]":
        return {}

    def _names(self, on: date) -> "_Names":
        if on not in self._known:
            self._known[on] = _names(self, on)
        return self._known[on]

    def _resolves(self, name: str, on: date, carried: str) -> bool:
        try:
            self._find(self._carry(name, on, carried), on)
        except UnknownOrgan:
            return False
        return True

    def _carry(self, name: str, on: date, carried: str) -> str:
        """Return a name with the level written before an earlier one, when it has none and means something with it."""
        if not carried or plain(name) in self._names(on).holders or _level_of(name):
            return name
        try:
            self._find(carried + name, on)
        except UnknownOrgan:
            return name
        return carried + name

    def _find(self, name: str, on: date) -> "_Found":
        known, wanted = self._names(on), plain(name)
        exact = known.holders.get(wanted, ())
        if len(exact) == 1:
            return _Found(exact[0])
        if exact:
            raise UnknownOrgan(name, sorted(f"{one.name}（{one.id}）" for one in exact), f"“{name}”同时是几个单位的名称")
        read = _kindred(known, wanted)
        why = ""
        if len(read.kinds) > 1:
            why = f"“{name}”的职责改革后分属几个单位"
        elif read.ended and read.ended < on:
            why = f"“{name}”最迟到{read.ended:%Y-%m-%d}已经撤并"
        elif len(read.holders) == 1:
            (holder,) = read.holders
            return _Found(holder, f"“{name}”按机构沿革认作“{holder.name}”：{read.basis}" if read.ended else "")
        elif not read.holders:
            fitting = _levelled(known, wanted)
            if len(fitting) == 1:
                return _Found(fitting[0])
            read.holders.extend(fitting)
        if why or read.holders:
            raise UnknownOrgan(
                name, [one.name for one in read.holders] or self._close(name, on), why or f"“{name}”可能指几个单位"
            )
        if _VAGUE.fullmatch(name):
            raise UnknownOrgan(
                name,
                (),
                f"“{name}”没有写明是哪几个单位",
                "请逐个写出单位名称，原文没有写全的请问清；通讯录里也可以登记为组（groups）",
            )
        holders: tuple[Organ | Group, ...] = (*self.organs, *self.groups)
        if other := next((one for one in holders if name == one.name), None):
            span = f"{other.since}起才有" if other.since and on < other.since else f"只到{other.until}"
            raise UnknownOrgan(name, self._close(name, on), f"通讯录里的“{name}”{span}，{on}不能用", "请核对设立、撤销日期")
        raise UnknownOrgan(name, self._close(name, on))

    def _close(self, name: str, on: date) -> list[str]:
        """Return what a name may be a slip of: names like it or longer than it, bodies that have since ended or been renamed."""
        wanted, known = plain(name), self._names(on)
        close = get_close_matches(wanted, list(known.holders), n=3, cutoff=0.6)
        close += [outer] if (outer := wanted.partition("(")[0]) in known.holders else []  # 市公安局（交警支队）
        close += [one for one in known.holders if len(wanted) > 1 and wanted in one and one not in close]
        likely = [holder.name for match in close for holder in known.holders[match]]
        for at, _, place in _readings(known, wanted):
            formers = (None, *range(len(self.lineages[at].was)))
            likely += [one.name for former in formers for one in _placed(known, at, former, place)]
        return list(dict.fromkeys(likely))[:5]


@dataclass(frozen=True, slots=True)
class _Found:
    holder: Organ | Group
    note: str = ""


@dataclass(slots=True)
class _Names:
    """All names of a directory on one date, and what kinds of bodies its organs are."""

    directory: Directory = field(compare=False, repr=False)  # which holds these names: they would compare for ever
    holders: dict[str, tuple[Organ | Group, ...]] = field(default_factory=dict)
    stems: dict[str, list[tuple[int, int | None]]] = field(default_factory=dict)  # name of a kind -> (lineage, former or now)
    placed: dict[tuple[int, int | None, str], dict[str, Organ]] = field(default_factory=dict)  # (lineage, former, place)


def _names(directory: Directory, on: date) -> _Names:
    """Return the names in force on a date, looked at once for all questions about it."""
    known = _Names(directory)
    for at, lineage in enumerate(directory.lineages):
        for former, names in ((None, lineage.now), *((n, one.names) for n, one in enumerate(lineage.was))):
            for name in names:
                known.stems.setdefault(plain(name), []).append((at, former))
    holders: list[Organ | Group] = [*directory.organs, *directory.groups]
    for holder in holders:
        if not holder.exists(on):
            continue
        for name in map(plain, _called(holder, on)):
            same = known.holders.get(name, ())
            if holder not in same:
                known.holders[name] = (*same, holder)
            if isinstance(holder, Organ):
                for at, former, place in _readings(known, name):
                    known.placed.setdefault((at, former, place), {})[holder.id] = holder
    return known


def _called(holder: Organ | Group, on: date) -> Iterator[str]:
    yield holder.name
    if isinstance(holder, Organ) and holder.full_name:
        yield holder.full_name
    yield from (alias.name for alias in holder.aliases if _within(on, alias.since, alias.until))


def _within(day: date, since: date | None, until: date | None) -> bool:
    return (since is None or since <= day) and (until is None or day <= until)


_LEVELS = ("自治区", "自治州", "自治县", "省", "市", "州", "盟", "县", "区", "旗")
_VAGUE = re.compile(r".*等(?:多个|各)?(?:部门|单位|地区)|.*(?:有关|相关|各)(?:部门|单位|地区)")
_BARE_LEVEL = re.compile(r"各?(?:自治州|自治县|县级市|县|市|区|旗)")
_PLACE = re.compile(r"(?:.*(?:省|自治区|自治州|自治县|市|州|盟|县|区|旗|国家|兵团))?")


def _readings(known: _Names, name: str) -> Iterator[tuple[int, int | None, str]]:
    """Yield the kinds of body a name may be of: lineage, which of its former bodies (None: the present one), and the place."""
    for cut in range(len(name)):
        if name[cut:] in known.stems and _PLACE.fullmatch(name[:cut]):
            yield from ((at, former, name[:cut]) for at, former in known.stems[name[cut:]])
            return  # the longest name of a kind: 食品药品监督管理局 is not a 药品监督管理局


@dataclass(slots=True)
class _Kin:
    holders: list[Organ | Group] = field(default_factory=list)
    kinds: set[int] = field(default_factory=set)
    ended: date | None = None
    basis: str = ""


def _kindred(known: _Names, wanted: str) -> _Kin:
    """Return the organs of the same kind and place as a name, first those of the very body, then those that took it over."""
    kin = _Kin()
    readings = list(_readings(known, wanted))
    for at, former, place in readings:
        kin.holders += [one for one in _placed(known, at, former, place) if one not in kin.holders]
    if kin.holders:
        return kin
    for at, former, place in readings:
        if former is None:
            continue
        lineage = known.directory.lineages[at]
        kin.kinds.add(at)
        kin.ended = max(kin.ended or date.min, lineage.was[former].until)
        kin.basis = lineage.basis or lineage.assumed or "通讯录的机构沿革"
        kin.holders += [one for one in _placed(known, at, None, place) if one not in kin.holders]
    return kin


def _placed(known: _Names, at: int, former: int | None, place: str) -> list[Organ]:
    """Return the organs of a kind in a place; a name without one fits those at any level, yet not those of a named place."""
    places = (place,) if place else ("", "国家", *_LEVELS)
    found: dict[str, Organ] = {}
    for one in places:
        found |= known.placed.get((at, former, one), {})
    return list(found.values())


def _levelled(known: _Names, wanted: str) -> list[Organ | Group]:
    """Return who goes by a name with a level before it, or, for a name with one, who goes by it without and is of that level."""
    found = [one for level in _LEVELS for one in known.holders.get(level + wanted, ())]
    level = _level_of(wanted)
    if not found and level:
        same = known.holders.get(wanted.removeprefix(level), ())
        found = [one for one in same if isinstance(one, Organ) and one.level == level]
    return list({one.id: one for one in found}.values())


def _level_of(name: str) -> str:
    """Return the level a name begins with, empty when it has none; 市场监管局 has none."""
    return "" if name.startswith(("市场", "市政", "区域")) else next((one for one in _LEVELS if name.startswith(one)), "")


def _pieces(text: str) -> list[str]:
    """Return the names of a text, split where a separator stands outside of brackets."""
    pieces, depth = [""], 0
    for sign in unicodedata.normalize("NFKC", text):
        depth += (sign in "([{〔【《") - (sign in ")]}〕】》")
        if depth <= 0 and sign in "、,;":
            pieces.append("")
        else:
            pieces[-1] += sign
    return [piece.strip() for piece in pieces if piece.strip()] or [text]


_RANKS = (
    ("所", "乡", "镇", "街道"),
    ("县", "区", "县区", "县级市", "旗"),
    ("市", "州", "地区", "盟"),
    ("省", "自治区", "直辖市"),
    ("总局", "国家"),
)


def rank(level: str) -> int | None:
    """Return how high a level stands, 1 for a 所 to 5 for a 总局; None for one outside the tree, such as 中央驻地."""
    return next((at for at, names in enumerate(_RANKS, start=1) if level in names), None)


@lru_cache(maxsize=65_536)
def plain(name: str) -> str:
    """Return a name as it is compared: full-width forms, brackets and separators folded, white space and unseen signs gone."""
    folded = unicodedata.normalize("NFKC", name).translate(_FOLDED)
    return "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) != "Cf")


_FOLDED = str.maketrans({",": "、", ";": "、", "〔": "(", "〕": ")", "[": "(", "]": ")", "【": "(", "】": ")"})


def with_lineages(directory: Directory, known: Sequence[Lineage]) -> Directory:
    """Return a directory that also knows these lineages; a former name it writes about itself is not taken from them."""
    own = {plain(name) for lineage in directory.lineages for former in lineage.was for name in former.names}
    more: list[Lineage] = []
    for lineage in known:
        kept = ((one, tuple(name for name in one.names if plain(name) not in own)) for one in lineage.was)
        was = tuple(one.model_copy(update={"names": names}) for one, names in kept if names)
        more.append(lineage.model_copy(update={"was": was}))
    return directory.model_copy(update={"lineages": (*directory.lineages, *more)})


def clashes(one: Directory, other: Directory) -> tuple[tuple[Organ, Organ], ...]:
    """Return the organs that two directories give the same code though they go by no common name: two bodies, not one."""
    known = {organ.id: organ for organ in other.organs}
    pairs = ((organ, known[organ.id]) for organ in one.organs if organ.id in known)
    return tuple(pair for pair in pairs if not _all_names(pair[0]) & _all_names(pair[1]))


def _all_names(organ: Organ) -> frozenset[str]:
    return frozenset(map(plain, (organ.name, organ.full_name or organ.name, *(alias.name for alias in organ.aliases))))
