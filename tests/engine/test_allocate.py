"""Money received for several documents."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from engine.exposure import Receipt, allocate

D = Decimal
KEYS = "ABCD"
amounts = st.integers(-500, 5000).map(D)
receipts = st.lists(
    st.builds(
        Receipt,
        amount=amounts,
        claims=st.lists(st.sampled_from(KEYS), unique=True).map(tuple),
    ),
    max_size=5,
)
claims = st.dictionaries(st.sampled_from(KEYS), amounts)


class TestAllocate:
    def test_two_documents_share_one_payment(self):
        got = allocate([Receipt(D(500), ("A", "B"))], {"A": D(300), "B": D(400)})
        assert got == {"A": 300, "B": 200}

    def test_first_takes_all(self):
        got = allocate([Receipt(D(300), ("A", "B"))], {"A": D(300), "B": D(400)})
        assert got == {"A": 300}

    def test_two_payments_of_one_document(self):
        got = allocate(
            [Receipt(D(300), ("A",)), Receipt(D(300), ("A",))], {"A": D(500)}
        )
        assert got == {"A": 500}

    def test_money_for_one_document_goes_first(self):
        got = allocate(
            [Receipt(D(300), ("A", "B")), Receipt(D(300), ("A",))],
            {"A": D(300), "B": D(300)},
        )
        assert got == {"A": 300, "B": 300}

    def test_document_that_asks_for_nothing(self):
        got = allocate(
            [Receipt(D(300), ("A", "B", "C"))], {"A": D(-50), "B": D(0), "C": D(10)}
        )
        assert got == {"C": 10}
        assert allocate([Receipt(D(300), ("X",))], {}) == {}

    def test_money_paid_back(self):
        assert allocate([Receipt(D(-300), ("A",))], {"A": D(100)}) == {}

    @given(receipts, claims)
    def test_no_coin_twice_and_none_beyond_a_claim(self, received, asked):
        served = allocate(received, asked)
        positive = [receipt for receipt in received if receipt.amount > 0]
        assert sum(served.values()) <= sum(r.amount for r in positive)
        for key, amount in served.items():
            assert 0 < amount <= asked[key]
            assert amount <= sum(r.amount for r in positive if key in r.claims)

    @given(receipts, claims)
    def test_nothing_is_left_lying(self, received, asked):
        """Who has money for a document that is not served has none left."""
        served = allocate(received, asked)
        for key in KEYS:
            if served.get(key, 0) < asked.get(key, 0):
                mine = [r for r in received if key in r.claims and r.amount > 0]
                for receipt in mine:
                    given_away = sum(served.get(k, 0) for k in receipt.claims)
                    assert given_away >= receipt.amount
