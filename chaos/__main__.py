"""`python -m chaos [--kills N] [--unprotected] [--json FILE]`: exit status 0 if nothing was lost or doubled, else 1.

`python -m chaos hostile [--minutes N]` is a run of its own (chaos/hostile.py).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from chaos import hostile
from chaos.report import as_json, as_text
from chaos.run import Orders, Outcome, Run

RESULTS = Path("test-results/chaos.json")
UNPROTECTED_QUIET_SECONDS = 60.0  # what was lost never comes to an end: waiting longer shows no more


def main(argv: list[str] | None = None) -> int:
    """Run once and print what happened."""
    given = sys.argv[1:] if argv is None else argv
    if given[:1] == ["hostile"]:
        return hostile.main(given[1:])
    arguments = _arguments(given)
    orders = Orders(
        kills=arguments.kills,
        seconds=arguments.seconds,
        quiet_seconds=arguments.quiet or (UNPROTECTED_QUIET_SECONDS if arguments.unprotected else Orders.quiet_seconds),
        rate=arguments.rate,
        seed=arguments.seed,
        protected=not arguments.unprotected,
    )
    folder = Path(tempfile.mkdtemp(prefix="switchyard-chaos-"))
    print(f"{orders.kills} kills, seed {orders.seed}, in {folder}", flush=True)
    outcome = Run(folder, orders).carry_out()
    _write(arguments.json, outcome)
    print(as_text(outcome))
    if arguments.keep or (orders.protected and not outcome.is_clean):
        print(f"lines and data are kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if outcome.is_clean and outcome.is_quiet else 1


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description="Kill things on purpose and compare the books.")
    parser.add_argument("--kills", type=int, default=Orders.kills, help="how many processes to kill at least (%(default)s)")
    parser.add_argument("--seconds", type=float, default=Orders.seconds, help="how long the storm may last (%(default)s)")
    limits = f"{Orders.quiet_seconds:.0f}, unprotected {UNPROTECTED_QUIET_SECONDS:.0f}"
    parser.add_argument("--quiet", type=float, help=f"how long it may take to calm down ({limits})")
    parser.add_argument("--rate", type=float, default=Orders.rate, help="customers' messages a second (%(default)s)")
    parser.add_argument("--seed", type=int, default=Orders.seed, help="of the dice (%(default)s)")
    parser.add_argument("--unprotected", action="store_true", help="take the protections off; must show losses and doubles")
    parser.add_argument("--json", type=Path, default=RESULTS, help="where the result goes (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="keep the folder of the run")
    return parser.parse_args(argv)


def _write(path: Path, outcome: Outcome) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(as_json(outcome), indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
