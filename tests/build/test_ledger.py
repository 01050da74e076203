"""What has no effect here is said, and nothing is ignored in silence."""

from dataclasses import replace

import pytest

from cicd.build import project_reader, webhook
from cicd.build.ledger import PROJECT_ROWS, Facts, _written, ledger
from cicd.build.project import ProjectArtifacts, default_project
from cicd.build.project_reader import read_project
from cicd.document.load import load_text
from cicd.document.problem import Problems


def told(buildspec="version: 0.2\n", project=None, runner="docker", docker="socket"):
    node = load_text(buildspec, "buildspec.yml")
    read = project or default_project("app")
    facts = Facts(project=read, runner=runner, docker=docker)
    return [str(e) for e in ledger(node, read.node, facts)]


def project_of(text):
    problems = Problems()
    read = read_project(load_text(f"name: app\n{text}", "cicd.yml"), problems)
    problems.raise_errors()
    return read


def test_an_entry_names_its_place_its_key_and_why():
    assert [
        "buildspec.yml:3:3  proxy.logs  no effect here: logs are files of this machine"
    ] == told("version: 0.2\nproxy:\n  logs: yes\n  upload-artifacts: no\n")


def test_values_that_stand_for_nothing_are_not_told_of():
    project = project_of(
        "badgeEnabled: false\nconcurrentBuildLimit:\nautoRetryLimit: 0\nvpcConfig: {}\n"
        "source: {type: CODEPIPELINE, gitCloneDepth: 0, auth: }\n"
    )
    assert [] == told(project=project)


def test_entries_stand_in_the_order_of_their_documents():
    project = project_of(
        "vpcConfig: {vpcId: v}\nsecondarySources:\n"
        "  - {type: GITHUB, sourceIdentifier: a}\n"
        "  - {type: GITHUB, sourceIdentifier: b, gitCloneDepth: 1}\nserviceRole: r\n"
    )
    keys = [line.split("  ")[1] for line in told(project=project)]
    assert [
        "vpcConfig.vpcId",
        "secondarySources.1.type",
        "secondarySources.2.type",
        "secondarySources.2.gitCloneDepth",
        "serviceRole",
    ] == keys


def test_artifacts_are_told_of_where_the_project_makes_none_or_names_them():
    spec = "artifacts:\n  name: x\n  files: a\n"
    made = replace(default_project("app"), artifacts=ProjectArtifacts(type="S3"))
    none = replace(made, artifacts=ProjectArtifacts())
    named = replace(made, artifacts=ProjectArtifacts(type="S3", override_artifact_name=True))
    assert [line.split("  ")[1] for line in told(spec, made)] == ["artifacts.name"]
    assert [line.split("  ")[1] for line in told(spec, none)] == ["artifacts"]
    assert [] == told(spec, named)


@pytest.mark.parametrize("runner", ["host", "sandbox"])
def test_runtime_versions_without_an_image_are_told_of(runner):
    spec = "phases:\n  install:\n    runtime-versions: {python: 3.12}\n"
    assert ["phases.install.runtime-versions.python"] == [
        line.split("  ")[1] for line in told(spec, runner=runner)
    ]
    assert [] == told(spec)


# What says who made a project, when and for whom: nothing that a build could do.
ABOUT = {
    "lastModifiedSecret",
    "payloadUrl",
    "projectName",
    "status",
    "statusMessage",
    "url",
    "arn",
    "badge",
    "created",
    "description",
    "lastModified",
    "publicProjectAlias",
    "tags",
}


@pytest.mark.parametrize(
    ("keys", "below"),
    [
        (project_reader._READ_ONLY, ()),
        (project_reader._SOURCE_ONLY, ("source",)),
        (project_reader._SOURCE_ONLY, ("secondarySources", "*")),
        (project_reader._ARTIFACTS_ONLY, ("artifacts",)),
        (project_reader._ARTIFACTS_ONLY, ("secondaryArtifacts", "*")),
        (project_reader._ENVIRONMENT_ONLY, ("environment",)),
        (webhook._PRINTED, ("webhook",)),
    ],
)
def test_every_key_that_a_project_may_have_and_nobody_reads_is_in_the_table(keys, below):
    rows = {row.path[: len(below) + 1] for row in PROJECT_ROWS}
    assert set() == {key for key in keys if (*below, key) not in rows} - ABOUT


def test_no_row_is_of_a_key_that_has_its_effect():
    """A key of the project's own that is read is no longer without effect."""
    always = [row for row in PROJECT_ROWS if row.effect == "NONE" and row.when is _written]
    told = {row.path[0] for row in always if len(row.path) == 1}
    assert set() == told - {*project_reader._READ_ONLY, "serviceRole", "queuedTimeoutInMinutes"}


BATCH = """version: 0.2
batch:
  build-list:
    - {identifier: a, env: {compute-type: BUILD_GENERAL1_LARGE, image: i, privileged-mode: yes}}
    - {identifier: b, env: {compute-type: CUSTOM_INSTANCE_TYPE, type: LINUX_LAMBDA_CONTAINER}}
"""


def test_a_machine_of_its_own_for_a_build_of_a_batch_is_told_of_where_it_is_not_had():
    assert ["2.env.compute-type", "2.env.type"] == [
        line.split("  ")[1].removeprefix("batch.build-list.") for line in told(BATCH)
    ]
    assert [
        "1.env.compute-type",
        "1.env.image",
        "1.env.privileged-mode",
        "2.env.compute-type",
        "2.env.type",
    ] == [
        line.split("  ")[1].removeprefix("batch.build-list.")
        for line in told(BATCH, runner="host")
    ]


def test_modes_of_a_cache_and_filters_of_a_webhook_are_told_of_one_by_one():
    project = project_of(
        "sourceVersion: main\n"
        "cache: {type: LOCAL, modes: [LOCAL_CUSTOM_CACHE, LOCAL_SOURCE_CACHE]}\n"
        "webhook:\n  filterGroups:\n    - - {type: EVENT, pattern: PUSH}\n"
        "      - {type: ACTOR_ACCOUNT_ID, pattern: '1'}\n"
    )
    assert ["sourceVersion", "cache.modes.2", "webhook.filterGroups.1.2.type"] == [
        line.split("  ")[1] for line in told(project=project)
    ]


@pytest.mark.parametrize(
    ("privileged", "runner", "docker", "expected"),
    [
        ("yes", "docker", "socket", ["approximated: layers are those of this machine's"]),
        ("yes", "docker", "nested", []),
        ("no", "docker", "nested", ["no effect here: builds have no engine"]),
        ("yes", "host", "socket", ["no effect here: builds have no engine"]),
    ],
)
def test_whose_the_layers_of_images_are_is_told(privileged, runner, docker, expected):
    project = project_of(
        f"environment: {{privilegedMode: {privileged}}}\n"
        "cache: {type: LOCAL, modes: [LOCAL_DOCKER_LAYER_CACHE]}\n"
    )
    lines = [
        line.split("  ")[2]
        for line in told(project=project, runner=runner, docker=docker)
        if "cache.modes" in line
    ]
    assert len(expected) == len(lines)
    assert all(map(str.startswith, lines, expected))
