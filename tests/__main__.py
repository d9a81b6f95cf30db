"""`make test`: the whole suite on SQLite, then what touches a database again on PostgreSQL."""

import os
import subprocess
import sys

from tests import postgres

PYTEST = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadgroup"]
# These touch no database of ours, or drive a browser, which SQLite's run covers.
WITHOUT_DATABASE = ["--ignore=tests/models_ml", "--ignore=tests/browser", "--ignore=tests/soak"]


def main(arguments: list[str]) -> int:
    """Return 0 when every run passed. Arguments go to pytest."""
    # Two workers on two cores: a model's own threads would only fight over them.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("DATABASE_URL", None)
    failed = subprocess.run([*PYTEST, *arguments], env=environment, check=False).returncode
    binaries = postgres.find_binaries()
    if binaries is None:
        print("PostgreSQL is not installed: its run is skipped.", file=sys.stderr)
        return failed or bool(os.environ.get("CI"))
    with postgres.running(binaries) as url:
        again = subprocess.run(
            [*PYTEST, *WITHOUT_DATABASE, *arguments],
            env={**environment, "DATABASE_URL": url},
            check=False,
        ).returncode
    return failed or again


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
