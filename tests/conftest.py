"""Settings for every test: hypothesis profiles and the count of tests that need hardware."""

import os
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# Shared machines stall for whole seconds, so no deadline; in CI the same examples on every run.
settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("nightly", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say in the last line how many hardware tests did not run here, and why."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    reasons: Counter[str] = Counter()
    for report in reporter.stats.get("skipped", []):
        if "hardware" in report.keywords:
            reasons[_reason(report)] += 1
    if reasons:
        told = "; ".join(f"{count} ({reason})" for reason, count in sorted(reasons.items()))
        reporter.ensure_newline()
        reporter.write_line(f"hardware tests not run on this machine: {told}")


def _reason(report: pytest.TestReport) -> str:
    where = report.longrepr
    text = where[2] if isinstance(where, tuple) else str(where)
    return text.removeprefix("Skipped: ")
