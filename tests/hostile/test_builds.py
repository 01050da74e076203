"""Builds that try to get out, or to take the machine with them."""

from itertools import pairwise

LAUGHS = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in pairwise("abcdefghi"))


def test_a_link_to_the_root_is_not_an_artifact(place):
    place.write(
        "buildspec.yml",
        "version: 0.2\nphases: {build: {commands: [ln -s / all]}}\nartifacts: {files: ['**/*']}\n",
    )
    ended = place.cicd("build", "--artifacts", "out")
    assert 4 == ended.status
    assert "'all' is a link to a directory that it lies in itself" in ended.err
    assert [] == list((place.path / "out").glob("*"))


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
