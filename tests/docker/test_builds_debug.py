"""Builds that wait in a container: what holds of every runner, without the engine's client."""

import pytest

from tests.cli.waiting import (
    assert_a_failure_is_looked_into_mended_and_passed,
    assert_a_killed_front_end_is_no_loss,
    assert_a_shell_in_the_middle_of_a_command_lets_it_go_on,
    assert_ctrl_c_stops_it,
    outside_of,
)

pytestmark = pytest.mark.docker


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")  # no `docker` there
    return outside_of(tmp_path)


@pytest.fixture
def words(docker_image):
    return ("--runner", "docker", "--image", docker_image)


def test_a_failure_is_looked_into_mended_and_passed(outside, words):
    assert_a_failure_is_looked_into_mended_and_passed(outside, *words)


def test_a_build_whose_cicd_was_killed_while_it_waits_goes_on(outside, words):
    assert_a_killed_front_end_is_no_loss(outside, *words)


def test_ctrl_c_stops_a_build_that_waits(outside, words):
    assert_ctrl_c_stops_it(outside, *words)


def test_a_shell_in_the_middle_of_a_command_sees_what_it_exports_and_lets_it_go_on(outside, words):
    assert_a_shell_in_the_middle_of_a_command_lets_it_go_on(outside, *words)
