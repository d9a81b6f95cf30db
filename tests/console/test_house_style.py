"""On the generated shop a scripted house style is learned: the third version's drafts need at most
half of the edits of the first's.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from guidance.console.demo.generator.catalogue import build_catalogue
from guidance.console.demo.generator.facts import product_records
from guidance.console.demo.generator.parameters import PARAMETERS
from models_ml.bench.house_styles import PLAIN, PLAIN_CHINESE, HouseStyle
from models_ml.bench.writer import Case, read_cases
from models_ml.bench.writer_learning import measure


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    """Products of a generated shop, in both languages."""
    rng = np.random.default_rng(7)
    catalogue = build_catalogue(rng, products=400, days=60, parameters=PARAMETERS)
    records = product_records(
        rng,
        catalogue,
        sales=np.zeros(len(catalogue.items)),
        currency="SGD",
        parameters=PARAMETERS,
    )
    path: Path = tmp_path_factory.mktemp("shop") / "products.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return list(read_cases(path))


@pytest.mark.parametrize("style", [PLAIN, PLAIN_CHINESE], ids=lambda style: style.name)
def test_the_third_version_needs_at_most_half_of_the_first_one_s_edits(
    cases: list[Case], style: HouseStyle
) -> None:
    report = measure(cases, style, texts=70, seed=1)
    first, second, third = report["versions"]
    assert [one["texts"] for one in (first, second, third)] == [70, 70, 70]
    assert third["edits"] <= first["edits"] / 2, report
    assert third["approved_as_written"] >= first["approved_as_written"]
    assert third["unsupported_claims"] == 0
