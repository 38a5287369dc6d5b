"""Profiles, holds, and what partners and invoices show of them."""

from datetime import timedelta

from psycopg2.errors import SerializationFailure

from odoo import SUPERUSER_ID
from odoo.api import Environment
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Date
from odoo.tools import mute_logger

from .common import NOW, TODAY, DunningCommon


class TestProfiles(DunningCommon):
    def test_one_profile_per_commercial_partner(self):
        customer = self._customer()
        contact = self._customer("Contact", parent_id=customer.id, is_company=False)
        self.assertEqual(self._profile(contact), self._profile(customer))
        self.assertEqual(self._profile(customer | contact).partner_id, customer)

    def test_profiles_made_together_are_like_those_made_one_by_one(self):
        partners = self._customer() | self._customer("P", is_company=False)
        partners |= self._customer("Gone", active=False)
        twins = partners.copy({"active": True})
        twins[2].active = False
        one_by_one = self.env["credit.profile"].create(
            [{"partner_id": p.id, "company_id": self.company.id} for p in twins]
        )
        self.assertFalse(partners.credit_profile_ids, "remembered as none")
        together = self._profile(partners)
        together = together.sorted(lambda p: partners.ids.index(p.partner_id.id))
        self.assertEqual(partners.credit_profile_ids, together.filtered("active"))
        self.assertEqual(partners[0].credit_profile_id, together[0])
        self.env.flush_all()

        def rows(profiles):
            self.env.cr.execute(
                "SELECT * FROM credit_profile WHERE id = ANY(%s) ORDER BY id",
                [profiles.ids],
            )
            own = ("id", "partner_id", "create_date", "write_date")
            return [
                {name: value for name, value in row.items() if name not in own}
                for row in self.env.cr.dictfetchall()
            ]

        self.assertEqual(rows(together), rows(one_by_one))
        self.assertFalse(together.message_ids, "nobody is told of so many")
        self.assertFalse(together.message_follower_ids)

    def test_number_of_queries_does_not_grow_with_new_profiles(self):
        def queries(count):
            partners = self.env["res.partner"].create(
                [{"name": f"{count} {number}"} for number in range(count)]
            )
            self.env.flush_all()
            before = self.cr.sql_log_count
            self.assertEqual(len(self._profile(partners)), count)
            self.env.flush_all()
            return self.cr.sql_log_count - before

        queries(1)
        self.assertEqual(queries(3), queries(40))

    def test_two_people_meet_the_same_customer(self):
        """Who comes second is run again by core, instead of being told of an error."""
        registry = self.env.registry
        with registry.cursor() as cr:
            partner = Environment(cr, SUPERUSER_ID, {})["res.partner"].create(
                {"name": "Met by two"}
            )
        try:
            with registry.cursor() as mine, registry.cursor() as theirs:
                envs = [Environment(cr, SUPERUSER_ID, {}) for cr in (mine, theirs)]
                for env in envs:  # both look before either has written
                    self.assertFalse(
                        env["credit.profile"].search([("partner_id", "=", partner.id)])
                    )
                first, second = (env["credit.profile"]._for_partners for env in envs)
                company = envs[0].company.root_id
                made = first(partner.with_env(envs[0]), company)
                mine.commit()
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(SerializationFailure),
                ):
                    second(partner.with_env(envs[1]), company.with_env(envs[1]))
                theirs.rollback()
                again = second(partner.with_env(envs[1]), company.with_env(envs[1]))
                self.assertEqual(again.ids, made.ids)
        finally:
            with registry.cursor() as cr:
                partner.with_env(Environment(cr, SUPERUSER_ID, {})).unlink()

    def test_unknown_kind_is_a_consumer(self):
        self.assertEqual(self._profile(self._customer()).customer_kind, "business")
        person = self._customer("P", is_company=False)
        self.assertEqual(self._profile(person).customer_kind, "consumer")
        person.dunning_customer_kind = "business"
        self.assertEqual(self._profile(person).customer_kind, "business")

    def test_partner_fields_write_through_to_the_profile(self):
        customer = self._customer()
        self.assertFalse(customer.credit_profile_id)
        customer.dunning_user_id = self.collector
        profile = customer.credit_profile_id
        self.assertEqual(profile.user_id, self.collector)
        other = self._policy("Other")
        customer.dunning_policy_id = other
        self.assertEqual(profile.effective_policy_id, other)
        customer.dunning_policy_id = False
        self.assertEqual(profile.effective_policy_id, self.policy)

    def test_partner_fields_are_searchable(self):
        with_, without = self._customer("With"), self._customer("Without")
        both = with_ | without
        with_.dunning_user_id = self.collector
        search = self.env["res.partner"].search
        mine = [("id", "in", both.ids)]
        self.assertEqual(
            search([*mine, ("dunning_user_id", "=", self.collector.id)]), with_
        )
        self.assertEqual(search([*mine, ("dunning_user_id", "=", False)]), without)
        self.assertEqual(search([*mine, ("dunning_user_id", "!=", False)]), with_)
        self.assertEqual(search([*mine, ("dunning_level_id", "=", False)]), both)

    def test_level_shows_on_partner_and_invoice(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        self._run(customer)
        customer.credit_profile_id._refresh_figures(TODAY)
        self.assertEqual(customer.dunning_level_id, self.first)
        self.assertEqual(invoice.dunning_level_id, self.first)
        self.assertEqual(invoice.dunning_date, TODAY)
        self.assertEqual(invoice.dunning_notice_count, 1)
        Move = self.env["account.move"]
        mine = [("id", "=", invoice.id)]
        self.assertTrue(Move.search([*mine, ("dunning_level_id", "=", self.first.id)]))
        self.assertFalse(Move.search([*mine, ("dunning_level_id", "=", False)]))
        self._pay(invoice)
        self.assertFalse(Move.search([*mine, ("dunning_level_id", "!=", False)]))

    def test_why_is_told_for_each_open_item(self):
        customer = self._customer()
        due = self._invoice(customer, late=4)
        later = self._invoice(customer, late=-20)
        self.assertIn("First", due.dunning_why)
        self.assertIn("Not due", later.dunning_why)
        self.assertIn("First", self._profile(customer).proposal_sentence)

    def test_figures_follow_an_issued_notice(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self._run(customer)
        profile = self._profile(customer)
        self.assertEqual(profile.level_id, self.first)
        self.assertEqual(profile.last_contact_date, TODAY)

    def test_pause_of_the_customer_shows_on_the_invoice(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=4)
        other = self._invoice(self._customer("Other"), late=4)
        hold = self.env["dunning.hold"].create(
            {"profile_id": self._profile(customer).id, "reason": "Because"}
        )
        self.assertEqual(invoice.dunning_hold_id, hold)
        self.assertFalse(other.dunning_hold_id)

    def test_merged_partner_keeps_one_profile(self):
        kept, gone = self._customer("Kept"), self._customer("Gone")
        for partner in (kept, gone):
            self._invoice(partner, late=4)
            self._profile(partner)
        told = self._run(gone).notice_ids
        self._deliver()
        self._propose(kept)
        merge = self.env["base.partner.merge.automatic.wizard"].sudo().create({})
        merge._merge((kept | gone).ids, kept)
        self.assertEqual(len(self._profile(kept)), 1)
        self.assertEqual(told.profile_id, self._profile(kept), "the proof stays")
        drafts = self._profile(kept).sudo().notice_ids
        drafts.filtered(lambda n: n.state == "draft")._cancel("x")
        run = self._propose(kept, day=TODAY + timedelta(days=20))
        self.assertEqual(run.notice_ids.amount_due, 200)

    def test_merged_partner_keeps_what_is_to_do(self):
        kept, gone = self._customer("Kept"), self._customer("Gone")
        for partner in (kept, gone):
            self._invoice(partner, late=4)
            self._profile(partner)._refresh_figures()
        self.env["dunning.call"].create(
            {"profile_id": self._profile(gone).id, "outcome": "no_answer"}
        )
        self._profile(gone).sudo().write({"unread_reply": True, "reply_date": NOW})
        self.assertEqual(self._profile(kept).work_state, "none")
        merge = self.env["base.partner.merge.automatic.wizard"].sudo().create({})
        merge._merge((kept | gone).ids, kept)
        self.assertRecordValues(
            self._profile(kept),
            [
                {
                    "amount_overdue": 200,
                    "unread_reply": True,
                    "reply_date": NOW,
                    "last_call_date": TODAY,
                    "last_call_outcome": "no_answer",
                    "work_state": "act",
                    "work_why": "reply",
                }
            ],
        )

    def test_changes_of_policy_are_tracked(self):
        profile = self._profile(self._customer())
        other = self._policy("Other")
        self.flush_tracking()
        # the base class of these tests switches tracking off
        profile.with_context(
            tracking_disable=False, mail_notrack=False
        ).policy_id = other
        self.flush_tracking()
        tracked = profile.message_ids.sudo().tracking_value_ids
        self.assertIn("policy_id", tracked.field_id.mapped("name"))


class TestHolds(DunningCommon):
    def _hold(self, partner, **values):
        return self.env["dunning.hold"].create(
            {"profile_id": self._profile(partner).id, "reason": "Because", **values}
        )

    def test_pause_covers_its_days_only(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        self._hold(
            customer,
            date_from=TODAY + timedelta(days=1),
            date_to=TODAY + timedelta(days=2),
        )
        paused = []
        for offset in range(4):
            run = self._propose(customer, day=TODAY + timedelta(days=offset))
            paused.append(not run.notice_ids)
            run._cancel("next")
        self.assertEqual(paused, [False, True, True, False])

    def test_end_of_pause_is_told(self):
        customer = self._customer()
        self._invoice(customer, late=4)
        until = TODAY + timedelta(days=9)
        self._hold(customer, date_to=until)
        run = self._propose(customer)
        self.assertEqual(run.skip_ids.reason, "customer_paused")
        self.assertEqual(run.skip_ids.until, until + timedelta(days=1))

    def test_ended_pause_goes_on_from_where_it_was(self):
        customer = self._customer()
        invoice = self._invoice(customer, late=20)
        self._item(invoice).dunning_level_id = self.first
        hold = self._hold(customer)
        self.assertEqual(self._profile(customer).hold_id, hold)
        hold.action_end()
        self.assertEqual(hold.state, "ended")
        self.assertFalse(self._profile(customer).hold_id)
        self.assertEqual(self._propose(customer).notice_ids.level_id, self.second)

    def test_pause_of_one_item_leaves_the_others(self):
        customer = self._customer()
        paused, other = (self._invoice(customer, late=4) for __ in range(2))
        self._hold(customer, move_line_ids=[Command.set(self._item(paused).ids)])
        self.assertEqual(self._propose(customer).notice_ids.line_ids.move_id, other)

    def test_states_are_searchable(self):
        customer = self._customer()
        day = timedelta(days=1)
        running = self._hold(customer)
        planned = self._hold(customer, date_from=TODAY + day)
        ended = self._hold(customer, date_from=TODAY - 9 * day, date_to=TODAY - day)
        mine = [("profile_id", "=", self._profile(customer).id)]
        for state, hold in (
            ("running", running),
            ("planned", planned),
            ("ended", ended),
        ):
            with self.subTest(state=state):
                self.assertEqual(hold.state, state)
                found = self.env["dunning.hold"].search([*mine, ("state", "=", state)])
                self.assertEqual(found, hold)

    def test_pause_is_logged_with_who_and_why(self):
        customer = self._customer()
        hold = self._hold(customer, reason="New accountant")
        hold.date_to = TODAY + timedelta(days=3)
        hold.action_end()
        bodies = " ".join(self._profile(customer).message_ids.mapped("body"))
        for word in ("New accountant", "Pause changed", "Pause ended"):
            self.assertIn(word, bodies)

    def test_foreign_item_is_refused(self):
        other = self._invoice(self._customer("Other"), late=4)
        with self.assertRaises(ValidationError):
            self._hold(
                self._customer(), move_line_ids=[Command.set(self._item(other).ids)]
            )

    def test_pause_of_an_item_never_becomes_one_of_the_customer(self):
        customer = self._customer()
        gone, other = (self._invoice(customer, late=4) for __ in range(2))
        hold = self._hold(customer, move_line_ids=[Command.set(self._item(gone).ids)])
        gone.button_draft()
        gone.with_context(force_delete=True).unlink()
        self.env.invalidate_all()
        self.assertFalse(hold.move_line_ids)
        self.assertEqual(hold.scope, "items")
        self.assertEqual(self._propose(customer).notice_ids.line_ids.move_id, other)

    def test_wizard_from_invoices_pauses_their_items(self):
        customers = [self._customer(f"C{i}") for i in range(2)]
        moves = self.env["account.move"].union(
            *(self._invoice(c, late=4) for c in customers)
        )
        action = moves.action_pause_dunning()
        wizard = (
            self.env["dunning.hold.wizard"]
            .with_context(**action["context"])
            .create({"reason": "Strike", "date_to": Date.add(TODAY, days=5)})
        )
        wizard.action_pause()
        self.assertEqual(len(moves.dunning_hold_id), 2)
        self.assertFalse(self._propose(*customers).notice_ids)
        wizard.date_to = TODAY - timedelta(days=1)
        with self.assertRaises(UserError):
            wizard.action_pause()
