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

REFUSED = {
    "build/command-not-text": (
        "AbhishekSharmaIE__DevopsEcommerceapp@50afab39__ec2-deploy-buildspec.yml",
        "Fildi-Hellen__Express@7024aa6f__backend__buildspec.yml",
        "Kingmanne__projectGoldenApple@7a55a9c0__buildspec.yml",
        "Kingmanne__projectGoldenApple@b5383591__buildspec.yml",
        "TudorOrban__MovieMator@2f3e5e55__backend__buildspec.yml",
        "satoshi256kbyte__github-gitlab-codepipeline@14803856__codepipeline__buildspecs__sast.yml",
        "slampenny__bianca-app@4bbf8e45__packages__backend__devops__buildspec-production-tests.yml",
        "slampenny__bianca-app@bd610865__devops__buildspec.yml",
    ),
    "build/unknown-phase": (
        "Kingmanne__projectGoldenApple@7a55a9c0__buildspec.yml",
        "apurv-soni__dotnet-webapp@e350cc42__buildspec.yaml",
        "assasingemini__devops-crossplatform@19579a55__buildspec-windows.yml",
        "j2clark__aws-batch@0d1f9085__build__buildspec.yml",
        "j2clark__aws-batch@d3763bb3__build__buildspec.yml",
        "slampenny__bianca-app@4ff795a1__packages__backend__devops__buildspec-staging.yml",
        "slampenny__bianca-app@d9729fcc__buildspec-production.yml",
        "slampenny__bianca-app@d9729fcc__buildspec-staging.yml",
    ),
    "build/version": (
        "AI-Joe__realworld@463b8042__buildspec.yaml",
        "AliRazaqNorthbay__ECS-test@8f34d808__buildspec.yml",
        "EverUniAndes__listanegra2@67466c60__buildspec.yml",
    ),
    "document/duplicate-key": (
        "aws-samples__aws-codepipeline-codebuild-with-postman@a3170792__03codebuild__postman-newman-buildspec.yml",
        "aws__aws-codebuild-docker-images@52c2dcd5__buildspec.yml",
    ),
    "document/key": (
        "byu-oit__handel-codepipeline@fd7a4ea0__lib__phases__pypi__pypi-buildspec.yml",
        "byu-oit__handel-codepipeline__src__phases__pypi__pypi-buildspec.yml",
    ),
    "document/syntax": (
        "3rd-stone__AWS-url-shorten-serverless-application-pipeline@749bea06__buildspec.yml",
        "Fildi-Hellen__Express@5829d8e2__admin-panel__buildspec.yml",
        "byu-oit__handel-codepipeline@fd7a4ea0__lib__phases__pypi__pypi-buildspec.yml",
        "byu-oit__handel-codepipeline__src__phases__pypi__pypi-buildspec.yml",
        "gezza-b__devopspro-prep@bc9369ff__buildspec.yml",
        "ndlib__bendo@2620d8d4__buildspec.yml",
        "ndlib__bendo@9712ec12__buildspec.yml",
        "onegunsamurai__test-codebuild@93171847__buildspec.yaml",
        "saikiranmerugu74__project5@9fc424a7__buildspec.yml",
        "slampenny__bianca-app@51de90b9__devops__buildspec.yml",
        "stelligent__devops-essentials@e6b7083d__buildspec-setup.yml",
    ),
}


def problems_of(path):
    problems = Problems()
    try:
        run_rules(BUILD_RULES, read_buildspec(load(path, path.name), problems), problems)
    except DocumentError as refused:
        return refused.problems
    return tuple(problems)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_published_buildspec_is_understood_or_refused_for_its_reason(path):
    problems = problems_of(path)
    found = {problem.rule for problem in problems if problem.severity == "error"}
    assert {rule for rule, names in REFUSED.items() if path.name in names} == found
    for problem in problems:
        assert path.name == problem.span.source.name
        assert 1 <= problem.span.line <= len(problem.span.source.text.splitlines()) + 1
