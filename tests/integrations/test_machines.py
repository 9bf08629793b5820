"""Mails of machines are told from those of people, and a bounce says whom it is about and why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.inbox.authentication import refuted
from integrations.inbox.mime import parts_of
from tests.integrations.machine_mails import BOUNCES, GONE, OTHERS, OURS, PEOPLE, plain


@pytest.mark.parametrize("name", BOUNCES)
def test_a_bounce_says_whose_mailbox_and_why(name: str) -> None:
    raw, why = BOUNCES[name]
    found = parts_of(raw)
    assert found.machine.bounce and found.machine.automatic
    assert GONE in found.machine.failed
    assert found.machine.why == why
    assert (OURS in found.about) == (b"k1@" in raw or name == "exim")
    assert found.parts == ()


@pytest.mark.parametrize("name", OTHERS)
def test_other_machines_lose_no_letter(name: str) -> None:
    found = parts_of(OTHERS[name]).machine
    assert found.automatic and not found.bounce
    assert found.reply == (name.startswith(("vacation", "autoreply", "exchange", "read")))


@pytest.mark.parametrize("name", PEOPLE)
def test_people_who_speak_of_machines_are_people(name: str) -> None:
    found = parts_of(PEOPLE[name]).machine
    assert not (found.automatic or found.reply or found.bounce)


@settings(max_examples=150, deadline=None)
@given(
    raw=st.sampled_from([raw for raw, _ in BOUNCES.values()]),
    cut=st.integers(0, 3000),
    junk=st.binary(max_size=30),
)
def test_no_torn_bounce_is_taken_for_a_persons_mail(raw: bytes, cut: int, junk: bytes) -> None:
    head = raw.index(b"\n\n") if b"\n\n" in raw else raw.index(b"\r\n\r\n")
    at = max(head + 4, min(cut, len(raw)))
    assert parts_of(raw[:at] + junk).machine.automatic


@given(st.text(st.characters(categories=("L", "N", "Z")), max_size=40))
@settings(max_examples=100, deadline=None)
def test_a_plain_mail_of_a_person_is_never_a_machines(text: str) -> None:
    found = parts_of(plain(GONE, "报表报送", text)).machine
    assert not found.automatic and not found.bounce


FAIL = "mx.example.gov.cn; dmarc=fail (p=none) header.from=example.gov.cn; spf=pass smtp.mailfrom=evil.example"


@pytest.mark.parametrize(
    ("checks", "says"),
    [
        ((FAIL,), "dmarc=fail"),
        (("MX.example.gov.cn 1; spf=fail smtp.mailfrom=x; dkim=none",), "spf=fail"),
        (("mx.example.gov.cn; spf=pass", "mx.example.gov.cn; dkim=fail (bad; dmarc=pass)"), "dkim=fail"),
        (("mx.example.gov.cn; dmarc=pass; spf=fail; dkim=fail",), ""),  # forwarded, and still signed by whom people see
        (("mx.example.gov.cn; spf=softfail; dkim=none",), ""),
        (("mx.example.gov.cn; none",), ""),
        (("mx.evil.example; dmarc=fail",), ""),  # anybody can write such a line
        ((FAIL, "mx.evil.example; dmarc=pass"), "dmarc=fail"),
        ((FAIL, "mx.example.gov.cn; dmarc=pass"), "dmarc=fail"),  # the one below came with the mail
        ((), ""),
        ((";;;=", ""), ""),
    ],
)
def test_only_the_offices_own_server_is_believed(checks: tuple[str, ...], says: str) -> None:
    assert refuted(checks, "mx.example.gov.cn") == says
    assert refuted(checks, "") == ""
