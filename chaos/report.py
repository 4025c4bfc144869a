"""What a run found, as a table for people and as JSON for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from chaos.ledger import Finding, by_protection, by_table
from chaos.points import POINTS
from chaos.run import Outcome

SHOWN_FINDINGS = 15


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Everything, with every finding."""
    toll, verdict = outcome.toll, outcome.verdict
    return {
        "orders": asdict(outcome.orders),
        "kills": toll.kills,
        "points": {point.name: toll.points[point.name] for point in POINTS},
        "points_never_reached": toll.never_reached,
        "random_kills": dict(toll.random),
        "valkey_flushes": toll.flushes,
        "database_stops": toll.database_stops,
        "database_stalls": toll.database_stalls,
        "locks_held": toll.locks,
        "provider_faults": toll.provider_faults,
        "storage_faults": toll.storage_faults,
        "storage_fault": outcome.storage_fault,
        "restarts": outcome.restarts,
        "storm_seconds": round(outcome.storm_seconds, 1),
        "quiet_after_seconds": round(outcome.quiet_seconds, 1),
        "is_quiet": outcome.is_quiet,
        "counts": verdict.counts,
        "lost": len(verdict.of("lost")),
        "doubled": len(verdict.of("doubled")),
        "unconfirmed": verdict.unconfirmed,
        "by_table": by_table(verdict.findings),
        "findings": [asdict(finding) for finding in verdict.findings],
    }


def as_text(outcome: Outcome) -> str:
    """The table."""
    told = as_json(outcome)
    lines = [f"{'killed at':32} times"]
    lines += [f"  {name:30} {times}" for name, times in told["points"].items()]
    lines += [f"  {'any moment: ' + name:30} {times}" for name, times in sorted(told["random_kills"].items())]
    lines += ["", f"{'besides':32} times"]
    lines += [
        f"  {name:30} {told[key]}"
        for name, key in (
            ("Valkey emptied", "valkey_flushes"),
            ("PostgreSQL stopped at once", "database_stops"),
            ("PostgreSQL stalled", "database_stalls"),
            ("lock on a table held", "locks_held"),
            ("provider misbehaved", "provider_faults"),
            (outcome.storage_fault, "storage_faults"),
        )
    ]
    lines += ["", f"{'went through':32} count"]
    lines += [f"  {name:30} {count}" for name, count in told["counts"].items()]
    lines += ["", *_findings(outcome.verdict.findings), *_missing(told["points_never_reached"])]
    if not outcome.is_quiet:
        lines += [f"still not quiet after {outcome.quiet_seconds:.0f} s", ""]
    lines += [f"not confirmed: {line}" for line in outcome.verdict.unconfirmed[:SHOWN_FINDINGS]]
    lines += [_last_line(outcome, told)]
    return "\n".join(lines)


def _last_line(outcome: Outcome, told: dict[str, Any]) -> str:
    return (
        f"{told['kills']} kills in {outcome.storm_seconds:.0f} s, quiet after {outcome.quiet_seconds:.0f} s: "
        f"{told['lost']} lost, {told['doubled']} doubled, {len(told['unconfirmed'])} not confirmed"
    )


def _findings(findings: list[Finding]) -> list[str]:
    lines = [f"{finding.kind}: {finding.what}" for finding in findings[:SHOWN_FINDINGS]]
    if len(findings) > SHOWN_FINDINGS:
        lines.append(f"… and {len(findings) - SHOWN_FINDINGS} more, see the JSON")
    for protection, kinds in by_protection(findings).items():
        damage = ", ".join(f"{times} {kind}" for kind, times in sorted(kinds.items()))
        lines.append(f"for want of »{protection}«: {damage}")
    tables = ", ".join(f"{times} {table}" for table, times in sorted(by_table(findings).items()))
    lines += [f"by table: {tables}"] if tables else []
    return [*lines, ""] if lines else []


def _missing(names: list[str]) -> list[str]:
    return [f"points nobody reached: {', '.join(names)}", ""] if names else []
