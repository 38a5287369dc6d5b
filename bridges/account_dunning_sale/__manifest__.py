{
    "name": "Credit & Dunning: Sales",
    "summary": "Credit limits and holds on sales orders",
    "version": "19.0.1.1.0",
    "category": "Accounting/Accounting",
    "author": "account_dunning contributors",
    "license": "LGPL-3",
    "depends": ["account_dunning", "sale"],
    "data": [
        "security/ir.model.access.csv",
        "security/credit_held_rules.xml",
        "data/ir_cron.xml",
        "views/sale_order_views.xml",
        "views/sale_order_terms_views.xml",
        "views/sale_portal_templates.xml",
    ],
    "demo": ["demo/credit_orders_demo.xml"],
    "assets": {
        "web.assets_tests": ["account_dunning_sale/static/tests/tours/*.js"],
    },
    "auto_install": True,
}
