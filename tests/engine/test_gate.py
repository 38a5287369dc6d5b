"""The credit gate: what passes, what is held, who may release, what would cure it."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.gate import (
    PASSED,
    UNCLASSED,
    Absence,
    Account,
    Bracket,
    Cause,
    Customer,
    Document,
    Kind,
    OpenItem,
    Rule,
    Rules,
    approvers,
    deposit,
    judge,
    smallest_cure,
)

DAY = date(2026, 6, 15)
STRICT = Rules(*[Rule.BLOCK] * 5)
MILD = Rules(*[Rule.WARN] * 5)
SILENT = Rules(*[Rule.NOTHING] * 5)


def document(amount=100, key="doc", **values):
    values.setdefault("rank", (key,))
    return Document(key, "customer", Decimal(amount), **values)


def verdict_of(doc, limit=None, used=0, rules=STRICT, **facts):
    account = Account(Decimal(used), None if limit is None else Decimal(limit))
    customer = Customer("account", rules, **facts)
    return judge([doc], {"customer": customer}, {"account": account})[doc.key]


def causes(verdict):
    return [reason.cause for reason in verdict.reasons]


# === THE LIMIT === #


@pytest.mark.parametrize(
    ("limit", "used", "amount", "kind"),
    [
        (None, 10**9, 10**9, Kind.PASS),  # no limit
        (1000, 0, 1000, Kind.PASS),  # exactly used up
        (1000, 0, "1000.01", Kind.BLOCK),
        (1000, 900, 100, Kind.PASS),
        (1000, 901, 100, Kind.BLOCK),
        (0, 0, "0.01", Kind.BLOCK),  # 0 means zero
        (0, -100, 100, Kind.PASS),  # in credit
        (1000, -500, 1500, Kind.PASS),
        (1000, 2000, 1, Kind.BLOCK),  # over it already
    ],
)
def test_limit(limit, used, amount, kind):
    verdict = verdict_of(document(amount), limit, used)
    assert verdict.kind is kind
    if kind is Kind.BLOCK:
        assert verdict.excess == Decimal(used) + Decimal(amount) - limit


def test_limit_tells_its_figures():
    (reason,) = verdict_of(document(400), 1000, 800).reasons
    assert (reason.amount, reason.free, reason.limit) == (200, 200, 1000)


@pytest.mark.parametrize("amount", [0, -5])
def test_what_asks_for_nothing_passes_whatever_is_known(amount):
    verdict = verdict_of(document(amount), 0, 100, on_hold=True, overdue=Decimal(5))
    assert verdict is PASSED


def test_what_is_paid_in_advance_passes():
    paid = document(100, prepaid=Decimal(100))
    assert verdict_of(paid, 0, 0, on_hold=True) is PASSED


def test_an_advance_lowers_what_is_new():
    verdict = verdict_of(document(100, prepaid=Decimal(60)), 50)
    assert verdict.kind is Kind.PASS
    assert verdict.new == 40


def test_invoice_of_an_order_adds_nothing_and_is_never_blocked():
    ordered = document(100, ordered=Decimal(100))
    verdict = verdict_of(ordered, 50, 100, on_hold=True)
    assert verdict.kind is Kind.WARN
    assert causes(verdict) == [Cause.MANUAL]


def test_invoice_above_its_order_adds_the_difference():
    more = document(130, ordered=Decimal(100))
    assert verdict_of(more, 130, 100).kind is Kind.PASS
    verdict = verdict_of(more, 129, 100)
    assert verdict.kind is Kind.BLOCK
    assert verdict.excess == 1


# === NEARLY USED UP === #


@pytest.mark.parametrize(
    ("amount", "warned"), [(699, False), (700, True), (900, True), (1000, True)]
)
def test_near(amount, warned):
    account = Account(limit=Decimal(1000), warn_at=(70, 90))
    verdict = judge(
        [document(amount)], {"customer": Customer("a", STRICT)}, {"a": account}
    )["doc"]
    assert verdict.kind is (Kind.WARN if warned else Kind.PASS)
    if warned:
        (reason,) = verdict.reasons
        assert (reason.cause, reason.percent) == (Cause.NEAR, amount // 10)


def test_near_is_off_without_levels_or_rule():
    for rules, levels in ((STRICT, (0, 0)), (SILENT, (70, 90))):
        account = Account(limit=Decimal(1000), warn_at=levels)
        customers = {"customer": Customer("a", rules)}
        verdict = judge([document(950)], customers, {"a": account})["doc"]
        assert verdict.kind is Kind.PASS


# === THE OTHER CAUSES === #

FACTS = {
    Cause.MANUAL: {"on_hold": True},
    Cause.OVERDUE: {"overdue": Decimal(10), "days": 40},
    Cause.LEVEL: {"level": True},
    Cause.REVIEW: {"review_due": DAY},
}


@pytest.mark.parametrize("cause", FACTS)
@pytest.mark.parametrize(
    ("rules", "kind"),
    [(STRICT, Kind.BLOCK), (MILD, Kind.WARN), (SILENT, Kind.PASS)],
)
def test_cause_follows_the_rule(cause, rules, kind):
    verdict = verdict_of(document(), rules=rules, **FACTS[cause])
    assert verdict.kind is kind
    assert causes(verdict) == ([] if kind is Kind.PASS else [cause])


def test_all_causes_are_told_in_order():
    facts = {name: value for f in FACTS.values() for name, value in f.items()}
    verdict = verdict_of(document(), 50, **facts)
    assert causes(verdict) == [
        Cause.MANUAL,
        Cause.LIMIT,
        Cause.OVERDUE,
        Cause.LEVEL,
        Cause.REVIEW,
    ]


def test_one_blocking_cause_among_warnings_blocks():
    rules = replace(MILD, overdue=Rule.BLOCK)
    verdict = verdict_of(document(), 50, rules=rules, overdue=Decimal(1))
    assert verdict.kind is Kind.BLOCK
    assert [r.cause for r in verdict.blocking] == [Cause.OVERDUE]


def test_without_class_only_what_was_set_on_purpose_counts():
    for facts, kind in (
        ({"on_hold": True}, Kind.BLOCK),
        ({"overdue": Decimal(5), "level": True, "review_due": DAY}, Kind.PASS),
    ):
        assert verdict_of(document(), rules=UNCLASSED, **facts).kind is kind
    assert verdict_of(document(), 0, rules=UNCLASSED).kind is Kind.BLOCK


# === BATCHES === #


def judge_batch(amounts, limit, rules=STRICT):
    docs = [document(a, key=n, rank=(n,)) for n, a in enumerate(amounts)]
    customers = {"customer": Customer("a", rules)}
    return judge(docs, customers, {"a": Account(limit=Decimal(limit))})


def test_ten_drafts_of_400_under_a_limit_of_1000():
    kinds = [v.kind for v in judge_batch([400] * 10, 1000).values()]
    assert kinds == [Kind.PASS] * 2 + [Kind.BLOCK] * 8


def test_what_is_held_leaves_room_for_what_fits():
    kinds = [v.kind for v in judge_batch([400, 700, 600], 1000).values()]
    assert kinds == [Kind.PASS, Kind.BLOCK, Kind.PASS]


def test_what_only_warns_uses_the_limit_all_the_same():
    excesses = [v.excess for v in judge_batch([400] * 4, 1000, MILD).values()]
    assert excesses == [0, 0, 200, 600]


def test_the_rank_decides_not_the_order_given():
    docs = [document(400, key=n, rank=(-n,)) for n in range(3)]
    customers = {"customer": Customer("a", STRICT)}
    verdicts = judge(docs, customers, {"a": Account(limit=Decimal(400))})
    assert list(verdicts) == [2, 1, 0]
    assert [v.kind for v in verdicts.values()] == [Kind.PASS, Kind.BLOCK, Kind.BLOCK]


def test_two_customers_share_a_limit():
    docs = [
        Document(1, "parent", Decimal(600), (1,)),
        Document(2, "child", Decimal(600), (2,)),
    ]
    customers = {"parent": Customer("pool", STRICT), "child": Customer("pool", MILD)}
    verdicts = judge(docs, customers, {"pool": Account(limit=Decimal(1000))})
    assert [v.kind for v in verdicts.values()] == [Kind.PASS, Kind.WARN]


AMOUNTS = st.integers(-50, 600).map(Decimal)


@given(st.lists(AMOUNTS, max_size=12), st.integers(-500, 900), st.integers(0, 1500))
def test_what_passes_together_never_exceeds_the_limit(amounts, used, limit):
    docs = [document(a, key=n, rank=(n,)) for n, a in enumerate(amounts)]
    customers = {"customer": Customer("a", STRICT)}
    account = Account(Decimal(used), Decimal(limit))
    verdicts = judge(docs, customers, {"a": account})
    assert set(verdicts) == set(range(len(amounts)))
    passed = sum(docs[n].new for n, v in verdicts.items() if v.kind is not Kind.BLOCK)
    assert passed == 0 or used + passed <= limit
    for n, verdict in verdicts.items():
        if verdict.kind is Kind.BLOCK:  # it would not have fitted at its turn
            before = sum(
                docs[m].new for m in range(n) if verdicts[m].kind is not Kind.BLOCK
            )
            assert used + before + docs[n].new > limit


# === RELEASES === #


def test_release_covers_what_was_known_and_not_more():
    released = document(100, approved=Decimal(100), approved_causes={Cause.LIMIT})
    assert verdict_of(released, 50).kind is Kind.RELEASED
    larger = replace(released, amount=Decimal("100.01"))
    assert verdict_of(larger, 50).kind is Kind.BLOCK
    smaller = replace(released, amount=Decimal(99))
    assert verdict_of(smaller, 50).kind is Kind.RELEASED
    # meanwhile somebody has put the customer on hold
    assert verdict_of(released, 50, on_hold=True).kind is Kind.BLOCK


def test_release_that_is_no_longer_needed_is_not_used():
    released = document(100, approved=Decimal(100), approved_causes={Cause.LIMIT})
    assert verdict_of(released, 500).kind is Kind.PASS


def test_released_document_uses_the_limit():
    first = document(
        600, key=1, rank=(1,), approved=Decimal(600), approved_causes={Cause.LIMIT}
    )
    second = document(100, key=2, rank=(2,))
    account = Account(Decimal(500), Decimal(1000))
    customers = {"customer": Customer("a", STRICT)}
    verdicts = judge([first, second], customers, {"a": account})
    assert [v.kind for v in verdicts.values()] == [Kind.RELEASED, Kind.BLOCK]


# === WHO MAY RELEASE === #

BRACKETS = [
    Bracket(None, (30,)),
    Bracket(Decimal(1000), (10, 11)),
    Bracket(Decimal(5000), (20, 11)),
]


@pytest.mark.parametrize(
    ("amount", "people"),
    [
        (1000, [10, 11, 20, 30]),
        ("1000.01", [20, 11, 30]),
        (5001, [30]),
    ],
)
def test_brackets(amount, people):
    assert approvers(BRACKETS, Decimal(amount)) == people


def test_nobody_releases_what_no_bracket_covers():
    assert approvers(BRACKETS[1:], Decimal(5001)) == []


def test_who_asks_does_not_decide():
    assert approvers(BRACKETS, Decimal(1), barred=[10, 30]) == [11, 20]


def test_stand_in_comes_first_and_only_on_those_days():
    away = [Absence(10, 99, DAY, DAY + timedelta(3))]
    for day, people in (
        (DAY - timedelta(1), [10, 11]),
        (DAY, [11, 99, 10]),
        (DAY + timedelta(3), [11, 99, 10]),
        (DAY + timedelta(4), [10, 11]),
    ):
        asked = approvers(BRACKETS[1:2], Decimal(1), absences=away, day=day)
        assert asked == people
    alone = [Bracket(None, (10,))]
    assert approvers(alone, Decimal(1), absences=away, day=DAY) == [99, 10]


def test_stand_in_who_asked_does_not_decide_either():
    away = [Absence(10, 99)]
    alone = [Bracket(None, (10,))]
    assert approvers(alone, Decimal(1), [99], away, DAY) == [10]


def test_stand_ins_have_no_stand_ins():
    away = [Absence(10, 99), Absence(99, 98)]
    alone = [Bracket(None, (10,))]
    assert approvers(alone, Decimal(1), absences=away, day=DAY) == [99, 10]


# === WHAT WOULD CURE IT === #


def items(*amounts, late=()):
    return [
        OpenItem(n, Decimal(a), n in late, rank=(n,)) for n, a in enumerate(amounts)
    ]


@pytest.mark.parametrize(
    ("amounts", "excess", "chosen"),
    [
        ([100, 200, 300], 0, []),
        ([100, 200, 300], 150, [1]),  # the smallest that does
        ([100, 200, 300], 301, [2, 0]),
        ([100, 200, 300], 600, [2, 1, 0]),
        ([100, 200, 300], 601, None),
        ([], 1, None),
        ([50, 50], 50, [1]),
    ],
)
def test_smallest_cure(amounts, excess, chosen):
    assert smallest_cure(items(*amounts), Decimal(excess), False) == chosen


def test_late_items_have_to_be_paid_all():
    owed = items(10, 500, 20, late={0, 2})
    assert smallest_cure(owed, Decimal(0), True) == [0, 2]
    assert smallest_cure(owed, Decimal(31), True) == [0, 2, 1]
    assert smallest_cure(owed, Decimal(31), False) == [1]


@given(
    st.lists(st.integers(1, 60), max_size=7),
    st.integers(0, 200),
)
def test_no_smaller_set_would_do(amounts, excess):
    chosen = smallest_cure(items(*amounts), Decimal(excess), False)
    fitting = [
        size
        for size in range(len(amounts) + 1)
        if any(sum(c) >= excess for c in combinations(amounts, size))
    ]
    if not fitting:
        assert chosen is None
        return
    assert len(chosen) == fitting[0]
    assert sum(amounts[n] for n in chosen) >= excess


def test_deposit_covers_what_is_over_the_limit():
    over = verdict_of(document(400), 1000, 800)
    assert deposit(over, Decimal(400)) == 200
    far_over = verdict_of(document(400), 1000, 5000)
    assert deposit(far_over, Decimal(400)) == 400
    held = verdict_of(document(400), 1000, 800, on_hold=True)
    assert deposit(held, Decimal(400)) == 400
    assert deposit(PASSED, Decimal(400)) is None
