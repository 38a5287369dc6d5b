{
    "name": "Credit & Dunning: Sales",
    "summary": "Credit limits and holds on sales orders",
    "version": "19.0.1.1.0",
    "category": "Accounting/Accounting",
    "author": "account_dunning contributors",
    "license": "LGPL-3",
    "depends": ["account_dunning", "sale"],
    "auto_install": True,
}
