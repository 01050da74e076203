"""What is offered while a line is typed: by the program, and in the shells themselves."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from cicd.cli import main
from cicd.cli.commands import cicd
from cicd.cli.shells import shell_named
from tests.cli.killed import PATIENCE
from tests.cli.test_help import all_below, context_of
from tests.test_startup import HEAVY, loaded_by

SPEC = "version: 0.2\nphases: {build: {commands: [a=b]}}\n"
APPSPEC = "version: 0.0\nos: linux\n"
RESOURCES = """
projects:
  - {name: web, source: {type: NO_SOURCE}, artifacts: {type: NO_ARTIFACTS}}
  - {name: api, source: {type: NO_SOURCE}, artifacts: {type: NO_ARTIFACTS}}
applications:
  - {applicationName: one, deploymentGroups: [{deploymentGroupName: live}]}
  - {applicationName: two, deploymentGroups: [{deploymentGroupName: live}]}
"""
# What nobody can know before it is typed, or what is known outside of us.
FREE = {
    *("alarm set-state state", "artifact get wanted", "cache rm ids", "check commits"),
    *("completion shell", "fleet fault what", "function alias alias_name", "images set image"),
    *("images set name", "images unset name", "images pull name", "reports trend group"),
    *("parameter get name", "parameter list path", "parameter put name", "parameter rm name"),
    *("parameter put word", "secret put word", "secret get reference", "secret put name"),
    *("secret rm name", "service rm name", "events test-pattern written"),
    *("builds enter words", "fleet scale count", "schema kind", "events test-pattern event"),
}


def run(*words):
    """Run the program, which ends well."""
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert not ended.value.code


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository in which a build has run and a revision was deployed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=":")
    (tmp_path / ".git").mkdir()
    (tmp_path / "buildspec.yml").write_text(SPEC)
    (tmp_path / "appspec.yml").write_text(APPSPEC)
    run("build", "--runner", "host", "--output", "plain")
    run("deploy", "--instance", "web-1=one", "--instance", "web-2=two", "--output", "plain")
    return tmp_path


@pytest.fixture
def offered(place, monkeypatch, capfd):
    """Give what is offered behind a line, word by word, and what is said of each."""
    del place

    def ask(line):
        with monkeypatch.context() as shell:
            shell.setenv("COMP_WORDS", line)
            shell.setenv("_CICD_COMPLETE", "bash_complete")
            capfd.readouterr()
            run()
        out, said = capfd.readouterr()
        assert "" == said
        return {row.split("\t")[1]: row.split("\t")[2] for row in out.splitlines()}

    return ask


def test_the_executions_of_the_home_are_offered_with_how_they_stand(offered, place):
    (build,) = offered("cicd builds show ")
    project, _, uuid = build.partition(":")
    assert [build, uuid] == [
        *offered(f"cicd builds show {build[:-4]}"),
        *offered(f"cicd logs {uuid[:5]}"),
    ]
    assert f"{project} 1 SUCCEEDED" in offered("cicd builds show ")[build]
    (deployment,) = offered("cicd deploy status ")
    assert {build, deployment} == offered("cicd logs ").keys()
    assert {} == offered(f"cicd builds show --home {place}/other ")
    assert not (place / "other").exists()


def test_instances_are_those_of_the_deployment(offered):
    (deployment,) = offered("cicd deploy status ")
    assert {"web-1", "web-2"} == offered(f"cicd deploy targets {deployment} ").keys()
    assert {"web-2"} == offered("cicd deploy logs --instance web-2").keys()


def test_names_come_from_cicd_yml(offered, place):
    (place / "cicd.yml").write_text(RESOURCES)
    assert {"web", "api", place.name} == offered("cicd build --project ").keys()
    assert {"--project=api"} == offered("cicd build --project=a").keys()
    assert {"one/live", "two/live"} <= offered("cicd deploy --group ").keys()
    assert {"docker", "sandbox", "host"} <= offered("cicd build --runner ").keys()


def test_commands_are_offered_without_importing_any(offered):
    assert {"build", "builds", "batches"} == offered("cicd b").keys()
    assert {"stop", "status"} == offered("cicd deploy st").keys()
    assert {"--group"} == offered("cicd deploy --gro").keys()


@pytest.mark.parametrize("broken", ["cicd.yml", ".cicd/state.db", ".cicd/config.toml"])
def test_what_cannot_be_read_offers_nothing_and_says_nothing(offered, place, broken):
    (place / broken).write_bytes(b"\0{[broken")
    for line in (
        "builds show ",
        "build --project ",
        "deploy --group ",
        "nonsense ",
        "deploy logs ",
    ):
        offered(f"cicd {line}")


def test_completing_loads_little(place, monkeypatch):
    monkeypatch.setenv("_CICD_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "cicd ")
    assert set() == loaded_by() & HEAVY
    assert set() == {name for name in loaded_by() if name.startswith("cicd.cli.b")} - {
        "cicd.cli.build"
    }
    monkeypatch.setenv("COMP_WORDS", "cicd builds show ")
    assert {"sqlite3"} == loaded_by() & HEAVY


def test_every_word_of_every_command_is_offered_or_is_known_to_be_free():
    free = {
        f"{context.command_path.removeprefix('cicd ')} {parameter.name}"
        for context in all_below(context_of(cicd, "cicd"))
        for parameter in context.command.params
        if isinstance(parameter, click.Argument)
        and parameter._custom_shell_complete is None
        and not isinstance(parameter.type, click.Path)
    }
    assert FREE == free


# Shells as they are before anybody has set them up, and how they learn a completion.
STARTS = {
    "bash": ("bash", "--norc", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "-N", "-i"),
}
SOURCED = {
    "bash": "source ./completion; echo READ''Y\n",
    "zsh": "autoload -Uz compinit && compinit -u -D && source ./completion; echo READ''Y\n",
    "fish": "source ./completion; echo READ''Y\n",
}
BASH = """
eval "$(cicd completion bash)"
tab() { COMP_LINE=$1 COMP_POINT=${#1}; _cicd_completion cicd; echo "${COMPREPLY[*]}"; }
"""


def test_bash_puts_in_what_stands_behind_its_own_end_of_a_word(offered):
    (build,) = offered("cicd builds show ")
    project, _, uuid = build.partition(":")
    lines = ("builds show ", f"builds show {project}:", "build --runner=h", "nonsense ")
    script = BASH + "".join(f"tab 'cicd {line}'\n" for line in lines)
    done = subprocess.run(("bash", "-c", script), capture_output=True, text=True, check=True)
    assert [build, uuid, "host", ""] == done.stdout.splitlines()
    assert "" == done.stderr


@pytest.mark.parametrize("shell", [name for name in STARTS if shutil.which(name)])
def test_a_tab_completes_the_id_of_a_build_in_the_shell_itself(shell, offered, place):
    (build,) = offered("cicd builds show ")
    script = place / "completion"
    script.write_text(shell_named(shell).source())
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(STARTS[shell][0], STARTS[shell], {**os.environ, "TERM": "xterm"})
    os.write(terminal, SOURCED[shell].encode())
    wait_for("READY", terminal)
    os.write(terminal, f"cicd builds show {build[:-8]}\t".encode())
    wait_for(build[-8:], terminal)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(terminal)


def wait_for(text, terminal):
    """Read what a shell shows until it has ``text`` in it."""
    shown = b""
    ends = time.monotonic() + PATIENCE
    while text.encode() not in re.sub(rb"\x1b\[[^a-zA-Z]*[a-zA-Z]", b"", shown):
        ready, _, _ = select.select([terminal], [], [], ends - time.monotonic())
        assert ready, shown
        shown += os.read(terminal, 1 << 16)
