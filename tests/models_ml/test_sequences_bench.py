import json

import numpy as np
import pytest

from models_ml.bench.__main__ import main
from models_ml.bench.pace import compare


@pytest.fixture
def shop(tmp_path):
    starts = np.random.default_rng(1).integers(0, 15, 40)
    lines = [
        f"u{place} " + " ".join(f"i{(start + step) % 15}" for step in range(7))
        for place, start in enumerate(starts)
    ]
    path = tmp_path / "shop.txt"
    path.write_text("\n".join(lines))
    return path


def test_the_bench_writes_its_figures_with_spread_over_seeds(shop, tmp_path, capsys):
    out = tmp_path / "out.json"
    arguments = ["recommender", "--sequences", str(shop), "--json", str(out)]
    main([*arguments, "--minutes", "0.01", "--seeds", "2", "--threads", "1"])
    content = json.loads(out.read_text())
    assert content["hr@10"] > 0.9
    for name in ("hr@5", "ndcg@5", "ndcg@10", "coverage", "train_seconds"):
        values = [run[name] for run in content["seeds"]]
        assert content[name] == pytest.approx(np.mean(values))
        assert content["spread"][name] == pytest.approx(np.std(values, ddof=1))
    assert content["protocol"].startswith("leave-one-out")
    assert "ndcg@10" in capsys.readouterr().out


def test_a_broken_file_ends_the_bench_with_its_line(tmp_path):
    path = tmp_path / "shop.txt"
    path.write_text("u1 a b c\nu2\n")
    with pytest.raises(SystemExit, match="line 2"):
        main(["recommender", "--sequences", str(path), "--json", str(tmp_path / "out.json")])


def test_the_pace_is_our_time_to_the_best_of_the_peer():
    def curve(*rows):
        return [
            {"epoch": place, "seconds": seconds, "validation_ndcg": ndcg}
            for place, (seconds, ndcg) in enumerate(rows)
        ]

    peer = curve((30, 0.02), (60, 0.05), (90, 0.04))
    reached = compare(curve((5, 0.03), (15, 0.05), (25, 0.06)), peer)
    assert reached["ratio"] == pytest.approx(15 / 60)
    assert reached["our_best"] == 0.06
    assert compare(curve((5, 0.03)), peer)["ratio"] is None


def test_the_pace_bench_says_when_the_peer_is_missing(shop, tmp_path):
    arguments = ["pace", "--sequences", str(shop), "--json", str(tmp_path / "out.json")]
    with pytest.raises(SystemExit, match="absent: no such file"):
        main([*arguments, "--rectools", str(tmp_path / "absent")])
