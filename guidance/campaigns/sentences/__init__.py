"""A sentence to start a campaign from: it becomes an audience, an offer and a schedule.

"Win back tea buyers who left a cart last week with 10 % off, not at night" is one. `grammar` says
what is understood, in English and Chinese; `vocabulary` what the shop's own words are. Of what the
grammar leaves over a language model may be asked (`prompts`); `answers` takes from it what the
sentence itself bears out (`parts`, `evidence`). What is not understood is shown as such and changes
nothing.
"""
