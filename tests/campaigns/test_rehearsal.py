"""A campaign rehearsed before launch: letters by day and person, load by department."""

from datetime import date

from campaigns.rehearsal import rehearse
from campaigns.workdays import OfficeHours, Slots
from tests.builders import WORKDAYS, small_plan

SLOTS = Slots(WORKDAYS, OfficeHours())


def test_the_first_round_day_by_day() -> None:
    days = {one.on: (one.letters, one.people, one.due) for one in rehearse(small_plan(), SLOTS).days}

    first = [day for day in days if day.year == 2020]
    assert {day: days[day] for day in sorted(first)} == {
        date(2020, 10, 22): (7, 7, 0),  # a form to each of the seven departments, 30 working days before 3 December
        date(2020, 11, 23): (6, 6, 0),  # three working days before the units' date: six departments cooperate
        date(2020, 11, 26): (0, 0, 7),
        date(2020, 11, 27): (12, 12, 0),  # a working day late: liaison and leader
        date(2020, 11, 30): (3, 3, 0),
        date(2020, 12, 3): (0, 0, 3),
        date(2020, 12, 4): (6, 6, 0),
    }


def test_a_person_gets_one_letter_of_reminders_a_day_and_nobody_is_written_to_on_a_rest_day() -> None:
    rehearsal = rehearse(small_plan(), SLOTS)

    assert {one.most for one in rehearsal.days} == {0, 1}
    assert all(one.letters == one.people and (WORKDAYS.is_working(one.on) or not one.letters) for one in rehearsal.days)
    assert sum(one.due for one in rehearsal.days) == len(small_plan().expected)
    assert ("2021年上半年", date(2021, 6, 20)) in rehearsal.on_rest_days


def test_the_heaviest_week_of_a_department_is_counted() -> None:
    loads = {one.department: (one.week, one.due) for one in rehearse(small_plan(), SLOTS).loads}

    assert loads["scjg"] == (date(2020, 11, 23), 2)  # it cooperates in two duties, and leads one that is due the week after
