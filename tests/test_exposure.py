"""What customers owe and will owe, their limits, and who may change them."""

from datetime import timedelta
from decimal import Decimal

from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..engine.exposure import Band, Source
from .credit_common import TODAY, CreditCommon

# tests have notes on changes switched off
TRACKED = {"tracking_disable": False, "mail_notrack": False}


class TestExposureParts(CreditCommon):
    def test_nothing(self):
        self.assertOwed()
        self.assertEqual(self._limit().amount, None)

    def test_open_items_and_credits(self):
        self._invoice(self.customer, 1000, late=40)
        self._invoice(self.customer, 500, late=-20)
        self._credit_note(self.customer, 200)
        self._payment(self.customer, 50)
        self.assertOwed(open_items=1500, credits=-250)

    def test_part_payment(self):
        invoice = self._invoice(self.customer, 1000, late=40)
        self._pay(invoice, 300.01)
        self.assertOwed(open_items="699.99")
        self._pay(invoice)
        self.assertOwed()

    def test_payment_without_entry_counts_at_once(self):
        self._payments_without_entry()
        invoice = self._invoice(self.customer, 1000, late=40)
        self._pay(invoice, 400)
        self.assertOwed(open_items=1000, pending=-400)

    def test_negative_exposure_is_more_room(self):
        self._payment(self.customer, 300)
        self.profile.write({"credit_limit": 1000})
        self.assertOwed(credits=-300)
        usage = self.profile._usage()[self.profile.id]
        self.assertEqual((usage.free, usage.percent, usage.band), (1300, 0, Band.OK))

    def test_entries_left_out_of_follow_up_are_owed_all_the_same(self):
        self._entry(self.customer, 700)
        self.assertOwed(open_items=700)

    def test_contacts_and_addresses_of_a_company_are_its_own(self):
        contact = self.env["res.partner"].create(
            {"name": "Buyer", "parent_id": self.customer.id, "type": "contact"}
        )
        self._invoice(contact, 120)
        self.assertOwed(open_items=120)
        self.assertEqual(self._profile(contact), self.profile)
        self.profile.credit_limit = 100
        self.assertEqual(contact.credit_limit_band, "over")

    def test_archived_customer_owes_all_the_same(self):
        self._invoice(self.customer, 120)
        self.customer.action_archive()
        self.assertOwed(open_items=120)

    def test_payables_are_not_netted(self):
        self._invoice(self.customer, 120)
        self._invoice(self.customer, 50, move_type="in_invoice")
        self.assertOwed(open_items=120)

    def test_drafts_count_where_the_company_says_so(self):
        self._draft(self.customer, 300)
        self._draft(self.customer, 80, move_type="out_receipt")
        self._draft(self.customer, 1000, move_type="out_refund")
        self.assertOwed()
        self.company.credit_count_drafts = True
        self.assertOwed(drafts=380)

    def test_document_at_hand_is_told_apart(self):
        self.company.credit_count_drafts = True
        first, second = (self._draft(self.customer, amount) for amount in (300, 50))
        self.assertOwed(drafts=50, document=300, documents=first)
        self.assertOwed(document=350, documents=first | second)
        first.action_post()
        self.assertOwed(open_items=300, drafts=50, documents=first)
        second.button_cancel()
        self.assertOwed(open_items=300, documents=second)

    def test_document_that_is_not_saved(self):
        new = self.env["account.move"].new(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_line_ids": [
                    Command.create({"name": "W", "price_unit": 70, "tax_ids": []})
                ],
            }
        )
        self.assertOwed(document=70, documents=new)

    def test_credit_note_at_hand_takes_off(self):
        self._invoice(self.customer, 300)
        refund = self._draft(self.customer, 100, move_type="out_refund")
        self.assertOwed(open_items=300, document=-100, documents=refund)

    def test_branches_are_included_and_other_companies_are_not(self):
        branch = self._branch()
        self._invoice(self.customer, 100)
        partner = self.customer.with_env(self._in(branch))
        self.env.cr.precommit.run()
        in_branch = self._invoice(partner, 50, company_id=branch.id)
        self.assertEqual(in_branch.company_id, branch)
        other = self.company_data_2 = self.setup_other_company()["company"]
        self._invoice(self.customer.with_env(self._in(other)), 999, company_id=other.id)
        self.assertOwed(open_items=150)
        elsewhere = self._profile(self.customer, other)
        self.assertOwed(elsewhere, open_items=999)
        both = (self.profile | elsewhere)._exposure()
        self.assertEqual([owed.total for owed in both.values()], [150, 999])
        # whoever works in the branch asks about the same customer
        seen = self.profile.with_env(self._in(branch))._exposure()
        self.assertEqual(seen[self.profile.id].total, 150)

    def test_foreign_currency_is_taken_at_the_rate_of_the_booking(self):
        yen = self._currency("JPX", {"2026-01-01": 160, "2026-06-15": 170}, 1)
        invoice = self._invoice(
            self.customer,
            100_000,
            currency_id=yen.id,
            late=0,
            invoice_date=TODAY - timedelta(days=30),
        )
        self.assertOwed(open_items=625)
        # not in the books yet: what the entry will say
        invoice.button_draft()
        self.assertOwed(document=625, documents=invoice)

    def test_currency_without_a_rate_for_today(self):
        old = self._currency("OLD", {"2020-01-01": 2})
        coming = self._currency("NEW", {"2030-01-01": 4})
        never = self._currency("NIL", {})
        rates = self.env["credit.exposure"]
        for currency, rate in ((old, 2), (coming, 4), (never, 1)):
            with self.subTest(currency.name):
                self._draft(self.customer, 100, currency_id=currency.id)
                found = self.env["account.move"].search(
                    [("currency_id", "=", currency.id)]
                )
                amounts = rates._document_amounts(found)
                self.assertEqual(amounts[found.id], Decimal(100) / rate)


class TestLimits(CreditCommon):
    def test_zero_is_nothing_on_account(self):
        self.profile.write({"limit_enforced": True, "credit_limit": 0})
        self.assertEqual(self._limit().amount, 0)
        self._invoice(self.customer, "0.01")
        usage = self.profile._usage()[self.profile.id]
        self.assertEqual(usage.band, Band.OVER)

    def test_amount_is_kept_in_core(self):
        self.profile.credit_limit = 1500
        self.assertEqual(self.customer.credit_limit, 1500)
        self.assertTrue(self.profile.limit_own)
        self.assertTrue(self.profile.limit_enforced)
        self.assertEqual(self._limit().source, Source.OWN)

    def test_amount_of_a_rule_is_not_the_customers_own(self):
        self.profile.class_id.write({"limit_rule": "fixed", "limit_amount": 1500})
        self.assertEqual(self._limit().source, Source.CLASS)
        self.assertEqual(self._limit().amount, 1500)

    def test_written_to_core_it_is_meant_to_hold(self):
        self.customer.credit_limit = 2500
        self.assertEqual(self._limit().amount, 2500)
        self.assertEqual(self._limit().source, Source.OWN)
        fresh = self.env["res.partner"].create(
            {"name": "Imported", "credit_limit": 800.0}
        )
        self.assertEqual(self._limit(self._profile(fresh)).amount, 800)

    def test_taken_away_in_core_it_is_no_limit_of_zero(self):
        self.customer.credit_limit = 2500
        self.customer.use_partner_credit_limit = False
        self.assertIsNone(self._limit().amount)

    def test_unchanged_in_core_it_is_nobodys_decision(self):
        self.customer.credit_limit = 0
        self.assertFalse(self.profile.limit_own)

    def test_branches_have_no_limit_of_their_own(self):
        branch = self._branch()
        partner = self.customer.with_env(self._in(branch))
        partner.credit_limit = 900
        self.assertEqual(self._limit().amount, 900)
        self.assertEqual(self.customer.credit_limit, 900)

    def test_companies_apart(self):
        other = self.setup_other_company()["company"]
        elsewhere = self._profile(self.customer, other)
        self.profile.credit_limit = 100
        elsewhere.credit_limit = 200
        self.env.invalidate_all()
        limits = (self.profile | elsewhere)._limits()
        self.assertEqual([limit.amount for limit in limits.values()], [100, 200])
        self.assertEqual(self.profile.credit_limit, 100)
        self.assertEqual(elsewhere.credit_limit, 200)

    def test_default_of_the_company_is_the_amount_of_who_has_none(self):
        self.env["ir.default"].set(
            "res.partner", "credit_limit", 750.0, company_id=self.company.id
        )
        self.profile.limit_enforced = True
        self.assertEqual(self._limit().amount, 750)

    def test_temporary_limit(self):
        self.profile.write(
            {
                "credit_limit": 1000,
                "temporary_limit": 5000,
                "temporary_limit_from": TODAY,
                "temporary_limit_to": TODAY + timedelta(days=10),
            }
        )
        self.assertEqual(self._limit().amount, 5000)
        self.assertEqual(self._limit().source, Source.TEMPORARY)
        for days, amount in ((-1, 1000), (10, 5000), (11, 1000)):
            day = TODAY + timedelta(days=days)
            self.assertEqual(self._limit(day=day).amount, amount)
        self.assertEqual(self.profile.limit_source, "temporary")
        self.assertEqual(self.profile._temporary_limits_begun(), self.profile)

    def test_temporary_limit_ends_after_it_starts(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.cr.savepoint(),
        ):
            self.profile.write(
                {
                    "temporary_limit_from": TODAY,
                    "temporary_limit_to": TODAY - timedelta(days=1),
                }
            )
            self.env.flush_all()

    def test_limit_lowered_below_what_is_used(self):
        self._invoice(self.customer, 800)
        self.profile.credit_limit = 1000
        self.assertEqual(self.profile.limit_band, "warn")
        self.profile.credit_limit = 500
        self.assertEqual(self.profile.limit_band, "over")
        self.assertEqual(self.profile.limit_free, -300)

    def test_changes_are_noted_with_old_and_new_value(self):
        self.profile.with_context(**TRACKED).credit_limit = 1000
        self._flush_tracking()
        self.customer.with_context(**TRACKED).credit_limit = 1200
        self._flush_tracking()
        values = self.profile.message_ids.sudo().tracking_value_ids.filtered(
            lambda value: value.field_id.name == "credit_limit"
        )
        self.assertEqual(
            sorted((value.old_value_float, value.new_value_float) for value in values),
            [(0, 1000), (1000, 1200)],
        )

    def _flush_tracking(self):
        self.env.flush_all()
        self.cr.precommit.run()

    def test_core_limits_are_taken_over(self):
        mine, default, none = (self._customer(name) for name in ("Own", "Def", "None"))
        Partner = self.env["res.partner"].with_context(credit_limit_of_profile=True)
        Partner.browse(mine.id).credit_limit = 700
        self.env["ir.default"].set(
            "res.partner", "credit_limit", 300.0, company_id=self.company.id
        )
        Partner.browse(default.id).credit_limit = 300
        self.env.flush_all()
        for used in (False, True):
            self.company.account_use_credit_limit = used
            adopted = self.env["credit.profile"]._adopt_core_limits()
            found = adopted.filtered(lambda p: p.partner_id in mine | default | none)
            self.assertEqual(found.partner_id, mine)
            self.assertTrue(found.limit_own)
            self.assertEqual(found.limit_enforced, used)
            self.assertEqual(found.credit_limit, 700)


class TestPools(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.members = cls._profile(cls._customer("One") | cls._customer("Two"))
        cls.one, cls.two = cls.members
        cls.members.pool_profile_id = cls.profile
        cls.profile.credit_limit = 1000

    def test_limit_is_used_together(self):
        self._invoice(self.customer, 500)
        self._invoice(self.one.partner_id, 300)
        self._invoice(self.two.partner_id, 250)
        everyone = self.profile | self.members
        for profile in everyone:
            usage = profile._usage()[profile.id]
            self.assertEqual((usage.free, usage.band), (-50, Band.OVER))
            self.assertEqual(self._limit(profile).group, set(everyone.ids))
        self.assertEqual(self._owed(self.one).total, 300)
        self.assertEqual(self._owed(self.one).others, 750)
        self.assertEqual(self._limit(self.one).source, Source.POOL)
        self.assertEqual(self._limit().source, Source.OWN)

    def test_own_limit_of_a_member_rests(self):
        self.one.credit_limit = 50
        self.assertEqual(self._limit(self.one).amount, 1000)

    def test_figures_of_the_others_follow(self):
        everyone = self.profile | self.members
        self._invoice(self.two.partner_id, 950)
        self.two._refresh_figures()
        self.assertEqual(set(everyone.mapped("limit_band")), {"high"})
        self.two.pool_profile_id = False
        self.assertEqual(self.two.limit_band, "none")
        self.assertEqual(self.one.limit_band, "ok")

    def test_document_of_another_member_counts(self):
        documents = self._draft(self.one.partner_id, 400)
        documents |= self._draft(self.two.partner_id, 300)
        owed = self._owed(self.one, documents=documents)
        self.assertEqual((owed.document, owed.others), (400, 300))

    def test_pools_are_flat(self):
        outsider = self._profile(self._customer("Outsider"))
        for member, holder in (
            (self.profile, outsider),
            (outsider, self.one),
            (outsider, outsider),
        ):
            with self.assertRaises(ValidationError), self.cr.savepoint():
                member.pool_profile_id = holder

    def test_archived_member_uses_the_limit_all_the_same(self):
        self._invoice(self.two.partner_id, 950)
        self.two.partner_id.action_archive()
        self.assertEqual(self._owed(self.one).others, 950)


class TestMergedLimits(CreditCommon):
    def _merge(self, source, target):
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([source.id, target.id], target)
        self.env.invalidate_all()

    def test_nobody_becomes_unlimited(self):
        source = self._customer("Source")
        self._profile(source).write({"credit_limit": 400, "credit_hold": True})
        self._invoice(source, 300)
        self._invoice(self.customer, 200)
        self._merge(source, self.customer)
        self.assertEqual(self._limit().amount, 400)
        self.assertTrue(self.profile.credit_hold)
        self.assertOwed(open_items=500)
        self.assertEqual(self.profile.limit_band, "over")

    def test_kept_limit_goes_on(self):
        source = self._customer("Source")
        self._profile(source).credit_limit = 400
        self.profile.credit_limit = 150
        self._merge(source, self.customer)
        self.assertEqual(self._limit().amount, 150)

    def test_amount_that_nobody_enforced_is_not_enforced(self):
        source = self._customer("Source")
        self._profile(source).write({"credit_limit": 400, "limit_enforced": False})
        self._merge(source, self.customer)
        self.assertIsNone(self._limit().amount)

    def test_limit_of_another_company_moves_along(self):
        other = self.setup_other_company()["company"]
        source = self._customer("Source")
        elsewhere = self._profile(source, other)
        elsewhere.credit_limit = 250
        self._merge(source, self.customer)
        self.assertEqual(elsewhere.partner_id, self.customer)
        self.assertEqual(self._limit(elsewhere).amount, 250)

    def test_pools_stay_flat(self):
        holder, member = self._customer("Holder"), self._customer("Member")
        holder, member = self._profile(holder), self._profile(member)
        holder.credit_limit = 1000
        (self.profile | member).pool_profile_id = holder
        self._merge(holder.partner_id, self.customer)
        self.assertFalse(self.profile.pool_profile_id)
        self.assertEqual(member.pool_profile_id, self.profile)
        self.assertEqual(self._limit(member).amount, 1000)

    def test_member_merged_into_another_stays_in_the_pool(self):
        source = self._profile(self._customer("Source"))
        holder = self._profile(self._customer("Holder"))
        source.pool_profile_id = holder
        self._merge(source.partner_id, self.customer)
        self.assertEqual(self.profile.pool_profile_id, holder)


class TestWhoMayWhat(CreditCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, login="seller", groups="base.group_user,base.group_partner_manager"
        )
        cls.biller = new_test_user(
            cls.env,
            login="biller",
            groups="account.group_account_invoice,base.group_partner_manager",
        )
        cls.profile.credit_limit = 1000
        cls._invoice(cls.customer, 750)

    def test_collectors_do_not_raise_limits(self):
        profile = self.profile.with_user(self.collector)
        for vals in (
            {"credit_limit": 5000},
            {"limit_enforced": False},
            {"pool_profile_id": False},
            {"temporary_limit_to": TODAY},
        ):
            with self.assertRaisesRegex(AccessError, "credit managers"):
                profile.write(vals)
        self.profile.with_user(self.manager).credit_limit = 5000
        self.assertEqual(self._limit().amount, 5000)

    def test_nor_does_anybody_in_core(self):
        customer = self.customer.with_user(self.biller)
        with self.assertRaisesRegex(AccessError, "credit managers"):
            customer.credit_limit = 5000
        with self.assertRaisesRegex(AccessError, "credit managers"):
            self.env["res.partner"].with_user(self.biller).create(
                {"name": "Friend", "credit_limit": 9000.0}
            )
        customer.write({"name": "Renamed", "credit_limit": 1000.0})
        self.assertEqual(customer.name, "Renamed")

    def test_nor_through_the_fields_of_the_partner(self):
        with self.assertRaisesRegex(AccessError, "credit managers"):
            self.customer.with_user(self.biller).credit_limit_enforced = False

    def test_sellers_see_the_free_limit_and_not_the_ledger(self):
        customer = self.customer.with_user(self.seller)
        self.assertEqual(
            customer.read(["credit_limit_free", "credit_limit_band"])[0],
            {"id": customer.id, "credit_limit_free": 250, "credit_limit_band": "warn"},
        )
        with self.assertRaises(AccessError):
            customer.read(["credit_exposure"])
        with self.assertRaises(AccessError):
            self.profile.with_user(self.seller).read(["exposure_open"])
        with self.assertRaises(AccessError):
            self.profile.with_user(self.seller).action_view_exposure_open()

    def test_customers_are_found_by_the_use_of_their_limit(self):
        self.profile._refresh_figures()
        Partner = self.env["res.partner"].with_user(self.seller)
        mine = ("id", "=", self.customer.id)
        for leaf, found in (
            (("credit_limit_band", "=", "warn"), True),
            (("credit_limit_band", "=", "over"), False),
            (("credit_limit_band", "!=", "warn"), False),
            (("credit_limit_free", "<", 251), True),
            (("credit_limit_free", "<", 250), False),
        ):
            self.assertEqual(bool(Partner.search([mine, leaf])), found, leaf)
        stranger = self._customer("Stranger")
        self.assertIn(
            stranger,
            Partner.search([("credit_limit_band", "=", "none")]),
        )


class TestSnapshotAndScreens(CreditCommon):
    def test_snapshot_agrees_with_what_is_live(self):
        self._invoice(self.customer, 750)
        self._payment(self.customer, 50)
        self.company.credit_count_drafts = True
        self._draft(self.customer, 20)
        self.profile.credit_limit = 1000
        self.profile._refresh_figures()
        self.assertRecordValues(
            self.profile,
            [
                {
                    "exposure_open": 750,
                    "exposure_credits": -50,
                    "exposure_pending": 0,
                    "exposure_drafts": 20,
                    "exposure_orders": 0,
                    "exposure_total": 720,
                    "limit_amount": 1000,
                    "limit_enforced_now": True,
                    "limit_source": "own",
                    "limit_free": 280,
                    "limit_used_percent": 72,
                    "limit_band": "warn",
                }
            ],
        )

    def test_no_limit_is_no_number(self):
        self.profile._refresh_figures()
        self.env.cr.execute(
            "SELECT limit_amount, limit_free, limit_used_percent, limit_band"
            "  FROM credit_profile WHERE id = %s",
            [self.profile.id],
        )
        self.assertEqual(self.env.cr.fetchone(), (None, None, None, "none"))

    def test_warnings_come_where_the_company_wants_them(self):
        self.company.write({"credit_warn_percent_1": 50, "credit_warn_percent_2": 60})
        self._invoice(self.customer, 55)
        self.profile.credit_limit = 100
        self.assertEqual(self.profile.limit_band, "warn")
        self.company.write({"credit_warn_percent_1": 0, "credit_warn_percent_2": 0})
        self.profile._refresh_figures()
        self.assertEqual(self.profile.limit_band, "ok")
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(CheckViolation),
            self.cr.savepoint(),
        ):
            self.company.write(
                {"credit_warn_percent_1": 95, "credit_warn_percent_2": 90}
            )
            self.env.flush_all()

    def test_items_behind_each_part(self):
        invoice = self._invoice(self.customer, 750)
        payment = self._payment(self.customer, 50)
        draft = self._draft(self.customer, 20)
        profile = self.profile.with_user(self.collector)
        for action, expected in (
            (profile.action_view_exposure_open(), self._item(invoice)),
            (
                profile.action_view_exposure_credits(),
                payment.move_id.line_ids.filtered(
                    lambda li: li.account_type == "asset_receivable"
                ),
            ),
            (profile.action_view_exposure_drafts(), draft),
            (profile.action_view_exposure_pending(), self.env["account.payment"]),
            (profile.action_view_pool(), self.profile),
        ):
            records = self.env[action["res_model"]].with_user(self.collector)
            self.assertEqual(records.search(action["domain"]), expected)
        self._payments_without_entry()
        self._pay(invoice, 10)
        action = profile.action_view_exposure_pending()
        found = self.env["account.payment"].search(action["domain"])
        self.assertEqual(found.amount, 10)

    def test_core_says_nothing_about_limits(self):
        self.company.account_use_credit_limit = True
        self._invoice(self.customer, 750)
        self.profile.credit_limit = 100
        draft = self._draft(self.customer, 20)
        self.assertFalse(draft.partner_credit_warning)
        self.assertNotIn("account_partner_credit_warning", draft.alerts or {})
        self.assertFalse(
            self.env["account.move"]._build_credit_warning_message(draft, 20)
        )
        self.assertFalse(self.customer.show_credit_limit)

    def test_queries_do_not_grow_with_customers(self):
        def customers(count, name):
            partners = self.env["res.partner"]
            for number in range(count):
                partner = self._customer(f"{name} {number}")
                self._invoice(partner, 100)
                self._draft(partner, 10)
                partners |= partner
            profiles = self._profile(partners)
            profiles[1:].pool_profile_id = profiles[0]
            profiles[0].credit_limit = 1000
            return profiles

        few, many = customers(3, "Few"), customers(30, "Many")
        self.company.credit_count_drafts = True
        counts = {}
        for name, profiles in (("warm", few), ("few", few), ("many", many)):
            counts[name] = self._queries(profiles._usage)
        self.assertEqual(counts["many"], counts["few"])
        self.assertLessEqual(counts["many"], 20)
