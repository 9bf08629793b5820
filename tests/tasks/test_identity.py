"""Who may hand in for a department: its contacts in the directory its campaign was launched with, nobody else."""

from campaigns.decisions import Kind, Selection
from campaigns.organs import Contact
from campaigns.plan import expand
from campaigns.workdays import OfficeHours
from flows import tick
from tasks.campaign import launch
from tasks.decide import Order, decide
from tasks.office import Office
from tests.builders import WORKDAYS, small_definition, small_directory, small_plan
from tests.flows.test_tick import LAUNCHED, at, newest_form
from tests.integrations.excel.filling import OWN, edited, fill_in
from tests.integrations.mailboxes import mail_from

NOW = at(11, 20)


def test_two_campaigns_with_other_contacts_for_one_department(office: Office) -> None:
    directory = small_directory()
    new = Contact(name="张甲", email="zhangjia@example.gov.cn")
    organs = tuple(one.model_copy(update={"liaison": new}) if one.id == "gaj" else one for one in directory.organs)
    other = small_definition().campaign.model_copy(update={"id": "other-2020", "title": "另一专项行动"})
    later = small_definition().model_copy(update={"campaign": other})
    launch(small_plan(), LAUNCHED)
    launch(expand(later, directory.model_copy(update={"organs": organs}), WORKDAYS, OfficeHours()), LAUNCHED)
    tick.daily(at(10, 26))
    forms = {}
    with office.ledger() as ledger:
        for campaign in ("test-2020", "other-2020"):
            blank = office.bytes_of(ledger.forms(f"{campaign}/summary-2020-2", "gaj")[-1].sha256)
            forms[campaign] = edited(blank, lambda book: fill_in(book, "配合任务", 3))
    senders = {"old": "gaj@example.gov.cn", "new": "zhangjia@example.gov.cn"}
    for who, address in senders.items():
        for campaign, form in forms.items():
            mail = mail_from(address, ("报表.xlsx", form), subject=f"{who} {campaign}")
            (office.settings.watched_folder / f"{who} {campaign}.eml").write_bytes(mail)
    tick.collect(NOW)
    with office.ledger() as ledger:
        outcomes = {one.name.removesuffix(".eml"): one.outcome for one in ledger.envelopes()}
        answered = {one.key.removeprefix("receipt:"): one.to_email for one in ledger.messages() if one.kind == "receipt"}
        to = {one.name.removesuffix(".eml"): answered[one.id] for one in ledger.envelopes()}
    assert outcomes == {
        "old test-2020": "accepted",
        "old other-2020": "quarantined",
        "new test-2020": "quarantined",
        "new other-2020": "accepted",
    }
    # whoever wrote, it is that campaign's own contact who is told
    assert to == {
        "old test-2020": "gaj@example.gov.cn",
        "old other-2020": "zhangjia@example.gov.cn",
        "new test-2020": "gaj@example.gov.cn",
        "new other-2020": "zhangjia@example.gov.cn",
    }


def test_who_was_put_in_by_decision_speaks_and_who_was_replaced_does_not(office: Office) -> None:
    launch(small_plan(), LAUNCHED)
    tick.daily(at(10, 26))
    person = {"capacity": "liaison", "name": "李乙", "email": "liyi@example.gov.cn", "phone": ""}
    order = Order(Kind.SUBSTITUTE, Selection(("市公安局",)), "张甲", "联席办主任", "来函〔2020〕1号", granted=person)
    decide(order, at(11, 2), confirm=True)
    blank = newest_form(office, "gaj")
    for number, sender in enumerate(("gaj@example.gov.cn", "liyi@example.gov.cn")):
        form = edited(blank, lambda book, n=number: fill_in(book, "配合任务", 3, {**OWN, "立案（件）": 5 + n}))
        (office.settings.watched_folder / f"{number}.eml").write_bytes(mail_from(sender, ("报表.xlsx", form)))
    tick.collect(NOW)
    with office.ledger() as ledger:
        assert [one.outcome for one in ledger.envelopes()] == ["quarantined", "accepted"]
        assert {one.to_email for one in ledger.messages() if one.kind == "receipt"} == {"liyi@example.gov.cn"}
