"""The demo rewrites the sample's ``cicd.yml``: it must still find what it replaces."""

import importlib.util
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).resolve().parents[2]
PORTS = {"web-1": 8092, "web-2": 8093, "web-3": 9001}


@pytest.fixture
def demo(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("demo", HERE / "tools" / "demo.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "DEMO", tmp_path)
    monkeypatch.setattr(module, "WHEELS", tmp_path / "wheelhouse")
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / "wheelhouse" / "pip-1.0-py3-none-any.whl").touch()
    return module


def test_the_ports_are_those_that_were_free(demo):
    local = yaml.safe_load(demo.resources("docker", "some:image", PORTS))["local"]
    instances = local["deploymentGroups"]["shop/web"]["instances"]
    assert PORTS == {each["id"]: int(each["environment"]["PORT"]) for each in instances}
    assert [f"http://127.0.0.1:{port}" for port in PORTS.values()] == [
        each["endpoint"] for each in instances
    ]


def test_builds_run_in_the_chosen_image(demo):
    local = yaml.safe_load(demo.resources("docker", "some:image", PORTS))["local"]
    assert ("docker", {demo.IMAGE: "some:image"}) == (local["runner"], local["images"])


def test_builds_install_from_the_wheels_without_a_network(demo):
    for runner, pip in (("docker", None), ("host", "wheelhouse/pip-1.0-py3-none-any.whl")):
        for project in yaml.safe_load(demo.resources(runner, None, PORTS))["projects"]:
            variables = {
                each["name"]: each["value"]
                for each in project["environment"]["environmentVariables"]
            }
            assert ("1", "wheelhouse", pip) == (
                variables["PIP_NO_INDEX"],
                variables["PIP_FIND_LINKS"],
                variables.get("PYTHONPATH"),
            )


def test_the_bug_has_a_place_to_go(demo):
    text = (demo.SAMPLE / "shop" / "prices.py").read_text(encoding="utf-8")
    assert 1 == text.count(demo.GOOD)
