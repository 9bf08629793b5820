"""What a letter looks like once it is a mail."""

import email
import subprocess
import sys
from dataclasses import replace
from email.message import EmailMessage
from email.policy import default

import pytest

from campaigns.letters import Attachment, Digest, Item, Kind, MissingUnit
from integrations.mail.rendering import render, subject
from tests.integrations.mail import samples


def mail(name: str, *attachments: Attachment, **changes: object) -> tuple[bytes, EmailMessage]:
    letter = replace(samples.letter(name), **changes)  # type: ignore[arg-type]
    raw = render(letter, attachments, sender=samples.SENDER, message_id="<k1@example.gov.cn>", date=samples.SENT)
    parsed = email.message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    return raw, parsed


def body(message: EmailMessage, form: str) -> str:
    part = message.get_body((form,))
    assert part is not None
    return str(part.get_content())


@pytest.mark.parametrize("name", samples.BODIES)
def test_every_letter_is_chinese_in_text_and_html_and_safe_for_any_relay(name: str) -> None:
    raw, message = mail(name, samples.FORM)
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998
    assert message["Subject"] == subject(samples.letter(name))
    assert message["Subject"].startswith("【")
    for form in ("plain", "html"):
        words = body(message, form)
        assert "市消费者联席办" in words and "2020年10月21日（周三）" in words
        assert not set("{}").intersection(words) and "None" not in words


def test_every_kind_of_letter_has_a_sample() -> None:
    assert {one.kind for one in samples.BODIES.values()} == set(Kind)


def test_an_assignment_says_what_by_when_to_whom_and_how() -> None:
    _, message = mail("assignment", samples.FORM)
    assert message["Subject"] == "【联合执法】放心消费 2020年下半年 任务分工及报表（11月26日17:30前报送）"
    for form in ("plain", "html"):
        words = body(message, form)
        for wanted in (
            "甲某某同志",
            "全面提高标准化水平",
            "市投资促进和商务局",
            "2020年12月3日（周四）17:30",
            "加盖公章扫描件",
            "空白不等于零",
        ):
            assert wanted in words
        assert words.index("牵头任务（2项）") < words.index("配合任务（1项）")


def test_headers_say_who_it_is_about_and_that_no_one_need_answer_a_machine() -> None:
    _, message = mail("reminder")
    assert message["From"] == "市消费者联席办 <office@example.gov.cn>"
    assert message["To"].addresses[0].addr_spec == "scjg@example.gov.cn"
    assert message["Reply-To"].addresses[0].addr_spec == "office@example.gov.cn"
    assert message["Message-ID"] == "<k1@example.gov.cn>"
    assert message["Date"] == "Wed, 21 Oct 2020 08:30:00 +0800"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Liandong-Kind"] == "reminder"
    assert message["X-Liandong-Campaign"] == "hezhou-2020"
    assert message["X-Liandong-Round"] == "hezhou-2020/summary-2020-2"
    assert message["X-Liandong-Department"] == "scjg"


@pytest.mark.parametrize("name", ["市市场监管局 报表（第1版）.xlsx", "富" * 80 + ".xlsx", "plain.xlsx", '引号"和;分号.xlsx'])
def test_attachments_keep_their_chinese_names_and_their_bytes(name: str) -> None:
    data = bytes(range(256)) * 50
    _, message = mail("assignment", Attachment(name, samples.XLSX, data))
    (part,) = message.iter_attachments()
    assert part.get_filename() == name
    assert part.get_content_type() == samples.XLSX
    assert part.get_payload(decode=True) == data


def test_the_same_letter_is_the_same_bytes_in_any_process() -> None:
    here, _ = mail("bundle", samples.FORM)
    program = (
        "import sys; from integrations.mail.rendering import render; from tests.integrations.mail import samples as s;"
        "raw = render(s.letter('bundle'), [s.FORM], sender=s.SENDER, message_id='<k1@example.gov.cn>', date=s.SENT);"
        "sys.stdout.buffer.write(raw)"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    assert there == here


def test_line_breaks_in_names_cannot_add_headers_and_markup_in_names_stays_text() -> None:
    to = replace(samples.LIAISON, name="甲\r\nBcc: all@example.gov.cn", unit="<script>局\n")
    occasion = replace(samples.OCCASION, office="联席办\r\nX-Evil: 1", doc_no="〔2020〕1号\nX-Evil: 2")
    items = (Item(1, "<img src=x onerror=1>", "牵头", "联席办", "2020年12月3日"),)
    _, message = mail(
        "reminder", to=to, occasion=occasion, body=Digest((replace(samples.OWN, items=items, due="2020年12月3日\nX-Evil: 3"),))
    )
    assert message["Bcc"] is None and message["X-Evil"] is None
    assert "<script>" not in body(message, "html") and "<img" not in body(message, "html")
    assert "<img src=x onerror=1>" in body(message, "plain")


def test_an_assignment_names_whom_the_notice_names_for_questions() -> None:
    _, message = mail("assignment", occasion=replace(samples.OCCASION, contact="信用监管科，0000-0000000"))
    assert "工作上的问题请联系信用监管科，0000-0000000。" in body(message, "plain")
    assert "工作上的问题" not in body(mail("assignment")[1], "plain")


def test_long_subjects_come_back_letter_by_letter() -> None:
    occasion = replace(
        samples.OCCASION, doc_no="贺消联办〔2020〕1号 关于 A类 放心消费 abc 与 “诚信” 的 1+N 行动", round_label="2020年 第 3 期"
    )
    _, message = mail("assignment", occasion=occasion)
    assert message["Subject"] == subject(replace(samples.letter("assignment"), occasion=occasion))


def test_a_subject_keeps_its_spaces_wherever_its_lines_break() -> None:
    for length in range(1, 40):
        occasion = replace(samples.OCCASION, doc_no="甲" * length, round_label="2020年下半年")
        _, message = mail("assignment", occasion=occasion)
        assert message["Subject"] == subject(replace(samples.letter("assignment"), occasion=occasion))
        assert (
            message["To"].addresses[0].display_name
            == f"{samples.letter('assignment').to.unit} {samples.letter('assignment').to.name}"
        )


def test_a_subject_says_of_what_comes_first_how_many_have_not_reported_and_by_when() -> None:
    own = replace(samples.OWN, due="2020年12月3日（周四）17:30")
    theirs = replace(samples.OFFICE_LIST, overdue=False, due="2020年11月26日（周四）17:30", capacity="lead")
    twice = (samples.OFFICE_LIST, replace(samples.OFFICE_LIST, round_label="2021年上半年"))  # the same two units
    said = [subject(replace(samples.letter("reminder"), body=Digest(one))) for one in ((theirs, own), (own,), twice)]
    assert [one.rpartition(" ")[2] for one in said] == [
        "2个单位未报（11月26日17:30前报送）", "3项未报（12月3日17:30前报送）", "2个单位逾期未报",
    ]  # fmt: skip


def test_a_leader_is_asked_to_urge_and_the_office_gets_a_calling_list() -> None:
    _, to_leader = mail("overdue-leader", to=samples.LEADER)
    assert "请您督促" in body(to_leader, "plain") and "乙某某同志" in body(to_leader, "plain")
    _, to_office = mail("overdue-office", to=samples.OFFICE)
    assert "0000-0000002" in body(to_office, "plain") and "富川瑶族自治县人民政府" in body(to_office, "html")


def test_a_return_lists_every_finding_with_its_cell_and_what_stands_there() -> None:
    _, message = mail("returned", samples.FORM)
    assert message["Subject"].startswith("【退回修改】")
    for form in ("plain", "html"):
        words = body(message, form)
        for wanted in ("C15", "现为“130”，应为“125”", "D12", "现为“约三十”", "20201125-0008", "退回修改"):
            assert wanted in words
    assert "报表&lt;最终版&gt;.xlsx" in body(message, "html")


def test_a_list_of_those_who_have_not_reported_says_once_what_stands_alike() -> None:
    late = [Item(duty, "打造商圈", "配合", "市商务局", "11月26日", "逾期未报", "已逾期1个工作日") for duty in (1, 2, 5)]
    back = Item(3, "打造商圈", "配合", "市商务局", "11月26日", "逾期退回", "已逾期1个工作日")
    lead = replace(late[0], duty=7, role="牵头")
    unit = MissingUnit("市公安局", "甲某某", "", "gaj@example.gov.cn", (*late, back, lead))
    _, message = mail("overdue", body=Digest((replace(samples.OFFICE_LIST, units=(unit,)),)))
    for form in ("plain", "html"):
        words = body(message, form)
        assert "任务1、2、5（配合），任务7（牵头）" in words
        assert "任务3（配合）" in words and "已逾期1个工作日（逾期退回）" in words
        assert words.count("已逾期1个工作日") == 2
