"""Entry of `python -m models_ml.bench`."""

import argparse

from models_ml.bench import recommender, writer


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m models_ml.bench")
    benches = parser.add_subparsers(required=True)
    recommender.add_parser(benches)
    writer.add_parser(benches)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
