"""Learning a house's style from what its people approve, edit and reject; numpy and scipy only."""
