from odoo import api, models

from ..engine import exposure


class CreditGate(models.AbstractModel):
    """Money that providers have received for documents, and nobody has booked yet."""

    _inherit = "credit.gate"

    @api.model
    def _received(self, documents, company, day):
        """What providers have received, or guarantee, and is in no payment yet.

        Money for several documents is shared among them, those told included that are
        not asked for here.

        :param documents: recordset of one gated model.
        :return: ``{document id: Decimal}`` in company currency, where there is some.
        """
        if "transaction_ids" not in documents._fields:
            return {}
        transactions = documents.sudo().transaction_ids.filtered(
            lambda transaction: (
                transaction.state in ("authorized", "done")
                and transaction.operation not in ("refund", "validation")
                and not transaction.payment_id
            )
        )
        if not transactions:
            return {}
        claims_of = {
            transaction: self._claims_on(transaction) for transaction in transactions
        }
        claims = {}
        for model in self._gated_models():
            mine = model.union(
                *(
                    documents
                    for several in claims_of.values()
                    for documents in several
                    if documents._name == model._name
                )
            )
            claims.update(self._claim_amounts(mine, day))
        received = exposure.allocate(
            (
                exposure.Receipt(
                    self._transaction_amount(transaction, company, day),
                    tuple(
                        (document._name, document.id)
                        for documents in several
                        for document in documents
                    ),
                )
                for transaction, several in claims_of.items()
            ),
            claims,
        )
        return {
            key: amount
            for (name, key), amount in received.items()
            if name == documents._name
        }

    @api.model
    def _claims_on(self, transaction):
        """The documents that money was paid for, as recordsets of gated models, those
        first that are served first.
        """
        return [transaction.invoice_ids.sorted(lambda move: move._credit_rank())]

    @api.model
    def _claim_amounts(self, documents, day):
        """What these documents ask for, posted or not.

        :return: ``{(model name, id): Decimal}`` in company currency.
        """
        if documents._name != "account.move":
            amounts = self.env["credit.exposure"]._document_amounts(documents, day)
        else:
            amounts = {
                move.id: move.company_id._to_decimal(move.amount_residual_signed)
                for move in documents
                if move.state != "cancel"
            }
        return {(documents._name, key): amount for key, amount in amounts.items()}

    @api.model
    def _transaction_amount(self, transaction, company, day):
        """What is left of the money: not what was captured by a transaction of its own,
        set free, or paid back.
        """
        amount = transaction.amount
        for child in transaction.child_transaction_ids:
            if child.operation == "refund":
                amount += child.amount if child.state == "done" else 0
            elif child.state in ("done", "cancel"):
                amount -= child.amount
        return company._to_decimal(
            transaction.currency_id._convert(amount, company.currency_id, company, day)
        )
