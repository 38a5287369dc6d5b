"""The rules of Credit & Dunning, as plain Python.

Nothing in this package imports Odoo, reads a clock, or touches a database or a
file: values come in, decisions go out. Models fetch and write down; the rules decide.
That is why the run, the preview at another date, the "why not" on a screen and the
tests can all call the same function.
"""
