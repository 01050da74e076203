"""Commands that do something else than they seem to: what is told, and what is left alone."""

import pytest

from cicd.build.buildspec.reader import read_buildspec
from cicd.build.rules.advice import ADVICE
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.rules import run_rules

SET = "env: {variables: {NAME: a, IMAGE_TAG: b}}\n"


def problems_of(*commands, more=""):
    listed = "".join(f"      - {command}\n" for command in commands)
    text = f"version: 0.2\n{more}phases:\n  build:\n    commands:\n{listed}"
    problems = Problems()
    run_rules(ADVICE, read_buildspec(load_text(text, "buildspec.yml"), problems), problems)
    return list(problems)


def told(*commands, more=""):
    return [(problem.rule, problem.span.text) for problem in problems_of(*commands, more=more)]


@pytest.mark.parametrize(
    "commands",
    [
        ["echo $OTHER $CODEBUILD_BUILD_ID ${CODEBUILD_SRC_DIR_lib} $CODEBUILD_DATA"],
        ["echo done | tee log", "ls | tee log", "make || exit 1"],
        ["pytest > log 2>&1", "bash -c 'set -o pipefail; pytest | tee log'", "grep x f | sort"],
        ["nohup ./serve > log 2>&1 &", "a && b", "make 2>&1"],
        [">\n        aws s3 cp a b\n        --recursive\n        --quiet"],
        [">\n        python3 setup.py\n        --all pytest"],
        [">\n        make one &&\n        make two"],
        [">\n        aws s3 cp\n        --acl public-read\n        ./dist/a.js s3://bucket/"],
        [">\n        if true; then\n          echo yes;\n        fi"],
        ["""'[ "$CODEBUILD_BUILD_SUCCEEDING" = 1 ] && make publish'"""],
        ["read NMAE", "echo $NMAE"],
        ["for NMAE in a b; do echo $NMAE; done"],
        [". ./env", "echo $IMAGE_TGA"],
    ],
)
def test_what_is_meant_is_left_alone(commands):
    assert [] == told(*commands, more=SET)


@pytest.mark.parametrize(
    ("rule", "commands", "pointed"),
    [
        ("misspelt-variable", ["echo $IMAGE_TGA"], "IMAGE_TGA"),
        ("misspelt-variable", ["echo ${CODEBUILD_SRC_DRI}"], "CODEBUILD_SRC_DRI"),
        ("misspelt-variable", ["export VERSION=1", "echo $VERSOIN"], "VERSOIN"),
        ("always-true", ["test -n $CODEBUILD_BUILD_SUCCEEDING"], "$CODEBUILD_BUILD_SUCCEEDING"),
        ("fixed-directory", ["ls /codebuild/output/src12/src"], "/codebuild/output/src12/src"),
        ("hidden-failure", ["pytest | grep -v ok"], "| grep"),
        ("hidden-failure", ["make deploy 2>&1 | tee log"], "| tee"),
        ("block-status", ["make test; echo finished"], "make test"),
        ("lost-option", ["typeset -A names", "echo"], "typeset -A names"),
        ("background", ["./serve &"], "./serve &"),
        ("folded-commands", [">\n        cd app\n        npm ci"], "npm ci"),
    ],
)
def test_what_is_a_trap_is_told_where_it_stands(rule, commands, pointed):
    assert [(f"build/{rule}", pointed)] == told(*commands, more=SET)


@pytest.mark.parametrize("pattern", ["'**/*'", "dist/**/*", "Dockerfile", "a.jar", "$OUT/x.json"])
def test_a_pattern_that_takes_files_is_fine(pattern):
    assert [] == told("make", more=f"artifacts: {{files: [{pattern}]}}\n")


@pytest.mark.parametrize(
    ("pattern", "pointed"),
    [("dist", "dist"), ("app/", "app/"), ("'*.{js,css}'", "{js,css}"), ("$(pwd)/x", "$(pwd)/x")],
)
def test_a_pattern_that_takes_none_is_told(pattern, pointed):
    more = f"artifacts: {{files: [{pattern}]}}\n"
    assert [("build/file-pattern", pointed)] == told("make", more=more)


def test_only_a_pipeline_takes_secondary_artifacts_alone():
    for more, other in (("", False), ("secondary-artifacts: {a: {files: f}}", True)):
        section = f"artifacts: {{discard-paths: no, {more}}}\n"
        (problem,) = problems_of("make", more=section)
        assert "build/no-artifact-files" == problem.rule
        assert other == ("other than in a pipeline" in problem.message)


@pytest.mark.parametrize(
    ("command", "pointed", "becomes"),
    [
        (
            "TAG=${CODEBUILD_RESOLVED_SOURCE_VERSION:0:7}",
            "${CODEBUILD_RESOLVED_SOURCE_VERSION:0:7}",
            1,
        ),
        ("SUM=${NAME::32}", "${NAME::32}", 1),
        ("echo ${NAME//x/y}", "${NAME//x/y}", 1),
        ("echo ${NAME^^}", "${NAME^^}", 1),
        ("echo ${!NAME}", "${!NAME}", 1),
        ("names=(a b)", "names=(", 1),
        ('if [ "$NAME" == "a" ]; then make; fi', "==", 2),
        ("make &> log", "&>", 3),
        ('test "$NAME" == a', "==", 2),
        ("set -eo pipefail", "set -eo pipefail", 1),
        ("diff <(ls a) b", "<(", 1),
        ("function f { make; }", "function", 1),
        ("if (( NAME > 1 )); then make; fi", "((", 1),
        ("for ((i = 0; i < 3; i++)); do make; done", "for ((", 1),
    ],
)
def test_what_only_bash_knows_is_told_with_what_dash_makes_of_it(command, pointed, becomes):
    notes = {1: "the command fails", 2: "is as good as false", 3: "in the background"}
    (problem,) = (p for p in problems_of(f"|\n        {command}", more=SET) if "bash" in p.rule)
    assert (pointed, True) == (problem.span.text, notes[becomes] in (problem.note or ""))


@pytest.mark.parametrize(
    "command",
    [
        "echo ${NAME:-a} ${NAME:?} ${NAME%/*} ${NAME#a}",
        "bash -c 'echo ${NAME:0:7}'",
        "awk '$1 == \"x\" { print }' f",
        "echo '${NAME:0:7} [[ a ]]' # names=(a b)",
        "cat >f.js <<END\n        function f() { return [ 1 == 2 ] }\n        END",
        'if [ "$NAME" = a ]; then make >log 2>&1; fi',
        "echo $((1 + 2))",
        "(cd a && make)",
    ],
)
def test_what_sh_knows_too_and_what_no_shell_reads_is_left_alone(command):
    told = [p.rule for p in problems_of(f"|\n        {command}", more=SET)]
    assert "build/bash-in-sh" not in told
