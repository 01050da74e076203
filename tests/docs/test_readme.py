"""The commands of the README do what it says, in a repository with the documents it speaks of."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).resolve().parents[2] / "README.md"
DOCUMENTS = {
    "buildspec.yml": """
        version: 0.2
        phases:
          build:
            commands:
              - echo "building for ${STAGE:-nobody}"
        artifacts:
          files: [appspec.yml, hook.sh]
        """,
    "appspec.yml": """
        version: 0.0
        os: linux
        files:
          - {source: /, destination: /srv/app}
        hooks:
          AfterInstall:
            - {location: hook.sh}
        """,
    "hook.sh": """
        #!/bin/sh
        echo installed
        """,
    "pipeline.json": """
        {"pipeline": {
          "name": "app",
          "roleArn": "arn:aws:iam::123456789012:role/app",
          "artifactStore": {"type": "S3", "location": "app"},
          "stages": [
            {"name": "Source", "actions": [{
              "name": "Source",
              "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeCommit",
                               "version": "1"},
              "configuration": {"RepositoryName": "app", "BranchName": "main"},
              "outputArtifacts": [{"name": "SourceOutput"}]}]},
            {"name": "Build", "actions": [{
              "name": "Build",
              "actionTypeId": {"category": "Build", "owner": "AWS", "provider": "CodeBuild",
                               "version": "1"},
              "configuration": {"ProjectName": "app"},
              "inputArtifacts": [{"name": "SourceOutput"}]}]}
          ],
          "version": 1}}
        """,
    "cicd.yml": """
        projects:
          - name: app
            source: {type: CODEPIPELINE}
            artifacts: {type: CODEPIPELINE}
            environment:
              type: LINUX_CONTAINER
              computeType: BUILD_GENERAL1_SMALL
              image: aws/codebuild/standard:7.0
        applications:
          - applicationName: app
            deploymentGroups:
              - deploymentGroupName: web
                deploymentConfigName: CodeDeployDefault.OneAtATime
        pipelines: [pipeline.json]
        local:
          runner: host
          deploymentGroups:
            web:
              instances:
                - {id: web-1, directory: .cicd/instances/web-1}
        """,
}


def typed() -> list[str]:
    """The ``cicd`` lines of the README's console blocks."""
    blocks = re.findall(
        r"^```console\n(.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    lines = [line[2:] for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("cicd ")]


@pytest.fixture
def repository(tmp_path):
    root = tmp_path / "app"
    root.mkdir()
    for name, text in DOCUMENTS.items():
        lines = text.strip("\n").splitlines()
        margin = len(lines[0]) - len(lines[0].lstrip())
        (root / name).write_text("\n".join(line[margin:] for line in lines).rstrip() + "\n")
    (root / "hook.sh").chmod(0o755)
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (("init", "-q", "-b", "main"), ("add", "-A"), ("commit", "-q", "-m", "first")):
        subprocess.run(("git", *settings, *words), cwd=root, check=True)
    return root


def allowed(words: list[str]) -> set[int]:
    """Which statuses are right: a machine may lack the runner that a line insists on."""
    return {0, 4} if {"--runner", "--image"} & set(words) else {0}


def test_the_commands_of_the_readme_run_in_their_order(repository):
    lines = typed()
    assert len(lines) > 10
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in lines:
        words = shlex.split(line, comments=True)
        assert shutil.which(words[0], path=environment["PATH"])
        done = subprocess.run(
            words, cwd=repository, env=environment, check=False, capture_output=True, text=True
        )
        assert done.returncode in allowed(words), (line, done.returncode, done.stdout, done.stderr)
