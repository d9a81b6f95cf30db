import json

import numpy as np
import pytest

from models_ml.bench.__main__ import main


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
