"""Invoices at the credit gate: what is posted, what is held, what cures it."""

from datetime import datetime
from decimal import Decimal
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import sql_db
from odoo.api import SUPERUSER_ID, Environment
from odoo.exceptions import UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from .common import NOW, TODAY
from .gate_common import GateCommon


class TestGate(GateCommon):
    # === THE LIMIT === #

    def test_ten_drafts_posted_together(self):
        moves = self._drafts(*[400] * 10)
        action = moves.action_post()
        posted = moves.filtered(lambda m: m.state == "posted")
        self.assertEqual(posted, moves[:2], "the oldest fit")
        held = moves - posted
        self.assertEqual(set(held.mapped("credit_state")), {"held"})
        self.assertEqual(set(held.mapped("state")), {"draft"})
        self.assertEqual(action["tag"], "display_notification")
        self.assertIn("8", action["params"]["title"])

    def test_ten_drafts_posted_one_by_one(self):
        moves = self._drafts(*[400] * 10)
        for move in moves:
            move.action_post()
        self.assertEqual(moves.filtered(lambda m: m.state == "posted"), moves[:2])

    def test_what_fits_is_posted_though_another_is_held(self):
        moves = self._drafts(400, 700, 600)
        moves.action_post()
        self.assertEqual(moves.mapped("state"), ["posted", "draft", "posted"])

    def test_limit_of_zero_means_zero(self):
        profile = self._limited(self._customer("None"), 0)
        move = self._draft(0.01, partner=profile.partner_id)
        move.action_post()
        self.assertEqual(move.credit_state, "held")

    def test_without_enforced_limit_everything_passes(self):
        self.profile.limit_enforced = False
        move = self._draft(10**6)
        self.assertFalse(move.action_post())
        self.assertEqual((move.state, move.credit_state), ("posted", "none"))

    def test_contact_of_a_company_uses_the_company_s_limit(self):
        contact = self._customer("C", parent_id=self.customer.id, is_company=False)
        move = self._draft(1200, partner=contact)
        move.action_post()
        self.assertEqual(move.credit_state, "held")

    def test_foreign_currency_is_compared_in_company_currency(self):
        currency = self.setup_other_currency("EUR", rates=[("2020-01-01", 2.0)])
        move = self._draft(1500, currency_id=currency.id)  # worth 750
        move.action_post()
        self.assertEqual(move.state, "posted")
        more = self._draft(600, currency_id=currency.id)
        more.action_post()
        self.assertEqual(more.credit_state, "held")

    def test_customers_who_share_a_limit(self):
        child = self._customer("Child")
        self._profile(child).pool_profile_id = self.profile
        moves = self._draft(700) + self._draft(700, partner=child)
        moves.action_post()
        self.assertEqual(moves.mapped("state"), ["posted", "draft"])

    def test_drafts_count_where_the_company_says_so(self):
        self.company.credit_count_drafts = True
        other = self._draft(700)
        move = self._draft(400)
        move.action_post()
        self.assertEqual(move.credit_state, "held")
        other.unlink()
        move.action_post()
        self.assertEqual(move.state, "posted")

    # === WHAT IS NEVER HELD === #

    def test_credit_notes_receipts_bills_and_payments(self):
        self.profile.credit_hold = True
        for kind in ("out_refund", "out_receipt", "in_invoice", "in_refund"):
            with self.subTest(kind=kind):
                move = self._draft(5000, move_type=kind)
                move.action_post()
                self.assertEqual(move.state, "posted")
        payment = self._payment(self.customer, 10)
        self.assertEqual(payment.move_id.state, "posted")
        entry = self._entry(self.customer, 10**5)
        self.assertEqual(entry.state, "posted")

    def test_reversal_of_an_invoice_is_posted(self):
        invoice = self._invoice(self.customer, 900, late=-30)
        self.profile.credit_hold = True
        refund = invoice._reverse_moves(cancel=True)
        self.assertEqual(refund.state, "posted")

    # === THE OTHER CAUSES === #

    def _verdict(self, **values):
        self.profile.sudo().write({"class_id": self.strict.id, **values})
        move = self._draft(1)
        move.action_post()
        return move

    def test_overdue_items(self):
        self._invoice(self.customer, 100, late=10)
        self.assertEqual(self._verdict().state, "posted", "tolerated for ten days")
        self._invoice(self.customer, 100, late=11)
        move = self._verdict()
        self.assertEqual(move.credit_state, "held")
        self.assertIn("overdue", move.credit_sentence)
        self.assertIn("11", move.credit_sentence)

    def test_overdue_but_covered_by_a_payment_not_allocated(self):
        self._invoice(self.customer, 100, late=30)
        self._payment(self.customer, 100)
        self.assertEqual(self._verdict().state, "posted")

    def test_overdue_but_disputed(self):
        invoice = self._invoice(self.customer, 100, late=30)
        move = self._verdict()
        self.assertEqual(move.credit_state, "held")
        self.env["dunning.hold"].create(
            {
                "profile_id": self.profile.id,
                "kind": "dispute",
                "reason": "Damaged",
                "move_line_ids": [(6, 0, self._item(invoice).ids)],
            }
        )
        self._look_again()
        self.assertEqual(move.credit_state, "none", "cured by itself")
        self.assertFalse(move.credit_reasons)

    def test_level_reached(self):
        invoice = self._invoice(self.customer, 100, late=1)
        self._item(invoice).dunning_level_id = self.second
        self.assertEqual(self._verdict().state, "posted")
        self._item(invoice).dunning_level_id = self.formal
        self.assertEqual(self._verdict().credit_state, "held")

    def test_review_out_of_date(self):
        tomorrow = self._tomorrow()
        self.assertEqual(self._verdict(next_review_date=tomorrow).state, "posted")
        # a new customer's review is due the day the customer is made
        move = self._verdict(next_review_date=TODAY)
        self.assertEqual(move.credit_state, "held")

    def test_hold_by_hand_says_why(self):
        self.profile.credit_hold_reason = "Insolvency rumours"
        move = self._verdict(credit_hold=True)
        self.assertEqual(move.credit_state, "held")
        self.assertIn("Insolvency rumours", move.credit_sentence)
        self.profile.credit_hold = False
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_rule_that_warns_posts_and_remembers(self):
        self.strict.rule_limit = "warn"
        self.profile.class_id = self.strict
        move = self._draft(1500)
        self.assertEqual(move.credit_level, "warn")
        self.assertFalse(move.action_post())
        self.assertEqual((move.state, move.credit_state), ("posted", "warned"))
        self.assertIn("500", move.credit_sentence)

    def test_rule_that_says_nothing(self):
        self.strict.rule_limit = "nothing"
        self.profile.class_id = self.strict
        move = self._draft(1500)
        move.action_post()
        self.assertEqual((move.state, move.credit_state), ("posted", "none"))

    def test_warnings_before_the_limit(self):
        move = self._draft(699)
        self.assertEqual(move.credit_level, "none")
        more = self._draft(700)
        self.assertEqual(more.credit_level, "warn")
        self.assertIn("70 %", more.credit_sentence)
        self.company.write({"credit_warn_percent_1": 0, "credit_warn_percent_2": 0})
        more.invalidate_recordset()
        self.assertEqual(more.credit_level, "none")

    # === WHAT PEOPLE SEE === #

    def test_draft_says_what_would_happen(self):
        move = self._draft(1500)
        self.assertEqual(move.credit_level, "block")
        self.assertIn("500", move.credit_sentence)
        self.assertEqual(move.credit_state, "none")
        with Form(move) as form, form.invoice_line_ids.edit(0) as line:
            line.price_unit = 600
        self.assertEqual(move.credit_level, "none")
        self.assertFalse(move.credit_sentence)

    def test_held_invoice_tells_its_salesperson(self):
        seller = self._user("seller", "account.group_account_readonly")
        move = self._draft(1500, invoice_user_id=seller.id)
        move.with_user(self.biller).action_post()
        self.assertEqual(move.activity_ids.user_id, seller)
        self.assertEqual(move.credit_held_by_id, self.biller)
        self.assertIn("500", move.message_ids[0].body)

    def test_who_stands_before_the_screen_gets_no_activity(self):
        move = self._draft(1500, invoice_user_id=self.biller.id)
        action = move.with_user(self.biller).action_post()
        self.assertFalse(move.activity_ids)
        self.assertIn("500", action["params"]["message"])
        self.assertIn("request a release", action["params"]["message"])

    def test_sentence_is_in_the_reader_s_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        move = self._held()
        french = move.with_context(lang="fr_FR")
        self.assertIn("$", french.credit_sentence)
        self.assertEqual(move.credit_reasons[0]["amount"], 400)

    def test_list_of_what_is_held(self):
        move = self._held()
        held = self.env["credit.held"].search([("partner_id", "=", self.customer.id)])
        self.assertEqual(held.res_id, move.id)
        self.assertEqual(held.amount, 400)
        self.assertEqual(held.profile_id, self.profile)
        self.assertEqual(held.age, 0)
        self.assertIn("400", held.sentence)
        self.assertEqual(held.actor_id, move.invoice_user_id)
        self._request(move)
        self.env.invalidate_all()
        self.assertEqual(held.state, "requested")
        self.assertEqual(held.actor_id, self.contact)
        self.assertEqual(held.action_open()["res_id"], move.id)

    # === AUTOMATIC POSTINGS === #

    def _autopost(self):
        self.env["account.move"].search([("auto_post", "!=", "no")]).filtered(
            lambda m: m.partner_id != self.customer
        ).auto_post = "no"
        with self.enter_registry_test_mode():
            self.env.ref(
                "account.ir_cron_auto_post_draft_entry"
            ).sudo().method_direct_trigger()
        self.env.invalidate_all()

    def test_scheduled_posting_queues_and_goes_on(self):
        moves = self._drafts(800, 400, 100)
        moves.write({"auto_post": "at_date", "date": TODAY})
        self._autopost()
        self.assertEqual(moves.mapped("state"), ["posted", "draft", "posted"])
        held = moves[1]
        self.assertEqual((held.auto_post, held.credit_state), ("at_date", "held"))
        later = self._draft(50)
        later.write({"auto_post": "at_date", "date": TODAY})
        self._autopost()
        self.assertEqual(later.state, "posted", "the held one is in nobody's way")
        self.assertEqual(held.state, "draft")
        self.env["ir.cron.trigger"].search([]).unlink()
        self._pay(moves[0])
        self._look_again()
        self.assertEqual(held.credit_state, "none")
        self.assertTrue(
            self.env["ir.cron.trigger"].search(
                [
                    (
                        "cron_id",
                        "=",
                        self.env.ref("account.ir_cron_auto_post_draft_entry").id,
                    )
                ]
            )
        )
        self._autopost()
        self.assertEqual(held.state, "posted")

    def test_scheduled_posting_full_of_held_entries(self):
        moves = self._drafts(*[1500] * 3)
        good = self._draft(100)
        (moves + good).write({"auto_post": "at_date", "date": TODAY})
        AccountMove = type(self.env["account.move"])
        original = AccountMove._autopost_draft_entries
        with patch.object(
            AccountMove,
            "_autopost_draft_entries",
            lambda moves, batch_size=100: original(moves, 2),
        ):
            self._autopost()
        self.assertEqual(good.state, "posted")
        self.assertEqual(set(moves.mapped("credit_state")), {"held"})

    def test_recurring_entry_is_copied_once_when_it_is_posted(self):
        self._invoice(self.customer, 1000, late=-30)
        move = self._draft(400)
        move.write({"auto_post": "monthly", "date": TODAY, "invoice_date": TODAY})
        self._autopost()
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))
        origin = [("auto_post_origin_id", "=", move.id), ("id", "!=", move.id)]
        self.assertFalse(self.env["account.move"].search(origin))
        release = self._request(move)
        release.with_user(self.manager).action_approve()
        self._autopost()
        self.assertEqual(move.state, "posted")
        self.assertEqual(len(self.env["account.move"].search(origin)), 1)

    def test_what_is_posted_later_is_judged_later(self):
        move = self._draft(5000)
        move.write({"date": self._tomorrow(), "invoice_date": self._tomorrow()})
        move._post(soft=True)
        self.assertEqual((move.state, move.credit_state), ("draft", "none"))
        self.assertEqual(move.auto_post, "at_date")

    # === THE GATE STANDS FIRST === #

    def test_no_other_step_is_taken_for_what_is_held(self):
        """Other addons do things before they call ``super()``: not for these."""
        model_class = self.env.registry["account.move"]
        self.assertIn("_post", vars(model_class))
        seen = []
        gated = vars(model_class)["_post"]
        original = gated.__wrapped__
        self.assertFalse(hasattr(original, "credit_gate"), "put around it once")
        move, good = self._draft(1500), self._draft(100)
        (move + good)._credit_gated(
            lambda moves, soft: seen.append(moves) or original(moves, soft), False
        )
        self.assertEqual(seen, [good])

    def test_registry_set_up_again_keeps_one_gate(self):
        model_class = self.env.registry["account.move"]
        self.env["account.move"]._unregister_hook()
        self.assertNotIn("_post", vars(model_class))
        self.env["account.move"]._register_hook()
        self.env["account.move"]._register_hook()
        self.assertFalse(hasattr(vars(model_class)["_post"].__wrapped__, "credit_gate"))

    # === THE STATE WRITTEN BY A PROGRAM === #

    def test_state_written_is_judged(self):
        moves = self._drafts(600, 600)
        writer = moves.with_user(self.biller)
        writer.write({"state": "posted", "ref": "API"})
        self.assertEqual(moves.mapped("state"), ["posted", "draft"])
        self.assertEqual(moves.mapped("credit_state"), ["none", "held"])
        self.assertEqual(set(moves.mapped("ref")), {"API"}, "nothing is lost")
        self.assertFalse(moves[1].posted_before)

    def test_state_written_with_full_rights_is_judged(self):
        move = self._draft(1500).sudo()
        move.write({"state": "posted", "posted_before": True})
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))
        self.assertFalse(move.posted_before)

    def test_state_written_with_more_lines(self):
        move = self._draft(100)
        line = {"name": "More", "price_unit": 5000, "tax_ids": []}
        move.with_user(self.biller).write(
            {"state": "posted", "invoice_line_ids": [(0, 0, line)]}
        )
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))
        self.assertEqual(move.amount_total, 5100)

    def test_state_written_by_somebody_who_knows_the_gate(self):
        move = self._draft(1500).with_user(self.biller)
        move.with_context(credit_gate_passed=move.ids).write({"state": "posted"})
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))
        move.button_cancel()
        with self.assertRaisesRegex(UserError, "back to draft"):
            move.write({"state": "posted"})

    def test_state_imported(self):
        move = self._draft(1500)
        result = (
            self.env["account.move"]
            .with_user(self.biller)
            .load([".id", "state"], [[str(move.id), "posted"]])
        )
        self.assertFalse(result["messages"])
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))

    def test_other_entries_are_written_as_before(self):
        for kind in ("out_refund", "in_invoice", "entry"):
            with self.subTest(kind=kind):
                move = self.env["account.move"]
                move = (
                    self._entry(self.customer, 10)
                    if kind == "entry"
                    else self._draft(5000, move_type=kind)
                )
                if kind == "entry":
                    move.button_draft()
                move.sudo().write({"state": "posted"})
                self.assertEqual(move.state, "posted")

    def test_released_invoice_posted_by_its_state(self):
        move = self._held()
        release = self._request(move)
        release.with_user(self.manager).action_approve()
        move.with_user(self.biller).write({"state": "posted"})
        self.assertEqual((move.state, release.state), ("posted", "used"))

    def test_while_modules_are_installed_nothing_is_stopped_half_way(self):
        move = self._draft(1500)
        self.env["account.move"]._unregister_hook()
        try:
            move.action_post()
        finally:
            self.env["account.move"]._register_hook()
        self.assertEqual((move.state, move.credit_state), ("posted", "none"))

    def test_back_to_draft_and_posted_again(self):
        move = self._draft(900)
        move.action_post()
        posted = move._post  # what it gives back passes nothing later
        move.button_draft()
        result = posted(soft=False)
        self.assertEqual(result, move)
        self.assertNotIn("credit_gate_passed", result.env.context)
        result.button_draft()
        self.profile.credit_hold = True
        result.action_post()
        self.assertEqual((move.state, move.credit_state), ("draft", "held"))

    # === CURES === #

    def test_payment_lifts_and_the_salesperson_is_told(self):
        seller = self._user("seller", "account.group_account_readonly")
        first = self._invoice(self.customer, 1000, late=-30)
        move = self._draft(400, invoice_user_id=seller.id)
        move.with_user(self.biller).action_post()
        self.assertEqual(len(move.activity_ids), 1)
        self._pay(first, 500)
        self._look_again()
        self.assertEqual(move.credit_state, "none")
        self.assertEqual(move.state, "draft", "a person confirms it")
        self.assertEqual(move.activity_ids.user_id, seller)
        self.assertIn("confirm", move.activity_ids.note)
        move.action_post()
        self.assertEqual(move.state, "posted")

    def test_payment_that_is_not_enough_lifts_nothing(self):
        first = self._invoice(self.customer, 1000, late=-30)
        move = self._draft(400)
        move.action_post()
        self._pay(first, 100)
        self._look_again()
        self.assertEqual(move.credit_state, "held")
        self.assertEqual(move.credit_reasons[0]["amount"], 300, "figures of today")

    def test_payment_on_account_lifts(self):
        move = self._held()
        self._payment(self.customer, 400)
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_credit_note_lifts(self):
        move = self._held()
        self._credit_note(self.customer, 400)
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_invoice_back_to_draft_lifts(self):
        first = self._invoice(self.customer, 1000, late=-30)
        move = self._draft(400)
        move.action_post()
        first.button_draft()
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_limit_lifts(self):
        move = self._held()
        self.profile.with_user(self.manager).credit_limit = 1400
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_class_lifts(self):
        self.profile.class_id = self.strict
        move = self._held()
        mild = self.strict.copy({"rule_limit": "warn"})
        self.profile.class_id = mild
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_milder_rule_lifts(self):
        self.profile.class_id = self.strict
        move = self._held()
        self.strict.rule_limit = "nothing"
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_payment_of_the_group_lifts(self):
        child = self._customer("Child")
        self._profile(child).pool_profile_id = self.profile
        first = self._invoice(self.customer, 1000, late=-30)
        move = self._draft(400, partner=child)
        move.action_post()
        self.assertEqual(move.credit_state, "held")
        self._pay(first)
        self._look_again()
        self.assertEqual(move.credit_state, "none")

    def test_of_two_only_what_fits_is_lifted(self):
        first = self._invoice(self.customer, 1000, late=-30)
        moves = self._drafts(400, 400)
        moves.action_post()
        self._pay(first, 500)
        self._look_again()
        self.assertEqual(moves.mapped("credit_state"), ["none", "held"])

    def test_time_lifts(self):
        move = self._held()
        self.profile.write(
            {
                "temporary_limit": 5000,
                "temporary_limit_from": self._tomorrow(),
                "temporary_limit_to": self._tomorrow(5),
            }
        )
        self._look_again()
        self.assertEqual(move.credit_state, "held")
        when = datetime.combine(self._tomorrow(), NOW.time())
        self._cron("ir_cron_credit_gate", when)
        self.assertEqual(move.credit_state, "none")

    def test_held_invoice_cancelled_or_deleted(self):
        move = self._held()
        release = self._request(move)
        move.button_cancel()
        self.assertEqual(release.state, "cancelled")
        self.assertEqual(move.credit_state, "none")
        self.assertFalse(release.activity_ids)
        other = self._draft(400)
        other.action_post()
        release = self._request(other)
        other.unlink()
        self.assertEqual(release.state, "cancelled")
        self.assertEqual(release._document(), self.env["account.move"])

    def test_merged_customers_keep_what_is_held(self):
        move = self._held()
        other = self._customer("Other")
        self.env["base.partner.merge.automatic.wizard"]._merge(
            [self.customer.id, other.id], self.customer
        )
        self.assertEqual(move.credit_state, "held")
        self.assertEqual(move._credit_profile(), self._profile(self.customer))

    # === SPEED === #

    def _queries(self, call):
        self.env.flush_all()
        self.env.invalidate_all()
        before = sql_db.sql_counter
        call()
        self.env.flush_all()
        return sql_db.sql_counter - before

    def test_number_of_queries_does_not_grow_with_documents(self):
        self.profile.class_id = self.strict
        counts = {}
        Gate = self.env["credit.gate"]
        for count in (2, 2, 20):
            partners = self.env["res.partner"]
            moves = self.env["account.move"]
            for number in range(count):
                partner = self._customer(f"Q{count}-{number}")
                self._limited(partner, 1000, class_id=self.strict.id)
                moves += self._draft(10, partner=partner)
                partners |= partner
            counts[count] = self._queries(lambda m=moves: Gate._judge(m, lock=True))
        self.assertLessEqual(counts[20], counts[2] + 2)
        self.assertLessEqual(counts[20], 20)

    def test_posting_many_costs_few_queries_more(self):
        """The guard of "at most 10 % more": one or twenty, the gate asks ten times."""
        self.profile.class_id = self.strict
        model = self.env["account.move"]

        def post(count, gate):
            moves = model
            for number in range(count):
                partner = self._customer(f"S{gate}{count}-{number}")
                self._limited(partner, 1000, class_id=self.strict.id)
                moves += self._draft(10, partner=partner)
            if not gate:
                model._unregister_hook()
            try:
                return self._queries(moves.action_post)
            finally:
                model._register_hook()

        post(2, True)
        for count in (1, 20):
            with self.subTest(count=count):
                # the least of three: what an emptied cache reads again is not its own
                without, gated = (
                    min(post(count, gate) for _run in range(3))
                    for gate in (False, True)
                )
                self.assertLess(without, gated, "the gate was there")
                self.assertLessEqual(gated - without, 12)

    def test_invoice_of_nothing_new_uses_no_limit(self):
        """What was ordered has its place in the limit: it is not looked up again."""
        move = self._draft(5000)
        Move = self.env.registry["account.move"]
        Exposure = self.env.registry["credit.exposure"]
        with (
            patch.object(
                Move, "_credit_ordered", lambda self, *args: {self.id: Decimal(5000)}
            ),
            patch.object(Exposure, "_exposures") as exposures,
        ):
            move.action_post()
        exposures.assert_not_called()
        self.assertEqual(move.state, "posted")

    def test_list_of_drafts_judges_none_of_them(self):
        """Whoever reads drafts without saying which fields gets those of the gate."""
        names = ["credit_sentence", "credit_level", "credit_advice"]
        names += ["credit_can_request", "credit_can_release", "credit_can_ask_payment"]
        moves = self._drafts(*[1500] * 12)
        few, many = moves[:2], moves[2:]
        few.read(names)
        counts = [
            self._queries(lambda m=some: self.assertTrue(m.read(names)))
            for some in (few, many)
        ]
        self.assertLessEqual(counts[1], counts[0] + 1)
        self.assertLess(counts[1], 10)
        with patch.object(type(self.env["credit.gate"]), "_judge") as judge:
            self.env.invalidate_all()
            many.read()
        judge.assert_not_called()

    def test_list_shows_what_is_known(self):
        moves = self._drafts(1500, 1500)
        moves[0].action_post()
        self.env.invalidate_all()
        rows = moves.read(["credit_level", "credit_sentence"])
        self.assertEqual([row["credit_level"] for row in rows], ["block", "none"])
        self.assertIn("500", rows[0]["credit_sentence"])
        self.assertFalse(rows[1]["credit_sentence"])
        self.env.invalidate_all()
        alone = self.env["account.move"].browse(moves[1].id)
        self.assertEqual(alone.credit_level, "block", "its form says more")

    def test_payment_asks_one_question_where_nothing_is_held(self):
        invoice = self._invoice(self.customer, 100, late=-30)
        self._pay(invoice)
        self._look_again()
        models = self.env["credit.gate"]._gated_models()
        for model in models:  # whatever else the database holds
            model.search(model._credit_waiting_domain())._credit_reset()
        self._look_again()
        with self.assertQueryCount(len(models)):
            self.env["credit.gate"]._recheck_later(self.customer.ids)
            self.env.cr.precommit.run()

    # === TWO AT ONCE === #

    def test_two_use_the_same_limit(self):
        """Who comes second is run again by core, and sees what the first has used."""
        registry = self.env.registry
        with registry.cursor() as cr:
            env = Environment(cr, SUPERUSER_ID, {})
            partner = env["res.partner"].create({"name": "Limited for two"})
            profile = env["credit.profile"]._for_partners(partner, env.company)
        try:
            with registry.cursor() as mine, registry.cursor() as theirs:
                locks = [
                    Environment(cr, SUPERUSER_ID, {})["credit.gate.lock"]
                    for cr in (mine, theirs)
                ]
                for lock in locks:  # both have looked before either goes on
                    lock.search([])
                locks[0]._take([profile.id])
                mine.commit()
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(SerializationFailure),
                ):
                    locks[1]._take([profile.id])
                theirs.rollback()
                locks[1]._take([profile.id])
        finally:
            with registry.cursor() as cr:
                env = Environment(cr, SUPERUSER_ID, {})
                profile.with_env(env).unlink()
                partner.with_env(env).unlink()
