"""What a start loads: a guard without a stopwatch."""

import subprocess
import sys
from importlib import resources

import pytest

HEAVY = {
    "asyncio",
    "boto3",
    "cryptography",
    "docker",
    "git",
    "importlib.metadata",
    "jsonschema",
    "networkx",
    "requests",
    "rich",
    "sqlite3",
    "yaml",
}

ASK = """
import sys
from cicd.cli import main
try:
    main({arguments!r})
except SystemExit as ended:
    assert not ended.code, ended.code
print("\\n".join(sorted(sys.modules)), file=sys.stderr)
"""


def loaded_by(*arguments: str, given: str = "") -> set[str]:
    """The modules that one invocation has imported when it ends."""
    done = subprocess.run(
        (sys.executable, "-c", ASK.format(arguments=list(arguments))),
        check=True,
        input=given,
        capture_output=True,
        text=True,
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("word", ["--help", "--version", "-h", "-V"])
def test_nothing_heavy_is_loaded_to_say_a_few_words(word):
    assert set() == loaded_by(word) & HEAVY


def test_help_imports_no_room():
    rooms = {f"cicd.{name}" for name in ("build", "deploy", "pipeline", "document", "engine")}
    assert set() == loaded_by("--help") & rooms


@pytest.mark.parametrize(
    "command",
    [
        "build",
        "builds",
        "batches",
        "images",
        "pipeline",
        "deploy",
        "secret",
        "parameter",
        "lint",
        "check",
        "hooks",
        "doctor",
    ],
)
def test_a_commands_help_loads_nothing_heavy(command):
    assert set() == loaded_by(command, "--help") & HEAVY


def test_a_build_loads_only_what_it_needs(tmp_path):
    (tmp_path / "buildspec.yml").write_text("version: 0.2\nphases: {build: {commands: [a=b]}}\n")
    loaded = loaded_by("build", str(tmp_path), "--runner", "host", "--output", "plain")
    rooms = {name for name in loaded if name.startswith(("cicd.deploy", "cicd.pipeline"))}
    unused = HEAVY - {"sqlite3", "yaml"} | {"http.client", "ssl", "zipfile", "email", "traceback"}
    assert set() == loaded & unused | rooms


def test_a_deployment_to_a_server_loads_nothing_of_services_functions_and_fleets(tmp_path):
    (tmp_path / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    place = ("--home", str(tmp_path / "home"), "--instance", f"a={tmp_path}/a")
    loaded = loaded_by("deploy", str(tmp_path), *place, "--output", "plain")
    assert "cicd.deploy.agent.install" in loaded
    others = ("cicd.build", "cicd.pipeline", "cicd.functions", "cicd.deploy.fleet.member")
    others += ("cicd.deploy.rolling", "cicd.deploy.analysis.look", "cicd.deploy.shift.effects")
    assert [] == [name for name in sorted(loaded) if name.startswith(others)]


@pytest.fixture
def pushed(tmp_path, monkeypatch):
    """A repository with one commit, where checks are commands; gives what git tells a hook."""
    (tmp_path / "cicd.yml").write_text("check: {lint: no, commands: ['true']}\n")
    monkeypatch.chdir(tmp_path)
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "-A"), (*who, "commit", "-qm", "one")):
        subprocess.run(("git", *words), check=True)
    head = subprocess.check_output(("git", "rev-parse", "HEAD"), text=True).strip()
    return f"refs/heads/main {head} refs/heads/main {'0' * 40}\n"


@pytest.mark.usefixtures("pushed")
def test_a_check_of_commands_alone_loads_nothing_of_builds():
    loaded = loaded_by("check", "--output", "plain")
    assert "cicd.backends.check_process" in loaded
    assert set() == {name for name in loaded if name.startswith("cicd.build.")}


def test_the_hook_of_git_loads_nothing_that_reads_other_command_lines(pushed):
    *_, last = (resources.files("cicd.repos") / "pre_push.sh").read_text().splitlines()
    _, _, asked = last.partition('"$program" ')
    words = asked.replace('"${1-origin}"', "origin").split()
    loaded = loaded_by(*words, given=pushed)
    assert "cicd.backends.check_process" in loaded
    assert set() == {"click", "cicd.cli.commands"} & loaded
