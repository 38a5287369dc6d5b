"""What a query of the ledger means by its words, said once for all that ask.

The models that read the ledger set-wise share these pieces; see also
``account.move.line._dunning_due_before``.
"""

from datetime import timedelta

from odoo.fields import Domain
from odoo.tools import SQL

ONLINE_PAYMENT_DAYS = timedelta(days=7)  # a payment announced is awaited this long

# A customer's payment that has no journal entry yet. One with an entry shows as a
# credit among the open items; one whose money the bank statement shows has ended.
PAYMENT_ON_ITS_WAY = SQL(
    """(payment.state = 'in_process'
        AND payment.move_id IS NULL
        AND payment.payment_type = 'inbound'
        AND payment.partner_type = 'customer')"""
)


def online_payment_domain(company, day):
    """Transactions of payment providers that are not yet payments in the books.

    One that waits counts for some days: nothing ends it when the customer never makes
    the transfer announced.

    :param company: the root company; its branches count as well.
    """
    announced = Domain("state", "in", ("pending", "authorized")) & Domain(
        "last_state_change", ">=", day - ONLINE_PAYMENT_DAYS
    )
    paid = Domain("state", "=", "done") & Domain("is_post_processed", "=", False)
    return (
        Domain("company_id", "child_of", company.id)
        & Domain("operation", "not in", ("refund", "validation"))
        & (announced | paid)
    )
