import pytest

from cicd.build.compute.kinds import GIB, Size
from cicd.build.compute.local_places import local_places
from cicd.build.compute.place import Network
from cicd.build.project_reader import read_project
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import DocumentError


def read(text):
    problems = Problems()
    return read_project(load_text(f"name: web\n{text}", "cicd.yml"), problems), problems


def test_what_batch_get_prints_is_read():
    project, problems = read(
        "environment: {type: LINUX_CONTAINER, computeType: ATTRIBUTE_BASED_COMPUTE, "
        "computeConfiguration: {vCpu: 3, memory: 5, disk: 9, machineType: GENERAL}}\n"
        "vpcConfig: {vpcId: vpc-1, subnets: [s], securityGroupIds: [g]}\n"
        "fileSystemLocations:\n  - {type: EFS, identifier: data, location: 'fs-1:/', "
        "mountPoint: /mnt/data, mountOptions: hard}\n"
    )
    assert [] == list(problems)
    assert (Size(cpus=3, memory=5 * GIB), "vpc-1") == (project.environment.size, project.vpc_id)
    assert ["/mnt/data"] == [found.mount_point for found in project.file_systems]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "fileSystemLocations: [{identifier: a-b, location: l, mountPoint: /m}]",
            "build/identifier",
        ),
        (
            "fileSystemLocations: [{identifier: a, location: l, mountPoint: m}]",
            "build/mount-point",
        ),
        ("environment: {type: LINUX_GPU_CONTAINER}", "build/environment-type"),
        ("environment: {type: WINDOWS_SERVER_2022_CONTAINER}", "build/environment-type"),
        ("environment: {type: MAC_ARM}", "build/environment-type"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text, rule):
    _, problems = read(text)
    assert [rule] == [problem.rule for problem in problems]


def test_local_places(tmp_path):
    (tmp_path / "cicd.yml").write_text(
        "local:\n  networks: {vpc-1: mine, vpc-2: {internal: yes}, vpc-3: {name: n}}\n"
        "  fileSystems: {data: ./data, other: /abs}\n"
    )
    places = local_places(Resources.load(tmp_path))
    assert {
        "vpc-1": Network(name="mine"),
        "vpc-2": Network(name="vpc-2", internal=True),
        "vpc-3": Network(name="n"),
    } == places.networks
    assert {"data": str(tmp_path / "data"), "other": "/abs"} == {
        name: str(place) for name, place in places.file_systems.items()
    }
    assert {} == local_places(Resources.load(tmp_path / "nowhere")).networks


def test_local_places_that_are_none_are_said(tmp_path):
    (tmp_path / "cicd.yml").write_text("local: {networks: {a: [b]}, fileSystems: {b: [c]}}\n")
    with pytest.raises(DocumentError) as caught:
        local_places(Resources.load(tmp_path))
    assert 2 == len(caught.value.problems)
