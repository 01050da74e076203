"""Buildspecs that people really published: each is understood, or refused with a place."""

import os
from pathlib import Path

import pytest

from cicd.build.buildspec.reader import read_buildspec
from cicd.build.rules import BUILD_RULES
from cicd.document.load import load
from cicd.document.problem import Problems
from cicd.document.rules import run_rules
from cicd.errors import DocumentError

BESIDE = Path(__file__).parents[3] / "shared" / "corpus"
FOLDER = Path(os.environ.get("CICD_CORPUS", BESIDE)) / "buildspec"
FILES = sorted(FOLDER.iterdir()) if FOLDER.is_dir() else []

# Every file that is refused: at which lines, and by which rules. All others are carried out.
# Every file that is refused: at which lines, and by which rules. All others are carried out.
REFUSED = {
    "3rd-stone__AWS-url-shorten-serverless-application-pipeline@749bea06__buildspec.yml": (
        (16, "document/syntax"),
    ),
    "AI-Joe__realworld@463b8042__buildspec.yaml": ((1, "build/version"),),
    "AbhishekSharmaIE__DevopsEcommerceapp@50afab39__ec2-deploy-buildspec.yml": (
        (29, "build/command-not-text"),
    ),
    "AliRazaqNorthbay__ECS-test@8f34d808__buildspec.yml": ((1, "build/version"),),
    "EverUniAndes__listanegra2@67466c60__buildspec.yml": ((1, "build/version"),),
    "Fildi-Hellen__Express@5829d8e2__admin-panel__buildspec.yml": ((57, "document/syntax"),),
    "Fildi-Hellen__Express@7024aa6f__backend__buildspec.yml": (
        (17, "build/command-not-text"),
        (19, "build/command-not-text"),
        (21, "build/command-not-text"),
        (25, "build/command-not-text"),
    ),
    "Kingmanne__projectGoldenApple@7a55a9c0__buildspec.yml": (
        (36, "build/unknown-phase"),
        (39, "build/command-not-text"),
    ),
    "Kingmanne__projectGoldenApple@b5383591__buildspec.yml": ((27, "build/command-not-text"),),
    "TudorOrban__MovieMator@2f3e5e55__backend__buildspec.yml": ((17, "build/command-not-text"),),
    "apurv-soni__dotnet-webapp@e350cc42__buildspec.yaml": ((27, "build/unknown-phase"),),
    "assasingemini__devops-crossplatform@19579a55__buildspec-windows.yml": (
        (9, "build/unknown-phase"),
    ),
    "aws-samples__aws-codepipeline-codebuild-with-postman@a3170792__"
    "03codebuild__postman-newman-buildspec.yml": (
        (6, "document/duplicate-key"),
        (7, "document/duplicate-key"),
        (8, "document/duplicate-key"),
        (9, "document/duplicate-key"),
        (10, "document/duplicate-key"),
        (11, "document/duplicate-key"),
    ),
    "aws__aws-codebuild-docker-images@52c2dcd5__buildspec.yml": (
        (4, "document/duplicate-key"),
        (10, "document/duplicate-key"),
    ),
    "byu-oit__handel-codepipeline@fd7a4ea0__lib__phases__pypi__pypi-buildspec.yml": (
        (5, "document/key"),
    ),
    "byu-oit__handel-codepipeline__src__phases__pypi__pypi-buildspec.yml": ((5, "document/key"),),
    "gezza-b__devopspro-prep@bc9369ff__buildspec.yml": ((30, "document/syntax"),),
    "j2clark__aws-batch@0d1f9085__build__buildspec.yml": ((15, "build/unknown-phase"),),
    "j2clark__aws-batch@d3763bb3__build__buildspec.yml": ((15, "build/unknown-phase"),),
    "ndlib__bendo@2620d8d4__buildspec.yml": ((2, "document/syntax"),),
    "ndlib__bendo@9712ec12__buildspec.yml": ((3, "document/syntax"),),
    "onegunsamurai__test-codebuild@93171847__buildspec.yaml": ((15, "document/syntax"),),
    "saikiranmerugu74__project5@9fc424a7__buildspec.yml": ((32, "document/syntax"),),
    "satoshi256kbyte__github-gitlab-codepipeline@14803856__codepipeline__buildspecs__sast.yml": (
        (15, "build/command-not-text"),
    ),
    "slampenny__bianca-app@4bbf8e45__packages__backend__devops__buildspec-production-tests.yml": (
        (305, "build/command-not-text"),
        (306, "build/command-not-text"),
    ),
    "slampenny__bianca-app@4ff795a1__packages__backend__devops__buildspec-staging.yml": (
        (50, "build/unknown-phase"),
    ),
    "slampenny__bianca-app@51de90b9__devops__buildspec.yml": ((40, "document/syntax"),),
    "slampenny__bianca-app@bd610865__devops__buildspec.yml": ((36, "build/command-not-text"),),
    "slampenny__bianca-app@d9729fcc__buildspec-production.yml": ((50, "build/unknown-phase"),),
    "slampenny__bianca-app@d9729fcc__buildspec-staging.yml": ((50, "build/unknown-phase"),),
    "stelligent__devops-essentials@e6b7083d__buildspec-setup.yml": ((15, "document/syntax"),),
}


def problems_of(path):
    problems = Problems()
    try:
        run_rules(BUILD_RULES, read_buildspec(load(path, path.name), problems), problems)
    except DocumentError as refused:
        return refused.problems
    return tuple(problems)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_published_buildspec_is_understood_or_refused_at_its_line(path):
    problems = problems_of(path)
    found = tuple((p.span.line, p.rule) for p in problems if p.severity == "error")
    assert REFUSED.get(path.name, ()) == found
    for problem in problems:
        assert path.name == problem.span.source.name
        assert 1 <= problem.span.line <= len(problem.span.source.text.splitlines()) + 1


@pytest.mark.skipif(not FILES, reason="the corpus is not here")
def test_every_refused_file_is_there():
    assert set() == REFUSED.keys() - {path.name for path in FILES}
