"""`make bench`: every benchmark in turn, or those named: `make bench ARGS="gateway signing"`."""

import importlib
import sys
from pathlib import Path


def main() -> None:
    known = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    chosen = sys.argv[1:] or known
    unknown = set(chosen) - set(known)
    if unknown:
        sys.exit(f"No such benchmark: {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    for name in chosen:
        print(f"\n== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


# Guarded: worker processes (app/workers.py) load this module again.
if __name__ == "__main__":
    main()
