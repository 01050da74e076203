"""The frame, in every shell that this machine has."""

import shutil
import subprocess
from pathlib import Path

import pytest

from cicd.build.shell.script import expand, frame, names_in, query, reset, set_up, value_of

SHELLS = [
    shell
    for shell in (["dash"], ["bash"], ["bash", "--posix"], ["busybox", "ash"], ["sh"])
    if shutil.which(shell[0])
]
BASH = [shell for shell in SHELLS if shell[0] == "bash"]


class Place:
    """A directory in which framed commands run one after the other."""

    def __init__(self, root: Path, shell: list[str], *, version: str = "0.2"):
        self.root = root
        self.shell = shell
        self.source = root / "src"
        (self.source / "sub").mkdir(parents=True)
        (root / "scratch").mkdir()
        self.state = f"{root}/scratch/it's state"
        self.bin = f"{root}/scratch/bin"
        self.variables = {"GIVEN": "given", "LITERAL": "$HOME"}
        self.keeps = version == "0.2"
        subprocess.run([*shell, "-c", set_up(self.state, self.bin)], check=True)

    def run(self, command: str, *, succeeding: bool = True) -> tuple[int, str]:
        script = frame(
            command,
            state=self.state if self.keeps else None,
            bin_directory=self.bin,
            given=self.variables,
            succeeding=succeeding,
        )
        return self._start(script)

    def change(self, changed: dict[str, str], gone: list[str]) -> None:
        script = reset(
            changed, gone, state=self.state, bin_directory=self.bin, given=self.variables
        )
        assert (0, "") == self._start(script)

    def ask(self, *expressions: str) -> list[str]:
        script = query(expressions, state=self.state, bin_directory=self.bin, given=self.variables)
        return self._start(script)[1].split("\0")[:-1]

    def _start(self, script: str) -> tuple[int, str]:
        path = self.root / "script.sh"
        path.write_text(script)
        done = subprocess.run(
            [*self.shell, str(path)],
            cwd=self.source,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return done.returncode, done.stdout.decode()


@pytest.fixture(params=SHELLS, ids=" ".join)
def place(request, tmp_path):
    return Place(tmp_path, request.param)


def test_the_directory_carries_over(place):
    """Trap 1."""
    assert (0, "") == place.run("cd sub")
    assert (0, f"{place.source}/sub\n") == place.run("pwd")


def test_version_0_1_keeps_nothing(tmp_path):
    """Trap 2."""
    place = Place(tmp_path, ["sh"], version="0.1")
    assert (0, "") == place.run("cd sub; A=1; export A")
    assert (0, f"{place.source} []\n") == place.run('echo "$(pwd) [${A-}]"')


def test_variables_carry_over_exported_or_not(place):
    """Trap 3."""
    place.run("TAG=$(echo 1); export OUT=2")
    assert (0, "[1]\n") == place.run('echo "[$TAG]"')
    assert (0, "[2] []\n") == place.run("""sh -c 'echo "[$OUT] [$TAG]"'""")


def test_values_arrive_as_they_were(place):
    """Quotes, newlines, dollars, and lines that look like our own."""
    place.run("""V='it'"'"'s "$HOME"
UID=5
declare -x UID=5
`x` \\ \t end'; export V; W=$V""")
    expected = 'it\'s "$HOME"\nUID=5\ndeclare -x UID=5\n`x` \\ \t end'
    assert (0, expected) == place.run('printf %s "$V"')
    assert (0, expected) == place.run('printf %s "$W"')
    assert (0, expected) == place.run("printenv V | head -c -1")


def test_a_shorter_state_is_not_mixed_with_what_an_earlier_longer_one_left(place):
    place.run("LONG=$(seq 5000); export LONG; Z=old; export Z")
    place.run("unset LONG; Z=new")
    assert (0, "[] [new]\n") == place.run('echo "[${LONG-}] [$Z]"')
    assert (0, "[] [new]\n") == place.run('echo "[${LONG-}] [$Z]"')


def test_blank_lines_at_the_ends_and_inside_of_a_value_are_kept(place):
    place.run("""V='
a

b

'; export V; W='*'""")
    assert (0, "\na\n\nb\n\n|*") == place.run('printf "%s|%s" "$V" "$W"')


def test_given_variables_are_literal(place):
    """Trap 15."""
    assert (0, "$HOME\n") == place.run('echo "$LITERAL"')


def test_an_unset_of_a_given_variable_lasts(place):
    place.run("unset GIVEN")
    assert (0, "[]\n") == place.run('echo "[${GIVEN-}]"')


def test_a_block_has_the_status_of_its_last_command(place):
    """Trap 4."""
    assert (0, "ok\n") == place.run("false\necho ok\n")


def test_set_e_inside_a_block_ends_it(place):
    """Trap 5."""
    assert (1, "") == place.run("set -e\nfalse\necho ok\n")


def test_set_e_alone_is_harmless_and_does_not_last(place):
    assert (0, "") == place.run("set -e")
    assert (0, "ok\n") == place.run("false\necho ok\n")


def test_a_pipe_has_the_status_of_its_last_command(place):
    """Trap 7."""
    assert (0, "") == place.run("false | cat")


def test_exit_ends_the_command_with_its_status_and_keeps_the_state(place):
    """Trap 41."""
    assert (3, "") == place.run("A=1; cd sub; exit 3")
    assert (0, f"1 {place.source}/sub\n") == place.run('echo "$A $(pwd)"')


def test_a_failed_command_keeps_the_state(place):
    assert (7, "") == place.run("A=1; (exit 7)")
    assert (0, "1\n") == place.run('echo "$A"')


def test_a_trap_of_the_command_fires_at_its_end(place):
    assert (0, "bye\n") == place.run("A=1; trap 'echo bye' EXIT")
    assert (0, "1\n") == place.run('echo "$A"')


def test_set_x_shows_the_command_only(place):
    status, output = place.run("set -x; true")
    assert (0, ["+ true"]) == (status, output.replace("++", "+").splitlines())


def test_set_u_does_not_break_the_frame(place):
    assert (0, "") == place.run("set -u; A=1")
    assert (0, "1\n") == place.run('echo "$A"')


def test_functions_and_options_do_not_carry_over(place):
    place.run("f() { echo f; }; set -f")
    assert 127 == place.run("f")[0]


def test_a_separator_of_the_command_s_own_does_no_harm(place):
    place.run("IFS=0123456789; A='a b'")
    assert (0, "[a b]\n") == place.run('echo "[$A]"')


def test_readonly_variables_can_be_restored_again_and_again(place):
    place.run("readonly R=1; export R")
    assert (0, "1\n") == place.run('echo "$R"')
    assert (0, "1\n") == place.run('echo "$R"')


def test_the_previous_directory_carries_over(place):
    place.run("cd sub")
    assert (0, f"{place.source}\n") == place.run("cd - >/dev/null; pwd")


def test_a_background_process_outlives_its_command(place):
    place.run("nohup sleep 60 >/dev/null 2>&1 & echo $! > pid; P=$!")
    assert (0, "there\n") == place.run('test "$P" = "$(cat pid)" && kill "$P" && echo there')


def test_aliases_masks_and_limits_do_not_carry_over(place):
    before = place.run("umask; ulimit -n")
    place.run("alias there=true; umask 0077; ulimit -n 50")
    assert 127 == place.run("there")[0]
    assert before == place.run("umask; ulimit -n")


def test_a_directory_that_is_gone_is_no_reason_to_fail(place):
    place.run("mkdir gone && cd gone && rmdir ../gone")
    status, output = place.run("cd /; pwd")
    assert (0, "/") == (status, output.splitlines()[-1])


@pytest.mark.parametrize("command", ["echo 'open", "if", "cat <<EOF\nhello", "a \\"])
def test_a_syntax_mistake_stays_inside_the_command(place, command):
    """The frame's own lines never become part of it, so the next command finds its state."""
    place.run("A=1")
    place.run(command)
    assert (0, "1\n") == place.run('echo "$A"')


def test_an_empty_command_succeeds(place):
    assert (0, "") == place.run("")
    assert (0, "") == place.run("# only a comment")


def test_succeeding_is_told_to_every_command(place):
    assert (0, "1\n") == place.run("echo $CODEBUILD_BUILD_SUCCEEDING")
    assert (0, "0\n") == place.run("sh -c 'echo $CODEBUILD_BUILD_SUCCEEDING'", succeeding=False)


def test_a_breakpoint_without_a_debug_session_is_ignored(place):
    """Trap 43."""
    assert (0, "") == place.run("codebuild-breakpoint && codebuild-resume")


@pytest.mark.parametrize("shell", BASH, ids=" ".join)
def test_associative_arrays_are_lost(tmp_path, shell):
    """Trap 46."""
    place = Place(tmp_path, shell)
    place.run("declare -A m; m[a]=1; B=2")
    assert (0, "[] 2\n") == place.run('echo "[${m[a]}] $B"')


@pytest.mark.parametrize("shell", BASH, ids=" ".join)
def test_options_of_bash_do_not_carry_over_and_arrays_do(tmp_path, shell):
    place = Place(tmp_path, shell)
    place.run("shopt -s nullglob; n=([3]=c [0]=a); export m=1; declare -i i=4")
    assert (0, "off a c 4\n") == place.run(
        "shopt nullglob | grep -q off && echo off ${n[0]} ${n[3]} $i"
    )


@pytest.mark.parametrize("shell", BASH, ids=" ".join)
def test_bash_says_nothing_of_its_own(tmp_path, shell):
    place = Place(tmp_path, shell)
    place.run("export B=1; n=(1 '2 3')")
    assert (0, "2 3 1\n") == place.run('echo "${n[1]} $B"')


def test_variables_are_changed_between_two_commands(place):
    """In the words of the shell that saved them, which another need not read."""
    place.run("MINE=1; export KEEP='a b'; cd sub")
    place.change({"GIVEN": "it's new"}, ["LITERAL", "MINE"])
    shown = "printf '%s ' \"[$GIVEN] [${LITERAL-}] [${MINE-}] [$KEEP]\"; pwd"
    assert (0, f"[it's new] [] [] [a b] {place.source}/sub\n") == place.run(shown)
    assert (0, "it's new\n") == place.run("printenv GIVEN")


def test_nothing_is_saved_by_a_change_before_the_first_command(place):
    place.change({"GIVEN": "new"}, ["LITERAL"])
    assert "" == Path(place.state).read_text()


def test_a_query_sees_values_and_runs_substitutions(place):
    place.run('A="a b"; export B=; unset GIVEN')
    asked = (value_of("A"), value_of("B"), value_of("GIVEN"), 'x-"$A"-$(echo 1)')
    assert ["xa b", "x", "", 'x-"a b"-1'] == place.ask(*asked)


def test_references_are_found_and_expanded():
    assert ("A", "B") == names_in("$A/${B}/$A/$(cmd)")
    assert "1//$(cmd)$" == expand("$A/${B}/$(cmd)$", {"A": "1"})
