"""The file that the import dialogue offers for ratings can be imported as it is."""

from odoo.tools.misc import file_open

from .common import DunningCommon


class TestRatingImport(DunningCommon):
    def _imported(self, lang):
        self.env["res.lang"]._activate_lang(lang)
        [template] = self.env["credit.rating"].get_import_templates()
        with file_open(template["template"].lstrip("/"), "rb") as stream:
            content = stream.read()
        wizard = (
            self.env["base_import.import"]
            .with_context(lang=lang)
            .create(
                {
                    "res_model": "credit.rating",
                    "file": content,
                    "file_name": "credit_ratings.csv",
                    "file_type": "text/csv",
                }
            )
        )
        options = {
            "has_headers": True,
            "quoting": '"',
            "separator": ",",
            "encoding": "utf-8",
            "date_format": "%Y-%m-%d",
            "float_decimal_separator": ".",
            "float_thousand_separator": ",",
        }
        preview = wizard.parse_preview(dict(options))
        self.assertNotIn("error", preview)
        fields = [path[0] for __, path in sorted(preview["matches"].items())]
        self.assertEqual(len(fields), len(preview["headers"]))
        result = wizard.execute_import(fields, preview["headers"], dict(options))
        self.assertFalse(result["messages"])
        return self.env["credit.rating"].browse(result["ids"])

    def _check(self, lang):
        customer = self._customer("Example Customer")
        agency = self.env["credit.rating.agency"].create({"name": "Example Agency"})
        rating = self._imported(lang)
        self.assertEqual(rating.partner_id, customer)
        self.assertEqual(rating.agency_id, agency)
        self.assertEqual(rating.value, "B")
        self.assertEqual(str(rating.date), "2026-01-31")
        self.assertEqual(rating.limit_advised, 5000)
        self.assertTrue(rating.limit_is_advised)

    def test_template_in_english(self):
        self._check("en_US")

    def test_template_in_french(self):
        self._check("fr_FR")
