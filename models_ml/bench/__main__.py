"""Entry of `python -m models_ml.bench`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from models_ml.bench import (
    checks,
    pace,
    policy,
    providers,
    recommender,
    repurchase,
    uplift,
    writer,
    writer_learning,
    writer_reranker,
)


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m models_ml.bench")
    benches = parser.add_subparsers(required=True)
    recommender.add_parser(benches)
    pace.add_parser(benches)
    repurchase.add_parser(benches)
    writer.add_parser(benches)
    checks.add_parser(benches)
    providers.add_parser(benches)
    writer_reranker.add_parser(benches)
    writer_learning.add_parser(benches)
    policy.add_parser(benches)
    uplift.add_parser(benches)
    everything = benches.add_parser("all", help="every bench over the shared data")
    everything.add_argument("--data", type=Path, default=Path("../shared/data"))
    everything.add_argument("--json", type=Path, default=Path("var/bench"), help="a folder")
    everything.add_argument(
        "--rectools", type=Path, required=True, help="the Python of RecTools' virtual environment"
    )
    everything.set_defaults(run=_run_all)
    options = parser.parse_args(arguments)
    options.run(options)


def _run_all(options: argparse.Namespace) -> None:
    if not options.data.is_dir():
        sys.exit(f"{options.data}: no such folder; name the data with --data")
    options.json.mkdir(parents=True, exist_ok=True)
    shop, facts = options.data / "online_retail.parquet", options.data / "catalogue"
    beauty = options.data / "sequences" / "beauty.txt"
    attributes = options.data / "sequences" / "beauty_attributes.json"
    for title, name, *inputs in (
        ("recommender", "recommender", "--shop", shop),
        ("sequences", "recommender", "--sequences", beauty, "--attributes", attributes),
        ("pace", "pace", "--sequences", beauty, "--rectools", options.rectools),
        ("repurchase", "repurchase", "--shop", shop),
        ("writer", "writer", "--facts", facts / "flipkart_1050.csv"),
        (
            *("checks", "checks", "--words", options.data / "copy" / "ad_law_words_zh.txt"),
            *("--human", options.data / "copy" / "advertisegen_zh.jsonl"),
        ),
        ("providers", "providers"),
        ("policy", "policy", "--log", options.data / "bandit" / "obd_random_men.csv"),
        ("uplift", "uplift", "--data", options.data / "push" / "hillstrom.csv"),
    ):
        print(title)
        main([name, *map(str, inputs), "--json", str(options.json / f"{title}.json")])


if __name__ == "__main__":
    main(sys.argv[1:])
