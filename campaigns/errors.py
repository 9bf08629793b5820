"""What can go wrong, as one tree.

LiandongError                 every failure this project raises on purpose; str() is one Chinese sentence an officer can act on
├── DefinitionError           a definition or directory cannot be used; carries every problem at once
├── UnreadableFile            a definition or directory cannot be read at all: missing, no text, no YAML mapping
├── UnknownOrgan              a name is no department or group of the directory; carries the likely candidates
├── UnknownItem               a campaign, round or report that the ledger does not hold
├── NotConfigured             a setting is missing or wrong
│   └── NoLedger              nothing was launched yet: there is no ledger to look into
├── Conflict                  what is asked contradicts what the ledger already holds
├── Refused                   a decision that cannot be made; carries every reason at once
└── WorldError                the world failed: a server, a disk, a mailbox; worth trying again
"""

from collections.abc import Sequence

from campaigns.findings import Problem


class LiandongError(Exception):
    """A failure with one Chinese sentence for the person who meets it."""


class DefinitionError(LiandongError):
    """Every problem found in a definition or directory."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("；".join(p.message for p in self.problems))


class UnreadableFile(LiandongError):
    """A definition or directory that cannot be read at all."""


class UnknownOrgan(LiandongError):
    """A name that stands for no one department of the directory on that date; `why` and `do` say it in words of their own."""

    def __init__(self, name: str, candidates: Sequence[str] = (), why: str = "", do: str = "请在通讯录中登记后再用") -> None:
        self.name, self.candidates = name, tuple(candidates)
        hint = f"，您是否指：{'、'.join(self.candidates)}？" if self.candidates else f"，{do}"
        super().__init__((why or f"通讯录里没有“{name}”") + hint)


class UnknownItem(LiandongError):
    """Something asked for by name that the ledger does not hold."""


class NotConfigured(LiandongError):
    """A setting is missing or wrong."""


class NoLedger(NotConfigured):
    """Nothing was launched yet: there is no ledger to look into."""


class Conflict(LiandongError):
    """What is asked contradicts what the ledger already holds."""


class Refused(LiandongError):
    """A decision or request that cannot be made, with every reason."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(dict.fromkeys(reasons))
        super().__init__("；".join(self.reasons))


class WorldError(LiandongError):
    """A server, a disk or a mailbox failed; trying again may help."""
