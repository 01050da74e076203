from dataclasses import replace
from pathlib import Path

import pytest

from cicd.build.compute.kinds import GIB, Size, limits, size_of
from cicd.build.compute.place import FileSystem, LocalPlaces, Network, Wishes, place_of
from cicd.build.project import (
    Project,
    ProjectCache,
    ProjectEnvironment,
    ProjectFileSystem,
    default_project,
)

WISHES = Wishes(
    runner="docker",
    network=None,
    docker="socket",
    local=LocalPlaces(),
    home=Path("/home/.cicd"),
    machine=Size(cpus=8, memory=16 * GIB),
    processor="x86_64",
)


def project(file_systems=(), vpc_id="", **environment):
    return Project(
        name="p",
        environment=ProjectEnvironment(**environment),
        file_systems=file_systems,
        vpc_id=vpc_id,
    )


@pytest.mark.parametrize(
    ("compute_type", "environment_type", "expected"),
    [
        ("BUILD_GENERAL1_SMALL", "LINUX_CONTAINER", Size(cpus=2, memory=4 * GIB)),
        ("BUILD_GENERAL1_XLARGE", "LINUX_CONTAINER", Size(cpus=36, memory=72 * GIB)),
        ("BUILD_GENERAL1_XLARGE", "ARM_CONTAINER", Size(cpus=32, memory=64 * GIB)),
        ("BUILD_GENERAL1_2XLARGE", "ARM_CONTAINER", Size(cpus=48, memory=96 * GIB)),
        ("BUILD_LAMBDA_10GB", "LINUX_LAMBDA_CONTAINER", Size(memory=10 * GIB)),
        ("CUSTOM_INSTANCE_TYPE", "LINUX_CONTAINER", Size()),
    ],
)
def test_sizes(compute_type, environment_type, expected):
    assert expected == size_of(compute_type, environment_type)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Size(cpus=2, memory=4 * GIB), (Size(cpus=2, memory=4 * GIB), False)),
        (Size(cpus=8, memory=16 * GIB), (Size(), False)),
        (Size(cpus=36, memory=8 * GIB), (Size(memory=8 * GIB), True)),
        (Size(), (Size(), False)),
    ],
)
def test_no_more_is_given_than_the_machine_has(wanted, expected):
    assert expected == limits(wanted, WISHES.machine)


def test_a_machine_that_is_smaller_is_told_in_a_line():
    place = place_of(
        project(compute_type="BUILD_GENERAL1_LARGE"),
        replace(WISHES, machine=Size(cpus=2, memory=GIB)),
    )
    assert (None, None) == (place.cpus, place.memory)
    assert place.notes == (
        (
            "BUILD_GENERAL1_LARGE has 8 vCPUs and 16 GiB of memory, "
            "this machine has 2 vCPUs and 1 GiB of memory"
        ),
    )


def test_without_a_project_nothing_is_limited():
    place = place_of(default_project("app"), WISHES)
    assert (None, None, ()) == (place.cpus, place.memory, place.notes)


def test_computeconfiguration_beats_the_type():
    place = place_of(project(size=Size(cpus=3, memory=5 * GIB)), WISHES)
    assert (3, 5 * GIB) == (place.cpus, place.memory)


def test_a_vpc_is_a_network_of_its_own_name_unless_cicd_yml_says_another():
    assert ("vpc-1", "open") == _network(place_of(project(vpc_id="vpc-1"), WISHES))
    local = LocalPlaces(networks={"vpc-1": Network(name="mine", internal=True)})
    found = place_of(project(vpc_id="vpc-1"), replace(WISHES, local=local))
    assert ("mine", "internal") == _network(found)


def test_the_flag_beats_the_vpc():
    found = place_of(project(vpc_id="vpc-1"), replace(WISHES, network="none"))
    assert ("none", "") == _network(found)


def test_a_runner_without_containers_has_no_networks_limits_or_engines():
    asked = project(vpc_id="vpc-1", privileged=True, compute_type="BUILD_GENERAL1_SMALL")
    place = place_of(asked, replace(WISHES, runner="sandbox"))
    assert (None, "", "", None, None) == (*_network(place), place.docker, place.cpus, place.memory)


def _network(place):
    return place.network, place.make_network


def test_file_systems_are_directories_of_the_home_unless_cicd_yml_names_others():
    asked = project(
        (
            ProjectFileSystem(identifier="a", location="fs-1:/", mount_point="/mnt/a"),
            ProjectFileSystem(identifier="b", location="fs-2:/", mount_point="/mnt/b"),
        )
    )
    local = LocalPlaces(file_systems={"b": Path("/data/b")})
    found = place_of(asked, replace(WISHES, local=local)).file_systems
    assert found == (
        FileSystem(
            identifier="a", directory=Path("/home/.cicd/file-systems/a"), mount_point="/mnt/a"
        ),
        FileSystem(identifier="b", directory=Path("/data/b"), mount_point="/mnt/b"),
    )


@pytest.mark.parametrize(
    ("type_", "processor", "told"),
    [
        ("ARM_CONTAINER", "x86_64", True),
        ("ARM_CONTAINER", "aarch64", False),
        ("LINUX_CONTAINER", "arm64", True),
        ("LINUX_CONTAINER", "x86_64", False),
    ],
)
def test_another_processor_is_told(type_, processor, told):
    place = place_of(project(type=type_), replace(WISHES, processor=processor))
    assert told == any("another processor" in note for note in place.notes)


def test_how_a_privileged_build_gets_at_docker_is_told():
    for docker in ("socket", "nested"):
        place = place_of(project(privileged=True), replace(WISHES, docker=docker))
        assert docker == place.docker
        assert any(note.startswith("privilegedMode: ") for note in place.notes)


@pytest.mark.parametrize(
    ("docker", "modes", "expected"),
    [
        ("nested", ("LOCAL_DOCKER_LAYER_CACHE",), "p"),
        ("nested", ("LOCAL_CUSTOM_CACHE",), ""),
        ("socket", ("LOCAL_DOCKER_LAYER_CACHE",), ""),
    ],
)
def test_layers_are_kept_of_an_engine_of_the_build_s_own(docker, modes, expected):
    wanted = replace(project(privileged=True), cache=ProjectCache(type="LOCAL", modes=modes))
    place = place_of(wanted, replace(WISHES, docker=docker))
    assert (expected, bool(expected)) == (
        place.layers,
        any("LOCAL_DOCKER_LAYER_CACHE" in note for note in place.notes),
    )
