"""Every reason why a figure is not measured has words."""

from guidance.experiments.statistics import NotMeasured, Unmeasured
from guidance.experiments.wording import REASONS, not_measured


def test_every_reason_has_words_of_its_own() -> None:
    assert set(REASONS) == set(Unmeasured)
    texts = {not_measured(NotMeasured(reason)) for reason in Unmeasured}
    assert len(texts) == len(Unmeasured)
    assert all(text.startswith("not measured: ") and "_" not in text for text in texts)
