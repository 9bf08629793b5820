"""What a round's figures come to against targets, what the scoring makes of the departments, what asks to be looked at again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from campaigns import questions as asking
from campaigns import scores as scoring
from campaigns import targets as aims
from campaigns.items import rolled_of
from campaigns.plan import Plan
from campaigns.questions import Question
from campaigns.records import RoundRecord
from campaigns.rollup import Fact, RollUp
from campaigns.scores import Score
from campaigns.sheets import Sheet
from campaigns.targets import WHOLE, Attainment
from integrations.database.ledger import Ledger
from tasks.office import names, office
from tasks.rolling import rolled_up


@dataclass(frozen=True, slots=True)
class Assessed:
    """Of one round: the attainments, the scores of this round alone (None without scoring), the questions."""

    attainments: tuple[Attainment, ...]
    scores: tuple[Score, ...] | None
    questions: tuple[Question, ...]


def assess(ledger: Ledger, plan: Plan, a_round: RoundRecord, result: RollUp, facts: Sequence[Fact], as_of: datetime) -> Assessed:
    """Return what a round's roll-up is worth; `facts` are the own figures of the whole campaign."""
    attainments = _attained(plan, a_round, result, facts)
    scored, used = None, plan.of(a_round.id).definition.scoring
    if used:
        happened = scoring.happened(
            plan, a_round, ledger.standings(a_round.campaign, a_round.id), ledger.submissions(a_round.id), as_of
        )
        scored = scoring.scores(used, happened, [(a_round.label, one) for one in attainments])
    return Assessed(attainments, scored, questions_of(plan, a_round.id, facts))


def questions_of(plan: Plan, round_id: str, facts: Sequence[Fact]) -> tuple[Question, ...]:
    """Return the questions that a round's figures raise, beside those of the rounds of the same report before it."""
    rounds = _rounds_until(plan, round_id)
    stood = plan.of(round_id)
    items = rolled_of(stood.definition, stood.directory, plan.round(round_id).report)
    labels = {one.id: one.label for one in plan.rounds}
    mine = [fact for fact in facts if fact.round in rounds]
    return asking.questions(rounds, mine, items, stood.definition.doubts, labels, names(plan))


def sheets(plan: Plan, found: Assessed) -> list[Sheet]:
    """Return the sheets that a round's workbook gets for it, under the plan it stands under: those that have something to say."""
    named = names(plan)
    made = [aims.sheet(found.attainments, named)] if found.attainments else []
    if plan.definition.scoring and found.scores is not None:
        made.append(scoring.sheet(found.scores, plan.definition.scoring, named))
    return made + ([asking.sheet(found.questions)] if found.questions else [])


@dataclass(frozen=True, slots=True)
class CampaignAssessed:
    """Of a whole campaign: the attainments of each opened round, and the scores over all of them."""

    plan: Plan
    rounds: tuple[tuple[RoundRecord, tuple[Attainment, ...]], ...]
    scores: tuple[Score, ...] | None


def assess_campaign(code: str, as_of: datetime) -> CampaignAssessed:
    """Return targets and scores of a campaign as it stands; only closed rounds count for points by targets."""
    at = office()
    with at.ledger() as ledger:
        plan = at.plan(ledger.campaign(code))
        opened = [one for one in ledger.rounds(code) if one.opened_at]
        facts = ledger.figures(code, "own", until=as_of)
        found = [(one, _attained(plan, one, rolled_up(ledger, plan, one.id, as_of, facts), facts)) for one in opened]
        scored = None
        if plan.definition.scoring:
            happened = [
                one
                for a_round in opened
                for one in scoring.happened(
                    plan, a_round, ledger.standings(code, a_round.id), ledger.submissions(a_round.id), as_of
                )
            ]
            final = [(a_round.label, one) for a_round, attainments in found if a_round.closed_at for one in attainments]
            scored = scoring.scores(plan.definition.scoring, happened, final)
    return CampaignAssessed(plan, tuple(found), scored)


def _attained(plan: Plan, a_round: RoundRecord, result: RollUp, facts: Sequence[Fact]) -> tuple[Attainment, ...]:
    stands = plan.of(a_round.id)
    definition = stands.definition
    if not definition.targets:
        return ()
    rounds = _rounds_until(plan, a_round.id)
    mine = [fact for fact in facts if fact.round in rounds]
    year = plan.round(a_round.id).covers_until.year
    period, cumulative = ({WHOLE: one.overall, **one.by_department} for one in (result.period, result.cumulative))
    forms = definition.report(a_round.report).forms
    quotas = aims.quotas_of(definition, stands.directory)
    return aims.attained(definition.targets, forms, year, period, cumulative, mine, a_round.id, quotas)


def _rounds_until(plan: Plan, round_id: str) -> list[str]:
    """Return the rounds of a round's report up to itself, in their order."""
    report = plan.round(round_id).report
    ids = [one.id for one in plan.rounds if one.report == report]
    return ids[: ids.index(round_id) + 1]
