"""What the documents and the dashboard say about metrics, policies and links is true."""

import json
import re
from pathlib import Path

from prometheus_client import REGISTRY

import app.wiring.application  # noqa: F401 - every room defines its metrics when it is imported
from app.doctor import remedies
from app.storage.setup import Access

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
_METRIC = re.compile(r"\b[a-z]+(?:_[a-z]+)*_(?:total|seconds|bucket|count|open|backlog)\b")


def known_metrics() -> set[str]:
    """Every name that `/metrics` may show."""
    names: set[str] = set()
    for family in REGISTRY.collect():
        suffixes = {
            "counter": ("_total",),
            "histogram": ("", "_bucket", "_count", "_sum"),
        }.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names


def dashboard_expressions() -> list[str]:
    dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_the_dashboard_uses_metrics_that_exist() -> None:
    used = {name for expr in dashboard_expressions() for name in _METRIC.findall(expr)}
    assert used
    assert used - known_metrics() == set()


def test_the_alerts_and_the_table_name_metrics_that_exist() -> None:
    page = (DOCS / "operations.md").read_text()
    alerts = re.findall(r"expr: (.*)", page)
    assert len(alerts) >= 8
    used = {name for expr in alerts for name in _METRIC.findall(expr)}
    table = set(_METRIC.findall(page.partition("## Metrics")[2].partition("## Alerts")[0]))
    assert (used | table) - known_metrics() - {"shutdown_grace_seconds"} == set()


def test_every_metric_of_ours_is_in_the_table() -> None:
    table = (DOCS / "operations.md").read_text().partition("## Metrics")[2]
    foreign = ("python_", "process_")
    for family in REGISTRY.collect():
        if not family.name.startswith(foreign):
            shown = f"{family.name}_total" if family.type == "counter" else family.name
            assert f"`{shown}`" in table, shown


def test_the_policy_in_security_md_is_the_one_that_doctor_prints() -> None:
    page = (ROOT / "SECURITY.md").read_text()
    assert remedies.iam_policy_json("chatkit-attachments") in page


def test_the_cors_rules_in_the_quickstart_are_the_ones_that_are_set() -> None:
    access = Access(
        ("https://chat.example.com",), ("https://cdn.platform.openai.com",), "attachments/"
    )
    assert remedies.cors_json(access) in (DOCS / "quickstart.md").read_text()


def test_links_between_documents_lead_somewhere() -> None:
    for page in (*DOCS.glob("*.md"), *ROOT.glob("*.md")):
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
