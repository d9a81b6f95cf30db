"""Rule packs: what copy may not say in a market, as data that a compliance person edits."""
