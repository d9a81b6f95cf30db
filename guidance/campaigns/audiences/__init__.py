"""The language of an audience's rules: its fields, how it is read, checked and told in words.

Nothing here asks the database; `selectors/audience_rules.py` turns rules into shoppers.
"""
