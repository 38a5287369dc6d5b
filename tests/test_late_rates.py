from datetime import date

from freezegun import freeze_time

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import file_open

from odoo.addons.account_dunning.models.late_rate_watch import ACTIVITY
from odoo.addons.account_dunning.tests.common import TODAY, DunningCommon

COLUMNS = ["series_id", "valid_from", "rate", "status", "source"]
NEXT = date(2027, 1, 1)


@tagged("post_install", "-at_install")
class TestLateRates(DunningCommon):
    """Reference rates: entered, imported, watched; every change is written down."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.fr")
        cls.rates = cls.env["late.rate"].with_user(cls.manager)
        cls.ecb = cls.env["late.rate.series"].search([("code", "=", "EU_ECB")])
        cls.legal = cls.env["late.rate.series"].search(
            [("code", "=", "FR_LEGAL_PROFESSIONAL")]
        )
        partner = cls._customer("Debtor", country_id=cls.env.ref("base.fr").id)
        cls.profile = cls.env["credit.profile"]._for_partners(partner, cls.company)

    def _load(self, *rows, columns=COLUMNS):
        return self.rates.load(columns, [list(row) for row in rows])

    def _value(self, day, series=None):
        return self.env["late.rate"].search(
            [("series_id", "=", (series or self.ecb).id), ("valid_from", "=", day)]
        )

    def _history(self, series=None):
        return " ".join((series or self.ecb).message_ids.mapped("body"))

    # === IMPORT === #

    def test_import_adds_by_the_code_of_the_series(self):
        result = self._load(
            ("EU_ECB", "2027-01-01", "2.65", "yes", "bank"),
            ("FR_LEGAL_PROFESSIONAL", "2027-01-01", "2.9", "no", ""),
        )
        self.assertFalse(result["messages"])
        value = self._value(NEXT)
        self.assertEqual(
            (value.rate, value.status, value.source), (2.65, "yes", "bank")
        )
        self.assertEqual(self._value(NEXT, self.legal).status, "no")
        self.assertIn("2.65 %", self._history())

    def test_import_corrects_what_is_there(self):
        day = date(2026, 1, 1)
        before = self._value(day)
        result = self._load(
            ("EU_ECB", "2026-01-01", "9.5", "yes", "corrected"),
            ("EU_ECB", "2027-01-01", "2.65", "yes", "bank"),
            ("EU_ECB", "2026-07-01", "2.40", "yes", self._value("2026-07-01").source),
        )
        self.assertFalse(result["messages"])
        self.assertEqual(result["ids"][0], before.id)
        self.assertEqual((before.rate, before.source), (9.5, "corrected"))
        self.assertEqual(len(self._value(day)), 1)
        self.assertIn("9.5 %", self._history())

    def test_import_says_what_it_did(self):
        self._load(
            ("EU_ECB", "2026-01-01", "9.5", "yes", "corrected"),
            ("EU_ECB", "2027-01-01", "2.65", "yes", "bank"),
        )
        # what was sent to the browser is written at the end of the transaction
        self.env.cr.precommit.run()
        sent = self.env["bus.bus"].sudo().search([], order="id desc", limit=5)
        self.assertTrue(
            any("1 new, 1 there already and changed" in m.message for m in sent),
            sent.mapped("message"),
        )

    def test_import_by_the_name_of_the_series(self):
        self._load((self.ecb.name, "2026-01-01", "9.25", "yes", ""))
        self.assertEqual(self._value(date(2026, 1, 1)).rate, 9.25)

    def test_import_of_an_unknown_series_changes_nothing(self):
        result = self._load(
            ("EU_ECB", "2027-01-01", "2.65", "yes", ""),
            ("NOBODY_KNOWS", "2027-01-01", "1", "yes", ""),
        )
        self.assertFalse(result["ids"])
        self.assertTrue(result["messages"])
        self.assertFalse(self._value(NEXT))

    def test_template(self):
        (template,) = self.rates.get_import_templates()
        path = template["template"].removeprefix("/")
        with file_open(path) as file:
            names = file.readline().strip().split(",")
        self.assertEqual(names, COLUMNS)
        self.assertLessEqual(set(names), set(self.rates._fields))

    def test_collectors_do_not_import(self):
        with self.assertRaises(AccessError):
            self.env["late.rate"].with_user(self.collector).create(
                {"series_id": self.ecb.id, "valid_from": NEXT, "rate": 1}
            )

    # === HISTORY === #

    def test_every_change_is_written_down(self):
        value = self._value(date(2026, 1, 1))
        value.with_user(self.manager).rate = 3.125
        self.assertIn("3.125 %", self._history())
        value.unlink()
        self.assertIn("Deleted: 3.125 %", self._history())

    def test_a_value_that_stays_is_not_written_down(self):
        value = self._value(date(2026, 1, 1))
        count = len(self.ecb.message_ids)
        value.write({"rate": value.rate})
        self.assertEqual(len(self.ecb.message_ids), count)

    def test_typed_in_the_form_of_the_series(self):
        with Form(self.ecb.with_user(self.manager)) as form:
            with form.rate_ids.new() as line:
                line.valid_from = NEXT
                line.rate = 2.65
        self.assertEqual(self._value(NEXT).rate, 2.65)

    def test_today(self):
        self.assertTrue(self.ecb.known_today)
        self.assertEqual(self.ecb.rate_today, 2.15)
        self.assertEqual(self.ecb.known_until, date(2026, 12, 31))
        self.assertFalse(self.ecb.missing)
        with freeze_time("2027-01-01 12:00:00"):
            self.ecb.invalidate_recordset()
            self.assertFalse(self.ecb.known_today)
            self.assertEqual(self.ecb.missing, "2027-S1")

    # === WATCH === #

    def _sentences(self, day):
        return self.company._late_gap_sentences(day)[self.company]

    def test_nothing_is_missing(self):
        self.assertEqual(self._sentences(TODAY), [])
        self.assertEqual(self._sentences(date(2026, 12, 17)), [])

    def test_two_weeks_before_and_from_the_day_on(self):
        (said,) = self._sentences(date(2026, 12, 18))
        self.assertIn("2027-S1", said)
        self.assertIn("not entered yet", said)
        (said,) = self._sentences(NEXT)
        self.assertIn("no interest is computed", said)
        self.assertIn("France: businesses", said)

    def test_only_regimes_in_use(self):
        self.profile.partner_id.is_company = False
        self.profile.customer_kind = "consumer"
        (said,) = self._sentences(NEXT)
        self.assertIn(self.legal.name, said)

    def test_companies_without_interest_need_none(self):
        self.company.late_interest = False
        self.assertEqual(self._sentences(NEXT), [])

    def test_the_run_and_the_settings_say_so(self):
        run = self.env["dunning.run"].sudo()._start(self.company, TODAY, self.profile)
        self.assertFalse(run.late_rate_warning)
        with freeze_time("2027-01-01 12:00:00"):
            run.invalidate_recordset()
            self.assertIn("2027-S1", run.late_rate_warning)
            settings = self.env["res.config.settings"].create({})
            self.assertIn("2027-S1", settings.late_rate_warning)
            run.state = "done"
            self.assertFalse(run.late_rate_warning)

    def _activities(self):
        kind = self.env.ref(ACTIVITY)
        return self.ecb.activity_ids.filtered(lambda a: a.activity_type_id == kind)

    def test_a_manager_is_asked_once(self):
        watch = self.env["late.rate.series"]._cron_watch_rates
        watch()
        self.assertFalse(self._activities())
        with freeze_time("2026-12-18 12:00:00"):
            watch()
            activity = self._activities()
            self.assertEqual(activity.user_id, self.contact)
            self.assertEqual(activity.date_deadline, NEXT)
            self.assertIn("2027-S1", activity.summary)
            activity.action_feedback(feedback="later")
            watch()
            self.assertFalse(self._activities())
        with freeze_time("2027-06-20 12:00:00"):
            watch()
            self.assertIn("2027-S2", self._activities().summary)

    def test_entering_the_rate_closes_the_question(self):
        with freeze_time("2026-12-18 12:00:00"):
            self.env["late.rate.series"]._cron_watch_rates()
            self.assertTrue(self._activities())
            self._load(("EU_ECB", "2027-01-01", "2.65", "yes", "bank"))
            self.assertFalse(self._activities())
            self.assertEqual(self._sentences(date(2026, 12, 18)), [])

    def test_each_company_s_manager_is_asked(self):
        other = self.company_data_2["company"]
        other.country_id = self.env.ref("base.de")
        person = self._user("other contact", "manager")
        person.company_ids += other
        other.dunning_user_id = person
        partner = self._customer("Elsewhere")
        self.env["credit.profile"]._for_partners(partner, other)
        with freeze_time("2027-01-01 12:00:00"):
            self.env["late.rate.series"]._cron_watch_rates()
        self.assertEqual(self._activities().user_id, self.contact)
        base = self.env["late.rate.series"].search([("code", "=", "DE_BASE")])
        self.assertEqual(base.activity_ids.user_id, person)

    def test_the_notice_says_for_which_time(self):
        self.formal.claim_interest = True
        self._invoice(self.profile.partner_id, late=50)
        run = self.env["dunning.run"].sudo()._start(self.company, TODAY, self.profile)
        run._propose_rest(lambda: True)
        notice = run.notice_ids
        self.assertEqual(notice.level_id, self.formal)
        self.assertFalse(notice.late_rate_warning)
        self._value(date(2026, 1, 1)).unlink()
        notice.invalidate_recordset()
        self.assertIn("2026-S1", notice.late_rate_warning)

    def test_the_memo_says_for_which_time(self):
        invoice = self._invoice(self.profile.partner_id, late=50)
        line = invoice.line_ids.filtered(
            lambda one: one.account_type == "asset_receivable"
        )
        charge = (
            self.env["late.charge"]
            .sudo()
            .create(
                {
                    "company_id": self.company.id,
                    "profile_id": self.profile.id,
                    "kind": "interest",
                    "move_line_id": line.id,
                    "date_maturity": line.date_maturity,
                    "currency_id": line.currency_id.id,
                    "accruing": True,
                }
            )
        )
        self.assertFalse(charge.rate_warning)
        with freeze_time("2027-01-01 12:00:00"):
            charge.invalidate_recordset()
            self.assertIn("2027-S1", charge.rate_warning)
