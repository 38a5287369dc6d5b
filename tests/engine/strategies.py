"""Hypothesis strategies for the engine, and the profile its tests run under.

The profile is derandomised: the same code gives the same verdict on every machine, and
nothing is stored between runs. Small ranges are on purpose: boundaries and collisions
are where the rules meet.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from engine.escalation import (
    Circumstances,
    Customer,
    Item,
    Level,
    Policy,
    Refused,
    StartRule,
)

settings.register_profile(
    "engine",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("engine")

TODAY = date(2025, 3, 10)


def one_in(number: int):
    return st.integers(1, number).map(lambda drawn: drawn == number)


@cache
def days_around(before: int = 80, after: int = 20):
    return st.integers(-before, after).map(lambda number: TODAY + timedelta(number))


@cache
def amounts(least: int = 0, most: int = 500_00):
    """Amounts of money, given in cents; shrinks towards zero."""
    return st.integers(least, most).map(lambda cents: Decimal(cents) / 100)


ZERO = Decimal(0)


def maybe(strategy, empty=None):
    return st.just(empty) | strategy


level_days = st.integers(-12, 60)
lists_of_days = {
    least: st.lists(level_days, min_size=least, max_size=5, unique=True)
    for least in (0, 1, 2)
}
bools, rarely, sometimes = st.booleans(), one_in(10), one_in(3)
starts, gaps = st.sampled_from(StartRule), maybe(st.integers(0, 15), 0)
min_amounts = maybe(amounts(0, 1000_00), ZERO)
min_shares = maybe(amounts(0, 40_00), ZERO)
residuals, credit_notes = amounts(1), amounts(-500_00, 0)
originals = maybe(amounts(-500_00))
holds = maybe(days_around())
notices, contacts = (
    maybe(days_around(before=30, after=0)),
    maybe(days_around(before=40, after=1)),
)
item_flags = st.sampled_from(
    [None] * 12
    + ["credit", "held", "disputed", "excluded", "blocked"]
    + ["insolvent", "last_day", "refused"]
)
# long over, or not over within the days the tests look ahead
last_days = st.sampled_from([TODAY - timedelta(1), TODAY + timedelta(200)])
refusals = st.dictionaries(
    st.integers(1, 5),
    st.builds(Refused, st.just("waiting"), st.just("law"), maybe(days_around())),
)
customer_flags = st.sampled_from(
    [None] * 15
    + ["archived", "paused", "in_proposal", "under_way", "unreachable", "unreachable"]
)
keys_of_levels = st.frozensets(st.integers(1, 5))
all_credits, all_pending = (
    maybe(amounts(0, 300_00), ZERO),
    maybe(amounts(0, 100_00), ZERO),
)


@st.composite
def policies(draw, min_levels: int = 0, strict: bool = True, **fixed):
    """A policy; ``strict=False`` leaves out its thresholds.

    Its formal notices are no announcements: nobody gets one before the due date.
    """
    values = {
        "levels": tuple(
            Level(key=key, days=number, formal=number >= 0 and draw(sometimes))
            for key, number in enumerate(draw(lists_of_days[min_levels]), start=1)
        ),
        "start": draw(starts),
        "gap_days": draw(gaps),
    }
    if strict:
        values |= {
            "min_amount": draw(min_amounts),
            "min_share": draw(min_shares),
            "manual": draw(rarely),
        }
    return Policy(**values | fixed)


@st.composite
def courteous_policies(draw, **fixed):
    """A policy that asks at least once before its first formal notice."""
    policy = draw(policies(min_levels=1, **fixed))
    first = next((level for level in policy.levels if not level.preventive), None)
    return replace(
        policy,
        levels=tuple(
            replace(level, formal=False) if level == first else level
            for level in policy.levels
        ),
    )


def draw_item(draw, key: int, fresh: bool = False, flags: bool = True) -> Item:
    """An open item; ``fresh``: never reminded of; without ``flags``: a plain debt."""
    values = {
        "key": key,
        "due_date": draw(days_around()),
        "residual": draw(residuals),
        "original": draw(originals),
    }
    if not fresh and draw(bools):
        values |= {"level_days": draw(level_days), "level_date": draw(notices)}
    flag = draw(item_flags) if flags else None
    if flag == "credit":
        values["residual"] = draw(credit_notes)
    elif flag == "insolvent":
        values[flag] = True
    elif flag == "last_day":
        values[flag] = draw(last_days)
    elif flag == "refused":
        values[flag] = draw(refusals)
    elif flag:
        values |= {flag: True, "held_until": draw(holds)}
    return Item(**values)


items = st.composite(draw_item)


@st.composite
def customers(
    draw, least: int = 0, most: int = 5, fresh: bool = False, flags: bool = True
):
    """A customer; ``fresh`` and ``flags`` as for the items."""
    size = draw(st.integers(least, most))
    values = {
        "items": tuple(draw_item(draw, key, fresh, flags) for key in range(size)),
        "credits": draw(all_credits),
        "pending": draw(all_pending),
    }
    if not fresh:
        values["last_contact"] = draw(contacts)
    flag = draw(customer_flags) if flags else None
    if flag == "unreachable":
        values[flag] = draw(keys_of_levels)
    elif flag:
        values |= {flag: True, "paused_until": draw(holds)}
    return Customer(**values)


def circumstances(day: date = TODAY):
    return st.builds(
        Circumstances,
        day=st.just(day),
        scheduled=bools,
        baseline=maybe(days_around(before=60)),
        bank_date=maybe(days_around(before=20, after=0)),
        bank_max_age=st.integers(0, 5),
    )


def circumstances_of_a_likely_day():
    return st.builds(
        Circumstances, day=st.just(TODAY), baseline=maybe(days_around(before=60))
    )


@st.composite
def likely(draw, **fixed):
    """A situation in which little stands against a message."""
    policy = draw(policies(min_levels=2, strict=False, **fixed))
    customer = draw(customers(least=1))
    long_ago = TODAY - timedelta(days=policy.gap_days + draw(st.integers(1, 20)))
    calm_items = tuple(
        replace(
            item,
            level_days=item.level_days and item.level_days - 15,
            level_date=item.level_date and min(item.level_date, long_ago),
        )
        for item in customer.items
    )
    customer = replace(
        customer,
        items=calm_items,
        credits=customer.credits / 10,
        pending=customer.pending / 10,
        last_contact=long_ago,
        archived=False,
        paused=False,
        in_proposal=False,
        under_way=False,
    )
    return policy, customer, draw(circumstances_of_a_likely_day())


@cache
def situations(**fixed):
    """Everything :func:`decide` takes; ``fixed`` are values of the policy.

    A third of them are drawn wild, where mostly something stands against a message; in
    another, some items are leftovers.
    """
    some = policies(min_levels=1, **fixed)
    none = st.just(Policy()) if fixed else maybe(st.just(Policy()))
    seldom = one_in(8).flatmap(lambda bare: none if bare else some)
    wild = st.tuples(seldom, customers(), circumstances())
    leftovers = likely(**{"min_share": Decimal(20)} | fixed)
    return st.one_of(wild, likely(**fixed), leftovers)
