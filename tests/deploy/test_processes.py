"""Whole processes of ``cicd deploy``: two at the same moment, and some that are killed."""

import json
import os
import random
import re
import signal
import subprocess
import sys
import time

import pytest

APPSPEC = """version: 0.0
os: linux
files:
  - source: app
    destination: /srv/app
hooks:
  BeforeInstall: [{location: note.sh}]
  AfterInstall: [{location: note.sh}]
  ValidateService: [{location: note.sh}]
"""
# Outside isolation the variable says where the instance is; inside it is empty.
NOTE = """#!/bin/sh
echo "$LIFECYCLE_EVENT" >> "${CICD_INSTANCE_ROOT:-}/ran"
sleep 0.4
"""
IDS = ("a", "b")
SIX = ("a", "b", "c", "d", "e", "f")
KILLS = 5


@pytest.fixture
def shop(tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app/index.html").write_text("v1")
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    (tmp_path / "note.sh").write_text(NOTE)
    (tmp_path / "note.sh").chmod(0o755)
    (tmp_path / ".git").mkdir()
    return tmp_path


def cicd(shop, *words, ids=IDS):
    instances = [f"--instance={name}={shop.parent / f'{shop.name}-{name}'}" for name in ids]
    command = [sys.executable, "-m", "cicd", "deploy", *words]
    return subprocess.Popen(
        command if words else [*command, *instances],
        cwd=shop,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


ZONES = """
applications:
  - applicationName: shop
    deploymentGroups: [{deploymentGroupName: web, deploymentConfigName: Zonal}]
deploymentConfigs:
  - deploymentConfigName: Zonal
    computePlatform: Server
    minimumHealthyHosts: {type: HOST_COUNT, value: 0}
    zonalConfig: {monitorDurationInSeconds: 3600}
local:
  deploymentGroups:
    web:
      instances:
        - {id: a, directory: .cicd/instances/a, zone: one}
        - {id: b, directory: .cicd/instances/b, zone: two}
"""


def ran(shop, name):
    place = shop.parent / f"{shop.name}-{name}" / "ran"
    return place.read_text().split() if place.exists() else []


def test_of_two_at_the_same_moment_one_is_refused_with_the_services_word(shop):
    both = [cicd(shop), cicd(shop)]
    said = [process.communicate(timeout=60) for process in both]
    assert [0, 2] == sorted(process.returncode for process in both)
    refused = next(err for process, (_, err) in zip(both, said, strict=True) if process.returncode)
    assert "already has an active Deployment 'd-" in refused
    assert "DeploymentLimitExceededException" in refused
    assert 3 == len(ran(shop, "a"))


@pytest.mark.parametrize(
    ("instance", "event"),
    [("a", "BeforeInstall"), ("a", "ValidateService"), ("b", "AfterInstall")],
)
def test_a_killed_deployment_is_taken_up_where_it_was(shop, instance, event):
    driver = cicd(shop)
    until = time.monotonic() + 60
    while event not in ran(shop, instance):
        assert time.monotonic() < until
        time.sleep(0.02)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate()
    resumed = cicd(shop, "resume")
    out, err = resumed.communicate(timeout=60)
    assert 0 == resumed.returncode, err
    assert "Succeeded" in out
    for name in IDS:
        counts = {each: ran(shop, name).count(each) for each in ran(shop, name)}
        again = {event} if name == instance else set()
        assert again == {each for each, count in counts.items() if count == 2}
        assert {"BeforeInstall", "AfterInstall", "ValidateService"} == set(counts)


def _succeeded(shop):
    """Give the lifecycle events that the log says are over, as (instance, event)."""
    said, _ = cicd(shop, "status", "--output", "json").communicate(timeout=60)
    return {
        (target["instanceTarget"]["targetId"], event["lifecycleEventName"])
        for target in json.loads(said.splitlines()[-1])["deploymentTargets"]
        for event in target["instanceTarget"]["lifecycleEvents"]
        if event["status"] == "Succeeded"
    }


def test_a_deployment_over_six_hosts_that_is_killed_again_and_again_ends_well(shop):
    moments = sorted(random.Random(20).sample(range(1, 3 * len(SIX)), KILLS))
    over = {}
    for number, moment in enumerate(moments):
        words = ("resume",) if number else ()
        driver = cicd(shop, *words, ids=SIX)
        until = time.monotonic() + 60
        while sum(len(ran(shop, name)) for name in SIX) < moment:
            assert time.monotonic() < until
            time.sleep(0.02)
        os.kill(driver.pid, signal.SIGKILL)
        driver.communicate()
        for name, event in _succeeded(shop):
            over.setdefault((name, event), ran(shop, name).count(event))
    last = cicd(shop, "resume")
    out, err = last.communicate(timeout=60)
    assert 0 == last.returncode, err
    assert "Succeeded" in out
    for name in SIX:
        assert "v1" == (shop.parent / f"{shop.name}-{name}/srv/app/index.html").read_text()
        assert {"BeforeInstall", "AfterInstall", "ValidateService"} == set(ran(shop, name))
    again = {key for key, count in over.items() if ran(shop, key[0]).count(key[1]) != count}
    assert set() == again, "hooks of events that were over ran again"


def asked(shop, *words):
    """Give what a command of its own says to people."""
    command = [sys.executable, "-m", "cicd", *words]
    return subprocess.run(command, cwd=shop, capture_output=True, text=True, check=True).stdout


def test_a_wait_is_told_alike_everywhere_and_a_resume_tells_only_what_is_new(shop):
    (shop / "cicd.yml").write_text(ZONES)
    driver = cicd(shop, ids=())
    try:
        until = time.monotonic() + 60
        while "Baking" not in asked(shop, "deploy", "list"):
            assert time.monotonic() < until
        assert "Baking" in asked(shop, "status")
        wait = r"d-\w+: Baking, (59|1:00):\d\d(:\d\d)? until the next zone begins"
        assert re.search(wait, asked(shop, "deploy", "status"))
    finally:
        driver.kill()
    assert "Baking: the zone is monitored until " in driver.communicate()[0]
    assert "Baking (interrupted)" in asked(shop, "deploy", "list")
    assert "nobody drives it: 'cicd deploy resume d-" in asked(shop, "deploy", "status")
    out = asked(shop, "deploy", "resume", "--speed", "100000")
    first, second, *_ = out.splitlines()
    assert re.fullmatch(
        r"Going on with d-\w+: 1 Succeeded, 1 Pending; the next zone begins at [\d:]{8}", first
    )
    assert "b: ApplicationStop InProgress" == second
    assert "a: " not in out
