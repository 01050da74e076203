"""The tables of artifacts in the reference, row by row, each a whole build."""

from hashlib import md5, sha256

import pytest

from cicd.build.project import Project, ProjectArtifacts
from tests.build.test_traps import F, S, files_below, phases

TREE = (
    "mkdir -p my-build-1 my-build-2/my-subdirectory && cd my-build-1 && echo 1 > my-file-1.txt "
    "&& cd ../my-build-2 && echo 2 > my-file-2.txt && echo 3 > my-subdirectory/my-file-3.txt"
)
MATRIX = {
    "a file": ("{files: a.jar}", ["a.jar"]),
    "a file in a directory keeps it": ("{files: sub/a.jar}", ["sub/a.jar"]),
    "directly in a directory": ("{files: 'sub/*'}", ["sub/a.jar"]),
    "below a directory": ("{files: 'sub/**/*'}", ["sub/a.jar", "sub/deep/c.txt"]),
    "in any directory": ("{files: '*/a.jar'}", ["sub/a.jar"]),
    "hidden files count": (
        "{files: '**/*', exclude-paths: [buildspec.yml]}",
        [".hidden", "a.jar", "sub/a.jar", "sub/deep/c.txt"],
    ),
    "hidden files can be excluded": (
        "{files: '**/*', exclude-paths: [buildspec.yml, '**/.*', 'sub/**/*']}",
        ["a.jar"],
    ),
    "an exclude stays in its component": (
        "{files: '**/*', base-directory: sub, exclude-paths: '*'}",
        ["deep/c.txt"],
    ),
    "variables as they are at the end": ("{files: '$D/*', base-directory: $B}", ["deep/c.txt"]),
    "an absolute path lands by its last component": ("{files: $T/out.json}", ["out.json"]),
    "a bare directory is no file": ("{files: [sub, a.jar]}", ["a.jar"]),
    "a class and a question mark": ("{files: ['[a-b].ja?']}", ["a.jar"]),
    "two patterns, one file": ("{files: ['a.jar', '*.jar']}", ["a.jar"]),
    "a scalar is a list of one": ("{files: a.jar, discard-paths: no}", ["a.jar"]),
    "yes in quotes": ("{files: sub/a.jar, discard-paths: 'yes'}", ["a.jar"]),
}


@pytest.mark.parametrize(("section", "expected"), MATRIX.values(), ids=MATRIX)
def test_which_files_a_pattern_means(build, source, tmp_path, section, expected):
    """Section 5.1."""
    (source / "sub" / "deep").mkdir(parents=True)
    for name in (".hidden", "a.jar", "sub/a.jar", "sub/deep/c.txt"):
        (source / name).write_text(name)
    out = tmp_path / "out"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    commands = ["B=sub D=deep", f"T={elsewhere}; echo 1 > $T/out.json", "cd sub"]
    done = build(
        phases(build=commands) + f"artifacts: {section}\n",
        artifacts_directory=out,
    )
    assert (S, expected) == (done.status, sorted(files_below(out)))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        (
            "{files: '*/my-file-3.txt', base-directory: my-build-2}",
            ["my-subdirectory/my-file-3.txt"],
        ),
        (
            "{files: '**/*', base-directory: 'my-build*', discard-paths: yes}",
            ["my-file-1.txt", "my-file-2.txt", "my-file-3.txt"],
        ),
        (
            "{files: '**/*', base-directory: 'my-build*'}",
            ["my-file-1.txt", "my-file-2.txt", "my-subdirectory/my-file-3.txt"],
        ),
    ],
)
def test_the_example_of_the_guide(build, tmp_path, section, expected):
    """Section 5.1, the tree of the user guide."""
    out = tmp_path / "out"
    build(phases(build=[TREE]) + f"artifacts: {section}\n", artifacts_directory=out)
    assert expected == sorted(files_below(out))


def artifacts_of(kind="S3", **more):
    return Project(name="app", artifacts=ProjectArtifacts(type=kind, name="/", **more))


OUTCOMES = {
    "no section": ("", artifacts_of(), S, S, ""),
    "one pattern of two": ("artifacts: {files: [gone, f]}\n", artifacts_of(), S, S, ""),
    "nothing at all": (
        "artifacts: {files: [gone, '*.none']}\n",
        artifacts_of(),
        F,
        F,
        "no matching artifact paths found",
    ),
    "no base directory": (
        "artifacts: {files: f, base-directory: gone}\n",
        artifacts_of(),
        F,
        F,
        "no matching base directory path found for gone",
    ),
    "no files": (
        "artifacts: {files: }\n",
        artifacts_of(),
        F,
        F,
        "no definition for primary artifacts in buildspec",
    ),
    "a project without artifacts": (
        "artifacts: {files: gone}\n",
        artifacts_of("NO_ARTIFACTS"),
        S,
        S,
        "",
    ),
    "a secondary artifact nobody declared": (
        "artifacts: {files: f, secondary-artifacts: {two: {files: f}}}\n",
        artifacts_of(),
        F,
        F,
        "no secondary artifact with the identifier two in the project",
    ),
}


@pytest.mark.parametrize(
    ("section", "project", "phase", "status", "message"), OUTCOMES.values(), ids=OUTCOMES
)
def test_how_an_upload_ends(build, section, project, phase, status, message):
    """Section 5.2."""
    done = build(phases(build=["touch f"]) + section, project=project)
    assert (phase, status) == (done.phases["UPLOAD_ARTIFACTS"], done.status)
    failure = done.result.failure
    assert message == (failure.message if failure else "")
    assert ("CLIENT_ERROR" if message else None) == (failure.code if failure else None)
    assert ("Skipping invalid file path gone" in done.words) == ("[gone" in section)


def test_a_missing_output_of_a_failed_build_is_a_second_failure(build):
    """Section 5.2."""
    done = build(phases(build=["false"]) + "artifacts: {files: gone}\n")
    assert (F, S, F, F) == (
        done.phases["BUILD"],
        done.phases["POST_BUILD"],
        done.phases["UPLOAD_ARTIFACTS"],
        done.status,
    )
    assert "COMMAND_EXECUTION_ERROR" == done.result.failure.code


@pytest.mark.parametrize(
    ("path", "namespace", "name", "packaging", "expected"),
    [
        ("MyArtifacts", "NONE", "out.zip", "ZIP", "MyArtifacts/out.zip"),
        ("MyArtifacts", "BUILD_ID", "out.zip", "ZIP", "MyArtifacts/UUID/out.zip"),
        ("MyArtifacts", "BUILD_ID", "/", "NONE", "MyArtifacts/UUID/d/f"),
        ("", "NONE", "/", "NONE", "d/f"),
        ("", "NONE", "app", "NONE", "app/d/f"),
    ],
)
def test_where_an_artifact_goes(build, tmp_path, path, namespace, name, packaging, expected):
    """Section 5.3."""
    artifacts = ProjectArtifacts(
        type="S3", path=path, namespace_type=namespace, name=name, packaging=packaging
    )
    out = tmp_path / "out"
    done = build(
        phases(build=["mkdir d; echo 1 > d/f"]) + "artifacts: {files: 'd/*'}\n",
        project=Project(name="app", artifacts=artifacts),
        artifacts_directory=out,
    )
    uuid = done.result.build_id.partition(":")[2]
    found = [p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()]
    assert [expected.replace("UUID", uuid)] == found
    packed = (out / found[0]).read_bytes()
    sums = {"md5sum": md5(packed).hexdigest(), "sha256sum": sha256(packed).hexdigest()}
    told = {n: value for n, value in done.result.build["artifacts"].items() if "sum" in n}
    assert (sums if packaging == "ZIP" else {}) == told


def test_secondary_artifacts_each_have_their_own_place(build, tmp_path):
    """Section 5.3."""
    project = Project(
        name="app",
        artifacts=ProjectArtifacts(type="S3", name="main", packaging="ZIP"),
        secondary_artifacts=(
            ProjectArtifacts(type="S3", identifier="docs", name="docs", path="p"),
            ProjectArtifacts(type="S3", identifier="other", name="o.zip", packaging="ZIP"),
        ),
    )
    out = tmp_path / "out"
    done = build(
        phases(build=["touch f g h"])
        + "artifacts: {files: f, secondary-artifacts: {docs: {files: g}, other: {files: h}}}\n",
        project=project,
        artifacts_directory=out,
    )
    assert S == done.status
    assert ["main", "o.zip", "p/docs/g"] == sorted(
        p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()
    )
    assert ["docs", "other"] == [
        made["artifactIdentifier"] for made in done.result.build["secondaryArtifacts"]
    ]
