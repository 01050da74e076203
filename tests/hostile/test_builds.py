"""Builds that try to get out, or to take the machine with them."""

import json
import re
import threading
from itertools import pairwise

LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghi"))


def test_links_that_lead_round_or_nowhere_are_in_the_source_and_not_in_the_artifact(place):
    (place.path / "d").mkdir()
    for name, text in (("self", "self"), ("a", "b"), ("b", "a"), ("d/up", ".."), ("d/no", "x")):
        (place.path / name).symlink_to(text)
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases:\n  build:\n    commands:\n      - ln -s / all\n"
        "      - codebuild-hash-files '**/*'\n      - readlink self a b d/up d/no\n"
        "reports: {r: {files: ['**/*.xml']}}\nartifacts: {files: ['**/*']}\n",
    )
    ended = place.cicd("build", "--artifacts", "out")
    assert 0 == ended.status, ended.err
    told = re.findall(r"invalid file path (\S+): the link", place.cicd("builds", "logs").out)
    assert ["a", "all", "b", "d/no", "d/up", "self"] == told
    found = [p.name for p in (place.path / "out").rglob("*")]
    assert ["buildspec.yml"] == found
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases: {build: {commands: ['true']}}\nartifacts: {files: [self, a]}\n",
    )
    ended = place.cicd("build")
    assert (1, True) == (ended.status, "no matching artifact paths found" in ended.err)


def test_what_leads_to_a_device_or_a_pipe_is_neither_an_artifact_nor_a_report(place):
    """A copy of it would fill the disk, and a look into it would never end."""
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases:\n  build:\n    commands:\n"
        "      - mkfifo pipe.xml && ln -s pipe.xml piped.xml && ln -s /dev/zero zero.xml\n"
        "      - mkdir d && mkfifo d/p && ln -s /dev/zero d/z.xml && echo f >d/f && ln -s d l\n"
        "reports: {r: {files: ['**/*.xml']}}\nartifacts: {files: ['**/*']}\n",
    )
    ended = place.cicd("build", "--artifacts", "out")
    assert 0 == ended.status, ended.err
    found = sorted(str(p.relative_to(place.path / "out")) for p in (place.path / "out").rglob("*"))
    assert ["buildspec.yml", "d", "d/f", "l", "l/f"] == found


def test_two_builds_of_one_project_at_once_do_not_meet(place):
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases:\n  build:\n    commands:\n"
        '      - for i in $(seq 20); do echo $i >>f; echo "$WHO $i"; sleep 0.01; done\n'
        "      - test 20 = \"$(wc -l <f | tr -d ' ')\"\nartifacts: {files: [f]}\n",
    )
    ended = dict.fromkeys("xy")

    def one(who):
        ended[who] = place.cicd("build", "--env", f"WHO={who}", "--output", "json")

    threads = [threading.Thread(target=one, args=(who,)) for who in ended]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    built = {who: json.loads(each.out.splitlines()[-1]) for who, each in ended.items()}
    assert {"SUCCEEDED"} == {each["buildStatus"] for each in built.values()}
    assert {1, 2} == {each["buildNumber"] for each in built.values()}
    for who, each in built.items():
        said = place.cicd("builds", "logs", each["id"]).out.splitlines()
        lines = [line for line in said if line[:2] in {"x ", "y "}]
        assert [f"{who} {i}" for i in range(1, 21)] == lines
    assert [] == list((place.path / ".cicd" / "sessions").glob("*"))


def test_an_artifact_cannot_be_named_out_of_its_directory(place):
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases: {build: {commands: [echo x > f]}}\n"
        "artifacts: {files: [f], name: ../../../x}\n",
    )
    assert 0 == place.cicd("build", "--artifacts", "out/in").status
    assert [] == [p for p in place.path.parent.rglob("f") if not p.is_relative_to(place.path)]


def test_a_report_that_is_a_bomb_is_refused_and_the_build_goes_on(place):
    place.write(
        "r.xml",
        f'<!DOCTYPE x [<!ENTITY a "aaaaaaaa">{LAUGHS}]>'
        '<testsuite><testcase name="&i;"/></testsuite>',
    )
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases: {build: {commands: ['true']}}\n"
        "reports: {r: {files: [r.xml], file-format: JUNITXML}}\n",
    )
    ended = place.cicd("build")
    assert 0 == ended.status
    assert "r.xml:1:13: a document type with declarations of its own is not accepted" in ended.out
