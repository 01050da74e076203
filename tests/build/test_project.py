from datetime import timedelta
from pathlib import Path

import pytest

from cicd.build.environment_variable import Variable, VariableType
from cicd.build.find_project import find_project, local_images
from cicd.build.project import default_project
from cicd.build.project_reader import read_project
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError

PASTED = """
{"projects": [{
  "name": "web", "arn": "arn:aws:codebuild:us-east-1:1:project/web", "created": 1.5,
  "source": {"type": "GITHUB", "location": "https://example.com/r.git", "gitCloneDepth": 1,
             "buildspec": "ci/b.yml", "insecureSsl": false},
  "secondarySources": [{"type": "S3", "sourceIdentifier": "lib", "location": "b/k"}],
  "secondarySourceVersions": [{"sourceIdentifier": "lib", "sourceVersion": "v1"}],
  "artifacts": {"type": "S3", "location": "bucket", "packaging": "ZIP", "name": "o.zip",
                "overrideArtifactName": true, "encryptionDisabled": false},
  "secondaryArtifacts": [{"type": "S3", "artifactIdentifier": "one"}],
  "cache": {"type": "LOCAL", "modes": ["LOCAL_CUSTOM_CACHE"]},
  "environment": {"type": "LINUX_CONTAINER", "image": "aws/codebuild/standard:7.0",
    "computeType": "BUILD_GENERAL1_SMALL", "privilegedMode": true,
    "imagePullCredentialsType": "CODEBUILD",
    "environmentVariables": [{"name": "A", "value": "1"},
      {"name": "P", "value": "/p", "type": "PARAMETER_STORE"}]},
  "serviceRole": "role", "timeoutInMinutes": 30, "queuedTimeoutInMinutes": 480,
  "logsConfig": {}, "badge": {"badgeEnabled": false}, "tags": []
}], "projectsNotFound": []}
"""


def test_what_batch_get_projects_prints_is_a_project():
    node = load_text(PASTED, "p.json", json=True).entries["projects"].value.items[0]
    problems = Problems()
    project = read_project(node, problems)
    assert () == tuple(problems)
    assert ("web", "ci/b.yml", "LOCAL") == (
        project.name,
        project.source.buildspec,
        project.cache.type,
    )
    assert ("lib", "v1") == (
        project.secondary_sources[0].identifier,
        project.secondary_sources[0].version,
    )
    assert ("ZIP", "o.zip", True) == (
        project.artifacts.packaging,
        project.artifacts.name,
        project.artifacts.override_artifact_name,
    )
    assert "one" == project.secondary_artifacts[0].name
    assert (timedelta(minutes=30), True) == (project.timeout, project.environment.privileged)
    assert (
        Variable(name="A", value="1"),
        Variable(name="P", value="/p", type=VariableType.PARAMETER_STORE),
    ) == project.environment.variables


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("name: -bad", "build/project-name"),
        ("name: ok\ntimeoutInMinutes: 4", "build/out-of-range"),
        ("name: ok\nsource: {type: SVN}", "build/unknown-value"),
        ("name: ok\nenviroment: {}", "build/unknown-key"),
        ("name: ok\nsecondaryArtifacts: [{artifactIdentifier: a-b}]", "build/identifier"),
        ("source: {}", "build/missing-key"),
    ],
)
def test_problems_of_a_project(line, rule):
    problems = Problems()
    read_project(load_text(line, "cicd.yml"), problems)
    assert [rule] == [p.rule for p in problems]


def resources(tmp_path: Path, text: str) -> Resources:
    (tmp_path / "cicd.yml").write_text(text)
    return Resources.load(tmp_path)


def test_without_cicd_yml_there_is_a_project_named_after_the_directory(tmp_path):
    directory = tmp_path / "my app!"
    directory.mkdir()
    assert default_project("my-app") == find_project(Resources.load(directory), None, directory)


def test_a_single_project_needs_no_name(tmp_path):
    found = resources(tmp_path, "projects: [{name: web}]\n")
    assert "web" == find_project(found, None, tmp_path).name


def test_of_several_projects_one_must_be_named(tmp_path):
    found = resources(tmp_path, "projects: [{name: web}, {name: api}]\n")
    assert "api" == find_project(found, "api", tmp_path).name
    with pytest.raises(UsageError) as several:
        find_project(found, None, tmp_path)
    assert "name one with --project: web, api" == several.value.hint
    with pytest.raises(UsageError) as unknown:
        find_project(found, "wbe", tmp_path)
    assert "did you mean 'web'?" == unknown.value.hint


def test_a_pipeline_may_name_a_project_where_there_are_none(tmp_path):
    assert default_project("x1") == find_project(
        Resources.load(tmp_path), "x1", tmp_path, required=False
    )


def test_an_invalid_project_is_refused_with_its_place(tmp_path):
    found = resources(tmp_path, "projects: [{name: web, timeoutInMinutes: 1}]\n")
    with pytest.raises(DocumentError) as refused:
        find_project(found, "web", tmp_path)
    assert "cicd.yml:1:42" == str(refused.value.problems[0].span)


def test_local_images(tmp_path):
    found = resources(tmp_path, "local: {images: {'aws/codebuild/standard:7.0': mine}}\n")
    assert {"aws/codebuild/standard:7.0": "mine"} == local_images(found)
    assert {} == local_images(Resources.load(tmp_path / "nowhere"))


LAMBDA = "environment: {type: LINUX_LAMBDA_CONTAINER, privilegedMode: true}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"description: {'d' * 256}\n", ["'description' has 256 characters, and 255 at most"]),
        (
            f"vpcConfig: {{vpcId: v, subnets: {['s'] * 17}, securityGroupIds: {['g'] * 5}}}\n",
            ["'subnets' has 17 entries, and 16 at most"],
        ),
        (
            "secondaryArtifacts:\n"
            + "".join(f"  - {{type: S3, artifactIdentifier: a{n}}}\n" for n in range(13)),
            ["'secondaryArtifacts' has 13 entries, and 12 at most"],
        ),
        (
            "source: {type: CODEPIPELINE}\nbadgeEnabled: true\n",
            ["a project whose source is CODEPIPELINE has no badge"],
        ),
        (
            f"{LAMBDA}timeoutInMinutes: 20\nvpcConfig: {{vpcId: v}}\n",
            [
                "a project on Lambda has no 'privilegedMode'",
                "a build on Lambda has 15 minutes at most",
                "a project on Lambda has no 'vpcConfig'",
            ],
        ),
        ("tags: []\nbadgeEnabled: false\ntimeoutInMinutes: 20\n", []),
        (
            f"{LAMBDA[:-2]}, certificate: b/c}}\nbadgeEnabled: true\ncache: {{type: S3}}\n",
            [
                "a project on Lambda has no 'privilegedMode'",
                "a project on Lambda has no 'certificate'",
                "a project on Lambda has no 'badgeEnabled'",
                "a project on Lambda has no 'cache'",
            ],
        ),
        (
            (
                "artifacts: {type: CODEPIPELINE, encryptionDisabled: true}\nsecondaryArtifacts:\n"
                "  - {type: S3, artifactIdentifier: a, encryptionDisabled: true}\n"
                "  - {type: CODEPIPELINE, artifactIdentifier: a}\n"
                "secondarySources:\n  - {sourceIdentifier: s}\n  - {sourceIdentifier: s}\n"
            ),
            [
                "'encryptionDisabled' is for artifacts of type S3, not CODEPIPELINE",
                "a secondary artifact is of type S3, not CODEPIPELINE",
                "'a' names another entry of 'secondaryArtifacts', too",
                "'s' names another entry of 'secondarySources', too",
            ],
        ),
        (
            "environment: {registryCredential: {credential: c}}\n",
            ["'registryCredential' is used with imagePullCredentialsType SERVICE_ROLE only"],
        ),
        (
            (
                "environment: {registryCredential: {credential: c}, "
                "imagePullCredentialsType: SERVICE_ROLE}\n"
            ),
            [],
        ),
        (
            "environment: {computeType: BUILD_GENERAL1_MEDUIM}\n",
            ["there is no compute type 'BUILD_GENERAL1_MEDUIM'"],
        ),
        (
            "environment: {computeType: BUILD_LAMBDA_1GB}\n",
            ["there is no BUILD_LAMBDA_1GB of type LINUX_CONTAINER"],
        ),
        ("environment: {computeType: BUILD_LAMBDA_1GB, type: ARM_LAMBDA_CONTAINER}\n", []),
        ("environment: {computeType: ATTRIBUTE_BASED_COMPUTE, fleet: {fleetArn: f}}\n", []),
        (
            "cache: {type: LOCAL}\nenvironment: {computeType: BUILD_GENERAL1_2XLARGE}\n",
            ["BUILD_GENERAL1_2XLARGE has no local cache"],
        ),
        (
            "cache: {type: LOCAL}\nvpcConfig: {vpcId: v}\n",
            ["a project in a VPC has no local cache"],
        ),
        ("cache: {type: S3}\nvpcConfig: {vpcId: v}\n", []),
    ],
)
def test_what_the_service_would_not_take_of_a_project_is_a_warning(text, said):
    problems = Problems()
    read_project(load_text(f"name: app\n{text}", "cicd.yml"), problems)
    assert said == [p.message for p in problems]
    assert {"build/project-limit", "build/compute-type"} >= {p.rule for p in problems}
