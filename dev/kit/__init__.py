"""The developer harness: what ./dev/demo, ./dev/test and their kin are made of.

Only the standard library is used outside of `inside/`, because these modules run on
the machine's own python3 before any virtual environment exists. The scripts in
`inside/` run in the virtual environment, with Odoo importable.
"""
