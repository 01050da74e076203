"""The page of functions lists all calls that are answered, and no other."""

import re
from pathlib import Path

import pytest

from cicd.backends.endpoint.target_calls import CALLS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "functions.md").read_text("utf-8")


@pytest.mark.parametrize("service", ["CodeBuild", "CodeDeploy", "CodePipeline"])
def test_the_calls_of_a_service_are_those_of_its_row(service):
    (row,) = re.findall(rf"^\| {service} \| (.*) \|$", PAGE, re.MULTILINE)
    calls = {name.partition(".")[2] for name in CALLS if name.startswith(f"{service}_")}
    assert calls == {*re.findall(r"`([A-Z]\w+)`", row)}
