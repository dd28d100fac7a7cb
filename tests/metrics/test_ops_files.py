"""The dashboard and the alert rules load as they are, and speak of nothing that is not there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from e2e.deployment import Deployment

OPS = Path(__file__).resolve().parents[2] / "ops"
DASHBOARD: dict[str, Any] = json.loads((OPS / "grafana" / "tollgate.json").read_text())
ALERTS: dict[str, Any] = yaml.safe_load((OPS / "prometheus" / "alerts.yml").read_text())
RULES: list[dict[str, Any]] = [rule for group in ALERTS["groups"] for rule in group["rules"]]
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SELECTOR = re.compile(r"\b((?:billing|process)_[a-z_]+)\b")


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in RULES)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])


def test_every_expression_is_promql() -> None:
    for expression in expressions():
        promql_parser.parse(expression)
    with pytest.raises(ValueError, match="unclosed"):
        promql_parser.parse("sum(billing_mrr")


async def test_everything_they_name_is_shown(deployment: Deployment) -> None:
    shown = (await deployment.api.http.get(deployment.url.replace("/graphql", "/metrics"))).text
    told = {line.split()[2] for line in shown.splitlines() if line.startswith("# TYPE")}
    told |= {f"{name}_{part}" for name in told for part in ("bucket", "count", "sum")}
    named = {name for expression in expressions() for name in SELECTOR.findall(expression)}
    assert len(named) > 20
    assert named - told == set()


def test_the_dashboard_is_whole() -> None:
    assert DASHBOARD["uid"] == "tollgate"
    assert "id" not in DASHBOARD, "an id is the database's that it came from"
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    for panel in PANELS:
        assert panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert {"h", "w", "x", "y"} == panel["gridPos"].keys()
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_no_panels_overlap() -> None:
    taken = [(x, y) for panel in DASHBOARD["panels"] for x, y in _cells(panel["gridPos"])]
    assert len(taken) == len(set(taken))


def _cells(at: dict[str, int]) -> Iterator[tuple[int, int]]:
    return ((x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"]))


def test_the_rules_are_whole() -> None:
    names = [rule["alert"] for rule in RULES]
    assert len(names) == len(set(names))
    assert {"PaymentFailuresHigh", "CollectionLow", "WorkLate", "WorkGivenUp", "Drift"} <= set(names)
    for rule in RULES:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert rule["annotations"].keys() == {"summary", "description"}
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "0m"))


def test_the_thresholds_are_those_that_were_asked_for() -> None:
    of = {rule["alert"]: " ".join(rule["expr"].split()) for rule in RULES}
    assert "> 0.05" in of["PaymentFailuresHigh"]
    assert of["CollectionLow"].endswith("< 0.95")


def test_prometheus_and_grafana_are_given_files_that_are_there() -> None:
    compose = yaml.safe_load((OPS.parent / "docker-compose.yml").read_text())
    for name in ("prometheus", "grafana"):
        assert compose["services"][name]["profiles"] == ["monitoring"]
        mounted = [text.split(":")[0] for text in compose["services"][name]["volumes"] if text.startswith("./")]
        assert mounted
        assert all((OPS.parent / path).exists() for path in mounted)
    prometheus = yaml.safe_load((OPS / "prometheus" / "prometheus.yml").read_text())
    assert prometheus["rule_files"] == ["/etc/prometheus/alerts.yml"]
    jobs = {job["job_name"]: job for job in prometheus["scrape_configs"]}
    assert jobs["tollgate-api"]["dns_sd_configs"][0]["port"] == 8000
    worker_port = compose["services"]["worker"]["environment"]["BILLING_WORKER_METRICS_PORT"]
    assert worker_port.endswith(f":-{jobs['tollgate-worker']['dns_sd_configs'][0]['port']}}}")
