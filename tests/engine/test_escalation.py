"""Each rule of the escalation, its boundary days, and which rule speaks first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import combinations

import pytest

from engine.escalation import (
    SENTENCES,
    Circumstances,
    Customer,
    Escalate,
    Item,
    Level,
    Message,
    Outcome,
    Policy,
    Reason,
    Refused,
    Skip,
    StartRule,
    decide,
)
from escalation_cases import (
    AFTER,
    FIRST,
    FORMAL,
    REMINDERS,
    SECOND,
    SOON,
    THIRD,
    TODAY,
    ask,
    ask_one,
    customer,
    daily,
    days,
    item,
    now,
    policy,
    serve,
    served,
)

YESTERDAY = TODAY - days(1)
TOMORROW = TODAY + days(1)


# === ORDER OF THE RULES === #


@dataclass
class Case:
    """A case under construction; untouched, its one item is escalated."""

    policy: dict | None = field(default_factory=lambda: {"levels": (SOON, *REMINDERS)})
    customer: dict = field(default_factory=dict)
    item: dict = field(
        default_factory=lambda: {
            "key": 1,
            "due_date": TODAY - days(20),
            "residual": Decimal(100),
        }
    )
    now: dict = field(default_factory=lambda: {"day": TODAY})

    def decide(self) -> Escalate | Skip:
        a_policy = None if self.policy is None else Policy(**self.policy)
        a_customer = Customer(items=(Item(**self.item),), **self.customer)
        return decide(a_policy, a_customer, Circumstances(**self.now)).decisions[1]


@dataclass(frozen=True)
class Fault:
    """What keeps the item of a case back, and the reason people are told."""

    name: str
    reason: Reason
    values: dict = field(default_factory=dict)
    apply: Callable[[Case], None] | None = None

    def spoil(self, case: Case) -> None:
        for part, values in self.values.items():
            if getattr(case, part) is not None:
                getattr(case, part).update(values)
        if self.apply:
            self.apply(case)


def _drop_policy(case: Case) -> None:
    case.policy = None


# In the order in which the rules speak. A credit comes before everything, so that the
# counts of the other reasons are free of credits; a dispute is a hold that says more.
FAULTS = [
    Fault("credit", Reason.NOT_A_DEBT, {"item": {"residual": Decimal(-100)}}),
    Fault("no policy", Reason.NO_POLICY, apply=_drop_policy),
    Fault("no levels", Reason.NO_LEVELS, {"policy": {"levels": ()}}),
    Fault(
        "manual",
        Reason.POLICY_MANUAL,
        {"policy": {"manual": True}, "now": {"scheduled": True}},
    ),
    Fault("archived", Reason.CUSTOMER_ARCHIVED, {"customer": {"archived": True}}),
    Fault("paused", Reason.CUSTOMER_PAUSED, {"customer": {"paused": True}}),
    Fault("in proposal", Reason.IN_PROPOSAL, {"customer": {"in_proposal": True}}),
    Fault("under way", Reason.UNDER_WAY, {"customer": {"under_way": True}}),
    Fault("insolvent", Reason.INSOLVENT, {"item": {"insolvent": True}}),
    Fault("barred", Reason.TIME_BARRED, {"item": {"last_day": YESTERDAY}}),
    Fault("disputed", Reason.ITEM_DISPUTED, {"item": {"disputed": True}}),
    Fault("held", Reason.ITEM_HELD, {"item": {"held": True}}),
    Fault("excluded", Reason.ITEM_EXCLUDED, {"item": {"excluded": True}}),
    Fault("blocked", Reason.ITEM_BLOCKED, {"item": {"blocked": True}}),
    Fault("not due", Reason.NOT_DUE, {"item": {"due_date": TODAY + days(20)}}),
    Fault("not reached", Reason.LEVEL_NOT_REACHED, {"item": {"due_date": YESTERDAY}}),
    Fault("all sent", Reason.LAST_LEVEL, {"item": {"level_days": FORMAL.days}}),
    Fault(
        "refused",
        Reason.LAW_REFUSES,
        {"item": {"refused": dict.fromkeys(range(100), Refused("no_reminder"))}},
    ),
    Fault("too soon", Reason.TOO_SOON, {"customer": {"last_contact": YESTERDAY}}),
    Fault(
        "leftover",
        Reason.BELOW_SHARE,
        {"policy": {"min_share": Decimal(5)}, "item": {"original": Decimal(9000)}},
    ),
    Fault("small", Reason.BELOW_AMOUNT, {"policy": {"min_amount": Decimal(101)}}),
    Fault("covered", Reason.COVERED, {"customer": {"credits": Decimal(100)}}),
    Fault(
        "old bank",
        Reason.BANK_TOO_OLD,
        {"now": {"bank_date": TODAY - days(9), "bank_max_age": 5}},
    ),
    Fault(
        "no address",
        Reason.NO_ADDRESS,
        {"customer": {"unreachable": frozenset(range(100))}},
    ),
]

# Whatever the level rule finds, it finds one thing: these cannot hold together.
LEVEL_REASONS = {Reason.NOT_DUE, Reason.LEVEL_NOT_REACHED, Reason.LAST_LEVEL}
# Without a policy, or without levels in it, no question about it has an answer.
NEEDS_POLICY = {Reason.NO_LEVELS, Reason.POLICY_MANUAL}


def _compatible(one: Fault, other: Fault) -> bool:
    if {one.reason, other.reason} <= LEVEL_REASONS:
        return False
    return not (one.reason is Reason.NO_POLICY and other.reason in NEEDS_POLICY)


PAIRS = [pair for pair in combinations(FAULTS, 2) if _compatible(*pair)]


def test_untouched_case_escalates():
    assert Case().decide() == Escalate(FIRST)


def test_faults_cover_every_reason():
    """Save those that take two items, or a proposal: they have tests of their own."""
    others = {Reason.SETTLED, Reason.OVERDUE_FIRST}
    assert {fault.reason for fault in FAULTS} == set(Reason) - others


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_one_fault_alone_is_the_reason(fault):
    case = Case()
    fault.spoil(case)
    assert case.decide().reason is fault.reason


@pytest.mark.parametrize(
    ("earlier", "later"), PAIRS, ids=lambda fault: getattr(fault, "name", "")
)
def test_two_faults_earlier_rule_is_the_reason(earlier, later):
    """In whichever order they come to be."""
    for faults in ((earlier, later), (later, earlier)):
        case = Case()
        for fault in faults:
            fault.spoil(case)
        assert case.decide().reason is earlier.reason


@pytest.mark.parametrize("level_reason", sorted(LEVEL_REASONS))
def test_all_faults_removed_one_by_one_each_rule_speaks_in_turn(level_reason):
    left = [
        fault
        for fault in FAULTS
        if fault.reason not in LEVEL_REASONS or fault.reason is level_reason
    ]
    while left:
        case = Case()
        for fault in left:
            fault.spoil(case)
        assert case.decide().reason is left.pop(0).reason
    assert Case().decide() == Escalate(FIRST)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_of_its_own(reason):
    sentence = SENTENCES[reason]
    assert sentence and sentence[0].isupper() and not sentence.endswith(".")
    assert list(SENTENCES.values()).count(sentence) == 1


# === THE LAW === #

WAITING = Refused("waiting", "CDE XIX.2", until=TOMORROW)


def test_last_day_itself_is_in_time():
    assert ask_one(item(last_day=TODAY)) == Escalate(FIRST)
    assert ask_one(item(last_day=YESTERDAY)) == Skip(Reason.TIME_BARRED)


def test_what_is_older_than_the_judgment_stays_out_of_the_message():
    """Later invoices go on being reminded, alone."""
    outcome = ask(item(1, insolvent=True), item(2))
    assert outcome.decisions[1] == Skip(Reason.INSOLVENT)
    assert outcome.message.carried == (2,)


def test_level_the_law_refuses_is_told_with_the_rule_and_its_day():
    waiting = item(refused={FIRST.key: WAITING})
    assert ask_one(waiting) == Skip(Reason.LAW_REFUSES, TOMORROW, WAITING)
    assert ask_one(waiting, on=now(TOMORROW)) == Escalate(FIRST)


def test_level_refused_without_a_day_is_refused_on_every_day():
    never = Refused("no_fee", "CPCE L111-8")
    for number in (0, 1, 400):
        skip = ask_one(item(refused={FIRST.key: never}), on=now(TODAY + days(number)))
        assert skip == Skip(Reason.LAW_REFUSES, None, never)


def test_other_levels_are_not_refused():
    assert ask_one(item(refused={SECOND.key: WAITING})) == Escalate(FIRST)


def test_refused_item_is_still_listed_with_the_others():
    """As one that is only overdue: it reaches no level by it."""
    outcome = ask(item(1, refused={FIRST.key: WAITING}), item(2))
    assert outcome.escalated == {2: FIRST}
    assert outcome.message.carried == (1, 2)


def test_old_debt_starts_at_the_firmest_level_the_law_allows():
    by = policy(start=StartRule.AGE)
    old = item(late=40, refused={THIRD.key: Refused("no_reminder")})
    assert ask_one(old, by=by) == Escalate(SECOND)
    assert ask_one(item(late=40), by=by) == Escalate(THIRD)
    none = dict.fromkeys((FIRST.key, SECOND.key, THIRD.key), Refused("no_reminder"))
    assert ask_one(item(late=40, refused=none), by=by).reason is Reason.LAW_REFUSES


# === 1. THE POLICY === #


def test_no_policy_nothing_sent():
    outcome = decide(None, customer(item(1), item(2)), now())
    assert outcome.message is None
    assert set(outcome.decisions.values()) == {Skip(Reason.NO_POLICY)}


def test_policy_without_levels_nothing_sent():
    outcome = decide(Policy(), customer(item(1), item(2)), now())
    assert outcome == Outcome({1: Skip(Reason.NO_LEVELS), 2: Skip(Reason.NO_LEVELS)})


def test_manual_policy_scheduled_action_passes_over():
    decision = ask_one(item(), by=policy(manual=True), on=now(scheduled=True))
    assert decision == Skip(Reason.POLICY_MANUAL)


def test_manual_policy_person_asks_escalates():
    assert ask_one(item(), by=policy(manual=True)) == Escalate(FIRST)


def test_scheduled_action_other_policy_escalates():
    assert ask_one(item(), on=now(scheduled=True)) == Escalate(FIRST)


def test_levels_in_any_order_sorted_by_days():
    assert Policy(levels=(FORMAL, FIRST, SOON)).levels == (SOON, FIRST, FORMAL)


def test_levels_as_a_list_stored_as_tuple():
    assert Policy(levels=[SECOND, FIRST]).levels == (FIRST, SECOND)


def test_two_levels_same_days_refused():
    with pytest.raises(ValueError, match="same number of days"):
        Policy(levels=(FIRST, Level(key=99, days=FIRST.days)))


# === 2. THE CUSTOMER === #


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"archived": True}, Skip(Reason.CUSTOMER_ARCHIVED)),
        ({"paused": True}, Skip(Reason.CUSTOMER_PAUSED)),
        (
            {"paused": True, "paused_until": TODAY},
            Skip(Reason.CUSTOMER_PAUSED, TOMORROW),
        ),
        ({"in_proposal": True}, Skip(Reason.IN_PROPOSAL)),
        ({"under_way": True}, Skip(Reason.UNDER_WAY)),
    ],
    ids=["archived", "paused", "paused until", "in proposal", "under way"],
)
def test_customer_out_of_reach_no_item_goes(values, expected):
    outcome = ask(item(1), item(2, late=-3), **values)
    assert outcome == Outcome({1: expected, 2: expected})


def test_pause_date_without_pause_escalates():
    """Whether a pause holds on the day is the caller's to say, not the date's."""
    assert ask_one(item(), paused_until=TODAY + days(9)) == Escalate(FIRST)


# === 3. THE ITEM === #


@pytest.mark.parametrize(
    ("residual", "debt"),
    [("-100", False), ("-0.01", False), ("0", False), ("0.01", True)],
)
def test_residual_at_most_zero_not_a_debt(residual, debt):
    decision = ask_one(item(residual=residual))
    assert decision == (Escalate(FIRST) if debt else Skip(Reason.NOT_A_DEBT))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"held": True}, Skip(Reason.ITEM_HELD)),
        ({"held": True, "held_until": TODAY}, Skip(Reason.ITEM_HELD, TOMORROW)),
        ({"disputed": True}, Skip(Reason.ITEM_DISPUTED)),
        (
            {"disputed": True, "held_until": TODAY},
            Skip(Reason.ITEM_DISPUTED, TOMORROW),
        ),
        ({"excluded": True}, Skip(Reason.ITEM_EXCLUDED)),
        ({"blocked": True}, Skip(Reason.ITEM_BLOCKED)),
    ],
    ids=["held", "held until", "disputed", "disputed until", "excluded", "blocked"],
)
def test_item_kept_back_the_others_go_without_it(values, expected):
    outcome = ask(item(1, **values), item(2))
    assert outcome.decisions == {1: expected, 2: Escalate(FIRST)}
    assert outcome.message == Message(FIRST, (2,), Decimal(100))


def test_hold_date_without_hold_escalates():
    assert ask_one(item(held_until=TODAY + days(9))) == Escalate(FIRST)


def test_two_items_same_key_refused():
    with pytest.raises(ValueError, match="share a key"):
        ask(item(1), item(1, late=3))


def test_no_items_nothing_decided():
    assert decide(policy(), Customer(), now()) == Outcome()


# === 4. THE LEVEL === #


@pytest.mark.parametrize("level", REMINDERS, ids=lambda level: str(level.days))
def test_level_reached_on_its_day_not_before(level):
    previous = [i.days for i in REMINDERS if i.days < level.days]
    before = max(previous, default=None)
    due = item(level_days=before, late=level.days)
    early = item(level_days=before, late=level.days - 1)
    late = item(level_days=before, late=level.days + 500)
    assert ask_one(early) == Skip(Reason.LEVEL_NOT_REACHED, TOMORROW)
    assert ask_one(due) == Escalate(level)
    assert ask_one(late) == Escalate(level)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-6, Skip(Reason.NOT_DUE, TOMORROW)),
        (-5, Escalate(SOON)),
        (-1, Escalate(SOON)),
        (0, Escalate(SOON)),
        (1, Skip(Reason.LEVEL_NOT_REACHED, TODAY + days(4))),
        (4, Skip(Reason.LEVEL_NOT_REACHED, TOMORROW)),
        (5, Escalate(FIRST)),
    ],
)
def test_preventive_level_from_its_day_to_the_due_date(late, expected):
    assert ask_one(item(late=late), by=policy(SOON, FIRST)) == expected


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (-1, Skip(Reason.NOT_DUE, TOMORROW)),
        (0, Escalate(Level(1, 0))),
        (1, Escalate(Level(1, 0))),
    ],
)
def test_level_on_the_due_date_does_not_lapse(late, expected):
    assert ask_one(item(late=late), by=policy(Level(1, 0))) == expected


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (0, Skip(Reason.NOT_DUE, TODAY + days(5))),
        (1, Skip(Reason.LEVEL_NOT_REACHED, TODAY + days(4))),
    ],
)
def test_announced_item_waits_for_the_first_reminder(late, expected):
    announced = item(late=late, level_days=SOON.days)
    assert ask_one(announced, by=policy(SOON, FIRST)) == expected


def test_several_preventive_levels_one_after_the_other():
    levels = (Level(1, -10), Level(2, -3), FIRST)
    found = {
        offset: outcome.message.level.days
        for offset, outcome in daily(policy(*levels), customer(item(late=-12)), 30)
        if outcome.message
    }
    assert found == {2: -10, 9: -3, 17: 5}


@pytest.mark.parametrize("level", [FORMAL.days, FORMAL.days + 1, 999])
def test_last_level_served_no_further(level):
    assert ask_one(item(late=400, level_days=level)) == Skip(Reason.LAST_LEVEL)


@pytest.mark.parametrize("start", StartRule)
def test_level_served_in_another_policy_next_one_beyond(start):
    """Days keep their meaning when the levels change: 20 lies between 15 and 30."""
    switched = item(late=400, level_days=20)
    assert ask_one(switched, by=policy(start=start)) == Escalate(THIRD)


def test_level_inserted_below_the_last_served_not_caught_up():
    assert ask_one(item(late=14, level_days=12)) == Skip(
        Reason.LEVEL_NOT_REACHED, TOMORROW
    )


# === FIRST USE OF THE TOOL === #

OLD = item(late=400)
GAP = 7


def story(start: StartRule, an_item: Item = OLD, **circumstances) -> dict[int, Level]:
    """Run forty days in a row; the level of each message by number of the day."""
    a_policy = policy(SOON, *REMINDERS, start=start, gap_days=GAP)
    return {
        offset: outcome.message.level
        for offset, outcome in daily(
            a_policy, customer(an_item), 40, TODAY, **circumstances
        )
        if outcome.message
    }


def test_first_use_old_item_start_first_climbs_one_level_per_gap():
    assert story(StartRule.FIRST) == {0: FIRST, 7: SECOND, 14: THIRD, 21: FORMAL}


def test_first_use_old_item_start_first_day_by_day():
    a_policy = policy(start=StartRule.FIRST, gap_days=GAP)
    for offset, outcome in daily(a_policy, customer(OLD), 40):
        decision = outcome.decisions[OLD.key]
        if offset > 21:
            assert decision == Skip(Reason.LAST_LEVEL)
        elif offset % GAP:
            free = TODAY + days(offset - offset % GAP + GAP)
            assert decision == Skip(Reason.TOO_SOON, free)
        else:
            assert decision == Escalate(REMINDERS[offset // GAP])


def test_first_use_old_item_start_by_age_enters_short_of_formal_notice():
    assert story(StartRule.AGE) == {0: THIRD, 7: FORMAL}


def test_first_use_old_item_start_by_age_day_by_day():
    a_policy = policy(start=StartRule.AGE, gap_days=GAP)
    for offset, outcome in daily(a_policy, customer(OLD), 40):
        decision = outcome.decisions[OLD.key]
        if offset > 7:
            assert decision == Skip(Reason.LAST_LEVEL)
        elif 0 < offset < 7:
            assert decision == Skip(Reason.TOO_SOON, TODAY + days(7))
        else:
            assert decision == Escalate(FORMAL if offset else THIRD)


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (4, Skip(Reason.LEVEL_NOT_REACHED, TOMORROW)),
        (5, Escalate(FIRST)),
        (14, Escalate(FIRST)),
        (15, Escalate(SECOND)),
        (29, Escalate(SECOND)),
        (30, Escalate(THIRD)),
        (44, Escalate(THIRD)),
        (45, Escalate(THIRD)),
        (4000, Escalate(THIRD)),
    ],
)
def test_start_by_age_level_of_the_age(late, expected):
    assert ask_one(item(late=late), by=policy(start=StartRule.AGE)) == expected


def test_start_by_age_formal_level_between_passed_over():
    levels = (FIRST, FORMAL, AFTER)
    decision = ask_one(OLD, by=policy(*levels, start=StartRule.AGE))
    assert decision == Escalate(AFTER)


@pytest.mark.parametrize(
    ("late", "expected"),
    [(-10, Escalate(Level(1, -10))), (-3, Escalate(Level(2, -3)))],
)
def test_start_by_age_before_due_date_nearest_announcement(late, expected):
    levels = (Level(1, -10), Level(2, -3), FIRST)
    assert ask_one(item(late=late), by=policy(*levels, start=StartRule.AGE)) == expected


@pytest.mark.parametrize(
    ("baseline", "expected"),
    [
        (OLD.due_date - days(1), FIRST),
        (OLD.due_date, FIRST),  # due on the day of going live: not an old debt
        (OLD.due_date + days(1), THIRD),
        (TODAY, THIRD),
        (None, THIRD),
    ],
)
def test_start_by_age_only_what_was_due_before_the_baseline(baseline, expected):
    decision = ask_one(OLD, by=policy(start=StartRule.AGE), on=now(baseline=baseline))
    assert decision == Escalate(expected)


@pytest.mark.parametrize("baseline", [None, OLD.due_date, TODAY])
def test_start_first_baseline_changes_nothing(baseline):
    assert story(StartRule.FIRST, baseline=baseline) == story(StartRule.FIRST)


def test_start_by_age_item_after_baseline_climbs_from_the_first():
    levels = story(StartRule.AGE, baseline=OLD.due_date)
    assert list(levels.values()) == list(REMINDERS)


def test_start_by_age_item_already_reminded_takes_the_next_level():
    reminded = served(FIRST, ago=300)
    assert ask_one(reminded, by=policy(start=StartRule.AGE)) == Escalate(SECOND)


def test_new_item_waits_for_each_level_by_its_days():
    """The ordinary life of an invoice never paid, with an announcement."""
    found = story(StartRule.FIRST, item(late=-5))
    assert found == {0: SOON, 10: FIRST, 20: SECOND, 35: THIRD}


# === 5. THE GAP === #


@pytest.mark.parametrize(
    ("gap", "ago", "free"),
    [
        (7, 0, 7),
        (7, 6, 1),
        (7, 7, 0),
        (7, 8, 0),
        (1, 0, 1),
        (1, 1, 0),
        (0, 0, 1),  # a repeated run never repeats a message
        (0, 1, 0),
        (-5, 0, 1),
        (-5, 1, 0),
    ],
)
def test_gap_counts_from_the_last_contact(gap, ago, free):
    decision = ask_one(item(), by=policy(gap_days=gap), last_contact=TODAY - days(ago))
    expected = Skip(Reason.TOO_SOON, TODAY + days(free)) if free else Escalate(FIRST)
    assert decision == expected


def test_gap_contact_dated_after_today_still_too_soon():
    decision = ask_one(item(), last_contact=TODAY + days(3))
    assert decision == Skip(Reason.TOO_SOON, TODAY + days(10))


@pytest.mark.parametrize(
    "other",
    [
        served(FIRST, ago=2, key=2),
        served(FIRST, ago=2, key=2, held=True),
        served(FIRST, ago=2, key=2, disputed=True),
        served(FIRST, ago=2, key=2, residual="-5"),
        served(FORMAL, ago=2, key=2),
    ],
    ids=["plain", "held", "disputed", "credit", "last level"],
)
def test_gap_counts_the_notice_of_any_item(other):
    outcome = ask(item(1), other)
    assert outcome.decisions[1] == Skip(Reason.TOO_SOON, TODAY + days(5))
    assert outcome.message is None


@pytest.mark.parametrize(("contact", "notice"), [(2, 6), (6, 2)])
def test_gap_counts_from_the_latest_of_contact_and_notice(contact, notice):
    outcome = ask(
        item(1),
        served(FIRST, ago=notice, key=2),
        last_contact=TODAY - days(contact),
    )
    assert outcome.decisions[1] == Skip(Reason.TOO_SOON, TODAY + days(5))


def test_gap_holds_all_items_that_would_go():
    outcome = ask(item(1), item(2, late=20), last_contact=YESTERDAY)
    assert set(outcome.decisions.values()) == {Skip(Reason.TOO_SOON, TODAY + days(6))}


def test_gap_default_is_a_week():
    assert Policy().gap_days == 7


def test_gap_after_announcement_keeps_the_reminder_waiting():
    announced = served(SOON, ago=6, late=5)
    assert ask_one(announced, by=policy(SOON, FIRST)) == Skip(Reason.TOO_SOON, TOMORROW)


# === 6. THE SIZE === #


@pytest.mark.parametrize(
    ("residual", "original", "goes"),
    [
        ("5.00", "100", True),
        ("4.99", "100", False),
        ("4.99", "-100", False),
        ("5.00", "-100", True),
        ("100", "100", True),
        ("120", "100", True),
        ("0.01", None, True),
        ("0.01", "0", True),
    ],
)
def test_share_below_the_minimum_does_not_trigger(residual, original, goes):
    rest = item(residual=residual, original=original)
    decision = ask_one(rest, by=policy(min_share=Decimal(5)))
    assert decision == (Escalate(FIRST) if goes else Skip(Reason.BELOW_SHARE))


def test_leftover_listed_when_another_item_goes():
    outcome = ask(
        item(1, residual="2", original="1000"),
        item(2, residual="50"),
        by=policy(min_share=Decimal(5)),
    )
    assert outcome.decisions == {1: Skip(Reason.BELOW_SHARE), 2: Escalate(FIRST)}
    assert outcome.message == Message(FIRST, (1, 2), Decimal(52))


def test_leftover_does_not_make_the_message_firmer_than_its_last_level():
    outcome = ask(
        item(1, residual="2", original="1000", late=40, level_days=SECOND.days),
        item(2, residual="50"),
        by=policy(min_share=Decimal(5)),
    )
    assert outcome.message.level == SECOND


def test_leftover_about_to_fall_due_not_announced():
    outcome = ask(
        item(1, residual="2", original="1000", late=-3),
        item(2, late=-3),
        by=policy(SOON, FIRST, min_share=Decimal(5)),
    )
    assert outcome.message == Message(SOON, (2,), Decimal(100))


@pytest.mark.parametrize(
    ("minimum", "goes"), [("99.99", True), ("100", True), ("100.01", False)]
)
def test_total_below_the_minimum_amount_waits(minimum, goes):
    decision = ask_one(item(), by=policy(min_amount=Decimal(minimum)))
    assert decision == (Escalate(FIRST) if goes else Skip(Reason.BELOW_AMOUNT))


def test_small_items_together_reach_the_minimum():
    outcome = ask(
        *(item(k, residual="20") for k in (1, 2, 3)), by=policy(min_amount=Decimal(60))
    )
    assert outcome.message == Message(FIRST, (1, 2, 3), Decimal(60))


def test_overdue_item_short_of_its_level_counts_towards_the_minimum():
    outcome = ask(
        item(1, residual="40"),
        item(2, late=2, residual="60"),
        by=policy(min_amount=Decimal(100)),
    )
    assert outcome.message == Message(FIRST, (1, 2), Decimal(100))


@pytest.mark.parametrize(
    "values",
    [{"late": -1}, {"late": 0}, {"held": True}, {"residual": "-60"}],
    ids=["not due", "due today", "held", "credit"],
)
def test_item_not_carried_does_not_count_towards_the_minimum(values):
    other = item(2, **{"residual": "60"} | values)
    outcome = ask(item(1, residual="40"), other, by=policy(min_amount=Decimal(100)))
    assert outcome.decisions[1] == Skip(Reason.BELOW_AMOUNT)
    assert outcome.message is None


@pytest.mark.parametrize(
    ("credits", "expected"),
    [
        ("40", Escalate(FIRST)),
        ("40.01", Skip(Reason.BELOW_AMOUNT)),
        ("99.99", Skip(Reason.BELOW_AMOUNT)),
        ("100", Skip(Reason.COVERED)),
    ],
)
def test_minimum_amount_compared_after_credits(credits, expected):
    decision = ask_one(
        item(), by=policy(min_amount=Decimal(60)), credits=Decimal(credits)
    )
    assert decision == expected


# === 7. THE COVER === #


@pytest.mark.parametrize(
    ("credits", "pending", "covered"),
    [
        ("99.99", "0", False),
        ("100", "0", True),
        ("100.01", "0", True),
        ("9999", "0", True),
        ("0", "99.99", False),
        ("0", "100", True),
        ("60", "39.99", False),
        ("60", "40", True),
    ],
)
def test_credits_and_pending_payments_cover_the_debt(credits, pending, covered):
    outcome = ask(item(), credits=Decimal(credits), pending=Decimal(pending))
    assert outcome.decisions[1] == (
        Skip(Reason.COVERED) if covered else Escalate(FIRST)
    )
    assert (outcome.message is None) is covered


def test_partly_covered_claims_the_items_before_credits():
    outcome = ask(item(1), item(2), credits=Decimal(150))
    assert outcome.message.claimed == Decimal(200)


def test_cover_pays_overdue_items_before_the_announced():
    """Credits of 100 are eaten by the overdue 100: the 50 falling due stay open."""
    overdue = served(FIRST, ago=8, key=1, late=13)
    announced = item(2, late=-2, residual="50")
    outcome = ask(
        overdue, announced, by=policy(SOON, FIRST, SECOND), credits=Decimal(100)
    )
    assert outcome.message == Message(SOON, (2,), Decimal(50))


def test_cover_reaches_the_announced_once_overdue_is_paid():
    announced = item(2, late=-2, residual="50")
    outcome = ask(announced, by=policy(SOON, FIRST), credits=Decimal(100))
    assert outcome.decisions[2] == Skip(Reason.COVERED)


def test_cover_counts_overdue_of_a_customer_once():
    outcome = ask(item(1), item(2, late=2), credits=Decimal(200))
    assert outcome.decisions[1] == Skip(Reason.COVERED)
    outcome = ask(item(1), item(2, late=2), credits=Decimal("199.99"))
    assert outcome.decisions[1] == Escalate(FIRST)


# === 8. THE BANK === #


@pytest.mark.parametrize(
    ("age", "limit", "old"),
    [(0, 5, False), (5, 5, False), (6, 5, True), (400, 0, False), (None, 5, False)],
)
def test_bank_data_older_than_the_limit_nothing_sent(age, limit, old):
    bank_date = None if age is None else TODAY - days(age)
    decision = ask_one(item(), on=now(bank_date=bank_date, bank_max_age=limit))
    assert decision == (Skip(Reason.BANK_TOO_OLD) if old else Escalate(FIRST))


def test_bank_data_dated_after_today_fresh():
    on = now(bank_date=TOMORROW, bank_max_age=1)
    assert ask_one(item(), on=on) == Escalate(FIRST)


# === 9. THE ADDRESS === #


def test_level_without_address_nothing_sent():
    unreachable = frozenset({FIRST.key})
    assert ask_one(item(), unreachable=unreachable) == Skip(Reason.NO_ADDRESS)


def test_other_level_without_address_escalates():
    unreachable = frozenset({SOON.key, SECOND.key, FORMAL.key})
    assert ask_one(item(), unreachable=unreachable) == Escalate(FIRST)


def test_address_asked_of_the_level_of_the_message():
    """The message goes out at the firmest level: that one needs the address."""
    items = (item(1, late=6), item(2, late=16, level_days=FIRST.days))
    assert ask(*items, unreachable=frozenset({FIRST.key})).message.level == SECOND
    outcome = ask(*items, unreachable=frozenset({SECOND.key}))
    assert set(outcome.decisions.values()) == {Skip(Reason.NO_ADDRESS)}


# === THE MESSAGE === #


def test_no_item_goes_no_message():
    outcome = ask(item(1, late=2), item(2, late=-3))
    assert outcome.message is None
    assert outcome.escalated == {}
    assert set(outcome.skipped) == {1, 2}


def test_outcome_splits_escalated_and_skipped():
    outcome = ask(item(1), item(2, late=2))
    assert outcome.escalated == {1: FIRST}
    assert outcome.skipped == {2: Skip(Reason.LEVEL_NOT_REACHED, TODAY + days(3))}


def test_items_carried_in_order_of_their_keys():
    outcome = ask(item(3), item(1), item(2))
    assert outcome.message.carried == (1, 2, 3)
    assert list(outcome.decisions) == [1, 2, 3]


def test_message_lists_all_overdue_and_nothing_else():
    outcome = ask(
        item(1),
        item(2, late=1),  # overdue, first level not reached
        item(3, late=0),  # due today: in time
        item(4, late=-9),
        served(FORMAL, ago=90, key=5),  # last level sent, still owed
        item(6, held=True),
        item(7, residual="-30"),
    )
    assert outcome.message.carried == (1, 2, 5)
    assert outcome.message.claimed == Decimal(300)


@pytest.mark.parametrize("late", [0, -2])
def test_reminder_claims_nothing_that_is_not_overdue(late):
    outcome = ask(item(1), item(2, late=late), by=policy(SOON, FIRST))
    assert outcome.decisions == {
        1: Escalate(FIRST),
        2: Skip(Reason.OVERDUE_FIRST, TOMORROW),
    }
    assert outcome.message == Message(FIRST, (1,), Decimal(100))


def test_announcement_goes_when_the_reminder_falls_away():
    """The reminder's only item is too small a rest: nothing stands in the way."""
    rest = item(1, residual="1", original=Decimal(100))
    by = policy(SOON, FIRST, min_share=Decimal(5))
    outcome = ask(rest, item(2, late=-2), by=by)
    assert outcome.escalated == {2: SOON}


def test_announcement_alone_lists_no_overdue():
    outcome = ask(
        served(FIRST, ago=8, key=1, late=13),
        item(2, late=-2),
        by=policy(SOON, FIRST, SECOND),
    )
    assert outcome.message == Message(SOON, (2,), Decimal(100))


def test_message_on_due_date_lists_all_overdue():
    """A level of zero days is a reminder, not an announcement."""
    due = Level(1, 0)
    outcome = ask(item(1, late=0), served(due, ago=9, key=2), by=policy(due, SECOND))
    assert outcome.message == Message(due, (1, 2), Decimal(200))


def test_new_item_of_customer_asked_firmly_no_courtesy_note():
    outcome = ask(served(THIRD, ago=8, key=1), item(2, late=6))
    assert outcome.escalated == {2: FIRST}
    assert outcome.message == Message(THIRD, (1, 2), Decimal(200))


def test_formal_notice_when_an_item_reaches_it_today():
    outcome = ask(served(THIRD, ago=15, key=1), item(2, late=6))
    assert outcome.escalated == {1: FORMAL, 2: FIRST}
    assert outcome.message.level == FORMAL


def test_formal_notice_not_repeated_for_the_next_item():
    outcome = ask(served(FORMAL, ago=8, key=1), item(2, late=6))
    assert outcome.escalated == {2: FIRST}
    assert outcome.message == Message(THIRD, (1, 2), Decimal(200))


def test_formal_notice_not_hidden_by_a_later_level_reached_today():
    """The level after it has more days, but is the softer one."""
    outcome = ask(
        served(THIRD, ago=15, key=1),
        served(FORMAL, ago=15, key=2),
        by=policy(*REMINDERS, AFTER),
    )
    assert outcome.escalated == {1: FORMAL, 2: AFTER}
    assert outcome.message == Message(FORMAL, (1, 2), Decimal(200))


def test_formal_notice_not_hidden_by_a_later_level_already_served():
    outcome = ask(
        served(THIRD, ago=15, key=1),
        served(AFTER, ago=8, key=2),
        by=policy(*REMINDERS, AFTER),
    )
    assert outcome.message == Message(FORMAL, (1, 2), Decimal(200))


def test_address_asked_of_the_formal_notice_not_of_the_later_level():
    items = (served(THIRD, ago=15, key=1), served(FORMAL, ago=15, key=2))
    by = policy(*REMINDERS, AFTER)
    assert ask(*items, by=by, unreachable=frozenset({AFTER.key})).message
    outcome = ask(*items, by=by, unreachable=frozenset({FORMAL.key}))
    assert set(outcome.decisions.values()) == {Skip(Reason.NO_ADDRESS)}


def test_item_beyond_the_formal_notice_new_item_as_firm_as_the_later_level():
    outcome = ask(
        served(AFTER, ago=8, key=1), item(2, late=6), by=policy(*REMINDERS, AFTER)
    )
    assert outcome.escalated == {2: FIRST}
    assert outcome.message == Message(AFTER, (1, 2), Decimal(200))


@pytest.mark.parametrize(
    ("softer", "firmer"),
    [
        (FIRST, SECOND),
        (SOON, FIRST),
        (AFTER, FORMAL),
        (FORMAL, Level(1, FORMAL.days + 1, formal=True)),
    ],
)
def test_firmness_formal_before_days(softer, firmer):
    assert softer.firmness < firmer.firmness


def test_formal_announcement_does_not_drop_the_overdue_from_a_reminder():
    """Due tomorrow, formal of all things; beside it a reminder, which claims all."""
    announcement = Level(1, -1, formal=True)
    outcome = ask(
        item(1, late=-1),
        item(2, late=6),
        item(3, late=2),
        by=policy(announcement, FIRST),
    )
    assert outcome.escalated == {2: FIRST}
    assert outcome.message.carried == (2, 3)


def test_standing_level_of_another_policy_counts_as_the_one_below():
    outcome = ask(item(1, late=29, level_days=29), item(2, late=6))
    assert outcome.message.level == SECOND


def test_standing_announcement_does_not_soften_the_message():
    outcome = ask(
        item(1, late=2, level_days=SOON.days), item(2), by=policy(SOON, FIRST)
    )
    assert outcome.message == Message(FIRST, (1, 2), Decimal(200))


def test_item_kept_back_does_not_make_the_message_firmer():
    outcome = ask(served(THIRD, ago=8, key=1, held=True), item(2, late=6))
    assert outcome.message == Message(FIRST, (2,), Decimal(100))


# === WHAT OTHER PRODUCTS GET WRONG === #


def test_paid_after_the_proposal_falls_out():
    """The decision is taken again before issuing: what is paid is not in it."""
    proposed = customer(item(1), item(2))
    assert decide(policy(), proposed, now()).message.carried == (1, 2)
    partly = replace(proposed, items=(item(1, residual="0"), item(2)))
    assert decide(policy(), partly, now()).message.carried == (2,)
    fully = replace(proposed, items=())
    assert decide(policy(), fully, now()).message is None


@pytest.mark.parametrize("credit", ["1000", "1500"])
def test_credit_note_equal_or_larger_than_the_debt_nothing_claimed(credit):
    outcome = ask(
        item(1, residual="1000"),
        item(2, residual=f"-{credit}"),
        credits=Decimal(credit),
    )
    assert outcome == Outcome({1: Skip(Reason.COVERED), 2: Skip(Reason.NOT_A_DEBT)})


def test_credit_note_smaller_than_the_debt_not_listed_as_claim():
    outcome = ask(
        item(1, residual="1000"), item(2, residual="-400"), credits=Decimal(400)
    )
    assert outcome.message == Message(FIRST, (1,), Decimal(1000))


def test_entries_that_cancel_out_customer_not_on_the_list():
    outcome = ask(
        *(item(k, residual="50") for k in (1, 2)),
        *(item(k, residual="-50") for k in (3, 4)),
        credits=Decimal(100),
    )
    assert outcome.message is None


def test_old_and_new_invoice_one_message_at_the_higher_level():
    outcome = ask(
        item(1, late=32, level_days=SECOND.days), item(2, late=6, residual="40")
    )
    assert outcome.escalated == {1: THIRD, 2: FIRST}
    assert outcome.message == Message(THIRD, (1, 2), Decimal(140))


def test_ten_invoices_one_message():
    outcome = ask(*(item(key) for key in range(10)))
    assert outcome.message.carried == tuple(range(10))


def test_run_repeated_the_same_day_changes_nothing():
    before = customer(item(1), item(2, late=20), item(3, late=-3))
    a_policy = policy(SOON, *REMINDERS, gap_days=0)
    once = serve(before, decide(a_policy, before, now()), TODAY)
    for _ in range(5):
        outcome = decide(a_policy, once, now())
        assert outcome.message is None and not outcome.escalated
        assert serve(once, outcome, TODAY) == once


def test_excluded_from_follow_up_never_claimed():
    outcome = ask(item(1, excluded=True, late=400), item(2))
    assert outcome.message.carried == (2,)


def test_overdue_first_instalment_alone_is_claimed():
    outcome = ask(
        item(1, late=10, residual="300"),
        item(2, late=-20, residual="300"),
        item(3, late=-50, residual="300"),
    )
    assert outcome.escalated == {1: FIRST}
    assert outcome.skipped == {
        2: Skip(Reason.NOT_DUE, TODAY + days(25)),
        3: Skip(Reason.NOT_DUE, TODAY + days(55)),
    }
    assert outcome.message == Message(FIRST, (1,), Decimal(300))


def test_instalments_climb_each_on_its_own():
    found = {
        offset: (outcome.escalated, outcome.message.level)
        for offset, outcome in daily(
            policy(FIRST, SECOND), customer(item(1, late=5), item(2, late=-5)), 30
        )
        if outcome.message
    }
    assert found == {
        0: ({1: FIRST}, FIRST),
        10: ({1: SECOND, 2: FIRST}, SECOND),
        20: ({2: SECOND}, SECOND),
    }


def test_one_item_paused_the_others_still_go():
    outcome = ask(item(1, held=True), item(2), item(3, disputed=True), item(4))
    assert outcome.message.carried == (2, 4)


def test_oldest_invoice_paid_the_others_keep_their_level():
    oldest = served(THIRD, ago=8, key=1)
    other = served(FIRST, ago=10, key=2)
    both = ask(oldest, other)
    alone = ask(replace(oldest, residual=Decimal(0)), other)
    assert both.decisions[2] == alone.decisions[2] == Escalate(SECOND)
    assert both.message.level == THIRD
    assert alone.message.level == SECOND


def test_paid_at_the_provider_not_yet_in_the_bank_no_reminder():
    assert ask_one(item(), pending=Decimal(100)) == Skip(Reason.COVERED)


def test_address_missing_reason_given_and_level_not_served():
    unreachable = customer(item(), unreachable=frozenset({FIRST.key}))
    outcome = decide(policy(), unreachable, now())
    assert outcome.decisions[1] == Skip(Reason.NO_ADDRESS)
    assert serve(unreachable, outcome, TODAY) == unreachable
    reached = replace(unreachable, unreachable=frozenset())
    assert decide(policy(), reached, now(TOMORROW)).escalated == {1: FIRST}


def test_leap_day_and_end_of_year_are_calendar_days():
    due = item(due_date=date(2024, 2, 28))
    assert ask_one(due, on=now(date(2024, 3, 3))) == Skip(
        Reason.LEVEL_NOT_REACHED, date(2024, 3, 4)
    )
    assert ask_one(due, on=now(date(2024, 3, 4))) == Escalate(FIRST)
    due = item(due_date=date(2024, 12, 30))
    assert ask_one(due, on=now(date(2025, 1, 4))) == Escalate(FIRST)


# === THE ENDS OF THE CALENDAR === #


@pytest.mark.parametrize(
    ("an_item", "expected"),
    [
        (item(due_date=date.max), Skip(Reason.NOT_DUE, date.max)),
        (item(due_date=date.max - days(5)), Skip(Reason.NOT_DUE, date.max)),
        (item(due_date=date.max - days(6)), Skip(Reason.NOT_DUE, date.max - days(1))),
        (item(due_date=date.min), Escalate(FIRST)),
        (
            item(held=True, held_until=date.max),
            Skip(Reason.ITEM_HELD, date.max),
        ),
        (
            item(disputed=True, held_until=date.max - days(1)),
            Skip(Reason.ITEM_DISPUTED, date.max),
        ),
        (item(level_date=date.max), Skip(Reason.TOO_SOON, date.max)),
    ],
)
def test_dates_stay_inside_the_calendar(an_item, expected):
    assert ask_one(an_item) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            {"paused": True, "paused_until": date.max},
            Skip(Reason.CUSTOMER_PAUSED, date.max),
        ),
        ({"last_contact": date.max}, Skip(Reason.TOO_SOON, date.max)),
    ],
)
def test_dates_of_the_customer_stay_inside_the_calendar(values, expected):
    assert ask_one(item(), **values) == expected


def test_gap_and_level_beyond_every_calendar_never_reached():
    by = policy(FIRST, gap_days=10**12)
    assert ask_one(item(), by=by, last_contact=TODAY) == Skip(Reason.TOO_SOON, date.max)
    by = policy(Level(1, 10**12))
    assert ask_one(item(), by=by) == Skip(Reason.LEVEL_NOT_REACHED, date.max)


def test_announcement_before_the_first_day_reached_from_the_first_day():
    due = item(due_date=date.min + days(3))
    decision = ask_one(due, by=policy(SOON, FIRST), on=now(date.min))
    assert decision == Escalate(SOON)
