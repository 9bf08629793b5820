"""What the upload page shows: a department's own things in one round, as values ready to read."""

from dataclasses import dataclass

from campaigns.letters import Item, Line, Material, Outcome, Trouble


@dataclass(frozen=True, slots=True)
class ReceiptView:
    """What became of one file that was handed in; `outcome` is None while it has not been checked."""

    number: str
    file_name: str
    received_at: str
    outcome: Outcome | None
    explanation: str = ""
    lines: tuple[Line, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    has_copy: bool = False

    @property
    def blocking(self) -> tuple[Trouble, ...]:
        """Return what must be mended."""
        return tuple(one for one in self.troubles if one.blocking)

    @property
    def hints(self) -> tuple[Trouble, ...]:
        """Return what is told and not in the way."""
        return tuple(one for one in self.troubles if not one.blocking)


@dataclass(frozen=True, slots=True)
class UploadView:
    """A department's page for one round: what it owes, what it has handed in here; `shown` is what was handed in just now.

    `materials` says which parts of the whole submission are there, `differences` where prose and table say other figures,
    `requests` what the department asked for.
    """

    office: str
    mailbox: str
    campaign_title: str
    round_label: str
    unit: str
    until: str
    items: tuple[Item, ...]
    has_form: bool
    earlier: tuple[ReceiptView, ...] = ()
    shown: tuple[ReceiptView, ...] = ()
    materials: tuple[Material, ...] = ()
    differences: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
