"""The bench of providers runs and tells a rate for each way."""

import json
from pathlib import Path

from models_ml.bench.__main__ import main


def test_the_bench_writes_both_rates_and_their_ratio(tmp_path: Path) -> None:
    out = tmp_path / "providers.json"
    main(["providers", "--json", str(out), "--latency", "0.02", "--concurrency", "4"])
    figures = json.loads(out.read_text())
    assert figures["ratio"] == figures["concurrent_per_second"] / figures["sequential_per_second"]
