"""The rules, the dashboard and the page speak of metrics that exist, with labels that they have.

Prometheus' own promtool is no package of this project; what it would refuse as syntax is checked here only as far as
names, labels, brackets and durations go.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.observe.conftest import ROOT

RULES = yaml.safe_load((ROOT / "docs" / "alert-rules.yml").read_text("utf-8"))
BOARD = json.loads((ROOT / "docs" / "grafana-dashboard.json").read_text("utf-8"))
PAGE = (ROOT / "docs" / "observing.md").read_text("utf-8")

#: Labels that Prometheus adds, and what a histogram's samples have beside the metric's own.
ADDED = {"job", "instance", "le"}
FUNCTIONS = {
    *("absent", "and", "by", "count", "histogram_quantile", "increase", "label_values", "max", "or", "rate", "sum"),
}


def metrics() -> dict[str, set[str]]:
    """Return the labels of every metric that the page documents, by the names that a query uses."""
    found: dict[str, set[str]] = {"process_cpu_seconds_total": set(), "process_resident_memory_bytes": set()}
    for name, kind, labels in re.findall(r"^\| `(runmail_\w+)` \| (\w+) \| ([^|]*) \|", PAGE, re.MULTILINE):
        for end in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            found[name + end] = set(re.findall(r"`(\w+)`", labels))
    return found


def wrong(query: str) -> list[str]:
    """Return what a query says that is not so."""
    known, faults = metrics(), []
    for opening, closing in ("()", "[]", "{}"):
        if query.count(opening) != query.count(closing):
            faults.append(f"unbalanced {opening}{closing}")
    bare = re.sub(r'"[^"]*"', '""', query)
    used: set[str] = set()
    for name, selected in re.findall(r"\b((?:runmail|process)_\w+)(?:\{([^}]*)\})?", bare):
        if name not in known:
            faults.append(f"no metric {name}")
            continue
        used |= known[name]
        for label in re.findall(r"(\w+)\s*(?:=~|!=|=)", selected):
            if label not in known[name] | ADDED:
                faults.append(f"{name} has no label {label}")
    for group in re.findall(r"\bby \(([^)]*)\)", bare):
        faults += [f"nothing has the label {label}" for label in re.split(r",\s*", group) if label not in used | ADDED]
    for window in re.findall(r"\[([^]]*)\]", bare):
        if not re.fullmatch(r"\d+[smh]|\$__rate_interval", window):
            faults.append(f"{window} is no duration")
    rest = re.sub(r"\b(?:runmail|process)_\w+(?:\{[^}]*\})?|\[[^]]*\]|by \([^)]*\)", " ", bare)
    faults += [f"no function {word}" for word in re.findall(r"[a-z_]{2,}", rest) if word not in FUNCTIONS]
    return faults


def panels() -> list[dict[str, Any]]:
    return [panel for panel in BOARD["panels"] if panel["type"] != "row"]


def test_the_check_of_queries_finds_what_is_wrong() -> None:
    assert wrong('sum by (profile) (rate(runmail_attempts_total{outcome="taken"}[5m]))') == []
    assert wrong("runmail_attempts") == ["no metric runmail_attempts"]
    assert wrong('runmail_attempts_total{suite="x"}') == ["runmail_attempts_total has no label suite"]
    assert wrong("sum by (suite) (runmail_connections)") == ["nothing has the label suite"]
    assert wrong("rate(runmail_attempts_total[5 minutes])") == ["5 minutes is no duration"]
    assert wrong("sum(runmail_connections") == ["unbalanced ()"]
    assert wrong("total(runmail_connections)") == ["no function total"]


def test_every_alert_asks_for_what_exists_and_has_its_paragraph() -> None:
    rules = [rule for group in RULES["groups"] for rule in group["rules"]]

    assert len(rules) >= 8
    for rule in rules:
        assert wrong(rule["expr"]) == [], rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert re.fullmatch(r"\d+m", rule.get("for", "1m"))
        assert f"\n### {rule['alert']}\n" in PAGE
        assert rule["annotations"]["runbook"] == f"docs/observing.md#{rule['alert'].lower()}"
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            assert f"by ({label})" in rule["expr"]
    assert re.findall(r"\n### (\w+)\n", PAGE) == [rule["alert"] for rule in rules]


def test_every_panel_asks_for_what_exists_and_lies_beside_the_others() -> None:
    for panel in panels():
        assert panel["targets"]
        for target in panel["targets"]:
            assert wrong(target["expr"]) == [], panel["title"]
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label in target["expr"] or label in ADDED
    places = [panel["gridPos"] for panel in BOARD["panels"]]
    taken = {(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])}
    assert len(taken) == sum(place["w"] * place["h"] for place in places)
    assert all(place["x"] + place["w"] <= 24 for place in places)
    assert len({panel["id"] for panel in BOARD["panels"]}) == len(BOARD["panels"])


def test_every_metric_of_ours_is_shown_or_watched() -> None:
    queries = [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]
    queries += [target["expr"] for panel in panels() for target in panel["targets"]]
    everything = " ".join(queries)

    unwatched = {name for name in metrics() if not name.endswith(("_sum", "_count")) and name not in everything}
    assert unwatched == {
        "runmail_deliveries_in_hand",
        "runmail_ledger_lost_total",
        "runmail_clock_failures_total",
        "runmail_ledger_group_items_bucket",
    }
