"""S3 and ECR: objects of folders, images of the engine, and a pipeline between two buckets."""

import hashlib
import json
import re
import zipfile
from dataclasses import replace

import pytest

from cicd.backends.bucket_folder import FolderBucket
from cicd.backends.bucket_url import UrlBucket
from cicd.errors import UsageError
from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.actions.ecr import ECR
from cicd.pipeline.actions.raw_object import not_a_zip
from cicd.pipeline.actions.s3_deploy import S3_DEPLOY
from cicd.pipeline.actions.s3_source import S3_SOURCE
from cicd.pipeline.compile import Start
from cicd.pipeline.result import StoredArtifact
from cicd.ports import ArtifactFile, LocalImage
from tests.git_command import git
from tests.pipeline.documents import action, pipeline, stage
from tests.pipeline.test_actions import SCOPE, asked
from tests.pipeline.test_whole import run

S3 = {"S3Bucket": "in", "S3ObjectKey": "app.zip"}


@pytest.fixture
def bucket(world):
    """Name two buckets in cicd.yml, and give the folder of the first."""
    (world.home / "cicd.yml").write_text("local: {buckets: {in: in, out: out}}\n")
    (world.home / "in").mkdir()
    return world.home / "in"


def services(world, images=None):
    known = images or {}
    return replace(
        world.services,
        bucket=lambda place: (UrlBucket if "://" in place else FolderBucket)(place),
        image=known.get,
    )


def zipped(path, **files):
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def take(world, *, start=None, **configuration):
    request = asked(world, "S0", configuration={**S3, **configuration}, start=start)
    return S3_SOURCE.run(request, services(world), SCOPE)


def unpacked(world, artifact, name="unpacked"):
    into = world.home / name
    world.services.artifacts.unpack(world.services.artifacts.find(artifact.digest), into)
    return {p.relative_to(into).as_posix(): p.read_text() for p in into.rglob("*") if p.is_file()}


# ── Source ────────────────────────────────────────────────────────────────────────────────────


def test_an_object_is_handed_on_byte_by_byte_with_its_variables(world, bucket):
    content = zipped(bucket / "app.zip", a="one").read_bytes()
    result = take(world)
    (made,) = result.outputs
    path = world.services.artifacts.path(world.services.artifacts.find(made.digest))
    version = hashlib.sha256(content).hexdigest()
    assert content == path.read_bytes()
    assert {
        "BucketName": "in",
        "ETag": hashlib.md5(content).hexdigest(),
        "ObjectKey": "app.zip",
        "VersionId": version,
    } == result.variables
    assert (version, f"Amazon S3 version id: {version}") == (made.revision_id, result.summary)


def test_trap_61_an_object_that_is_no_zip_passes_and_breaks_whoever_opens_it(world, bucket):
    (bucket / "app.zip").write_text("not a zip")
    (made,) = take(world).outputs
    assert "app.zip" == made.object_name
    plan = world.plan(
        stage("Source", action("S", "Source/AWS/S3", makes="a", configuration=S3)),
        stage("Build", action("Make", takes="a")),
    )
    build = next(each for each in plan.actions() if each.name == "Make")
    assert made == not_a_zip(build, (made,))
    copying = replace(build, type_id=ActionTypeId(category="Deploy", owner="AWS", provider="S3"))
    assert None is not_a_zip(copying, (made,))


def test_a_folder_is_packed(world, bucket):
    (bucket / "site").mkdir()
    (bucket / "site" / "page").write_text("good")
    result = take(world, S3ObjectKey="site")
    assert {"page": "good"} == unpacked(world, result.outputs[0])


@pytest.mark.parametrize(
    ("key", "hint"), [("ap.zip", "did you mean 'app.zip'?"), ("zzzzzzzz", "it has app.zip")]
)
def test_an_object_that_is_not_there_fails_the_action_with_what_is(world, bucket, key, hint):
    zipped(bucket / "app.zip", a="one")
    error = take(world, S3ObjectKey=key).error
    assert ("RevisionUnavailable", hint) == (error.code, error.hint)


def test_another_version_than_the_present_one_is_not_there(world, bucket):
    content = zipped(bucket / "app.zip", a="one").read_bytes()
    version = hashlib.sha256(content).hexdigest()
    assert "Failed" == take(world, start=Start(revisions={"S0": "abc"})).status
    fresh = Start(revisions={"S0": version[:10]})
    assert "Succeeded" == take(world, start=fresh).status


def test_a_key_of_the_start_counts_only_where_the_action_allows_it(world, bucket):
    zipped(bucket / "app.zip", a="one")
    zipped(bucket / "other.zip", a="two")
    start = Start(revisions={"S0": "other.zip"})
    assert "Failed" == take(world, start=start).status
    allowed = take(world, start=start, AllowOverrideForS3ObjectKey="true")
    assert "other.zip" == allowed.variables["ObjectKey"]


def test_a_bucket_that_nothing_names_is_asked_for(world):
    with pytest.raises(UsageError) as refused:
        take(world)
    assert "local: {buckets: {in: path/to/a/folder, or a URL}}" in refused.value.hint


def test_trap_84_ecr_without_a_tag_means_latest_and_the_detail_is_an_object(world):
    name = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop:latest"
    image = LocalImage(
        id="sha256:1d", digests=("shop@sha256:d1",), size=7, created="2024-01-01T00:00:00Z"
    )
    request = asked(world, "S0", configuration={"RepositoryName": "shop"})
    result = ECR.run(request, services(world, {name: image}), SCOPE)
    assert {
        "ImageDigest": "sha256:d1",
        "ImageTag": "latest",
        "ImageURI": name,
        "RegistryId": "123456789012",
        "RepositoryName": "shop",
    } == result.variables
    detail = json.loads(unpacked(world, result.outputs[0])["imageDetail.json"])
    assert {
        "ImageSizeInBytes": "7",
        "ImageDigest": "sha256:d1",
        "Version": "1.0",
        "ImagePushedAt": "2024-01-01T00:00:00Z",
        "RegistryId": "123456789012",
        "RepositoryName": "shop",
        "ImageURI": "shop@sha256:d1",
        "ImageTags": ["latest"],
    } == detail


def test_an_image_that_was_never_pushed_has_its_id_and_a_missing_one_is_said(world):
    image = LocalImage(id="sha256:1d")
    request = asked(world, "S0", configuration={"RepositoryName": "shop", "ImageTag": "v1"})
    result = ECR.run(request, services(world, {"shop:v1": image}), SCOPE)
    assert ("sha256:1d", "shop:v1") == (
        result.variables["ImageDigest"],
        result.variables["ImageURI"],
    )
    error = ECR.run(request, services(world), SCOPE).error
    assert "the engine of this machine has no image 'shop:v1'" == error.message
    assert "docker build -t shop:v1 ." in error.hint


# ── Deploy ────────────────────────────────────────────────────────────────────────────────────


def put(world, artifact=None, **configuration):
    (world.home / "new").write_text("new")
    kept = world.services.artifacts.put([ArtifactFile(path="a/page", source=world.home / "new")])
    taken = artifact or StoredArtifact(name="a0", digest=kept.digest, key="k")
    request = asked(
        world,
        "Compile",
        configuration={"BucketName": "out", **configuration},
        inputs=[taken],
    )
    result = S3_DEPLOY.run(request, services(world), SCOPE)
    out = world.home / "out"
    found = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()}
    return result, found


def test_trap_62_extracted_the_key_is_a_prefix_and_else_it_is_the_key(world, bucket):
    assert {"site/a/page"} == put(world, Extract="true", ObjectKey="site")[1]
    result, found = put(world, Extract="false", ObjectKey="site.zip")
    assert {"site/a/page", "site.zip"} == found
    assert zipfile.is_zipfile(world.home / "out" / "site.zip")
    assert "Succeeded" == result.status


def test_the_moment_and_a_fresh_id_may_stand_in_a_key(world, bucket):
    _, (key,) = put(world, Extract="false", ObjectKey="{datetime}/{uuid}.zip")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d/\S+\.zip", key)


def test_trap_63_what_the_artifact_has_no_more_stays(world, bucket):
    (world.home / "out").mkdir()
    (world.home / "out" / "old").write_text("old")
    assert {"old", "a/page"} == put(world, Extract="true")[1]


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"Extract": "false"}, "without Extract the object needs its key"),
        ({"Extract": "maybe"}, "'maybe' is not a value of Extract"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused(world, bucket, configuration, said):
    (world.home / "out").mkdir()
    error = put(world, **configuration)[0].error
    assert ("ConfigurationError", said) == (error.code, error.message)


def test_an_object_goes_through_as_it_is_but_cannot_be_extracted(world, bucket):
    (bucket / "app.zip").write_text("not a zip")
    (made,) = take(world).outputs
    _, found = put(world, made, Extract="false", ObjectKey="b")
    assert ({"b"}, "not a zip") == (found, (world.home / "out" / "b").read_text())
    assert "which is no zip" in put(world, made, Extract="true")[0].error.message


# ── Whole pipelines ───────────────────────────────────────────────────────────────────────────

COMMANDS = action(
    "Say",
    "Compute/AWS/Commands",
    takes="app",
    namespace="Said",
    commands=[
        "WORD=$(cat page)-#{codepipeline.PipelineExecutionId}",
        'test "$EXTRA" = 7 && mkdir made && echo "$WORD" > made/out',
    ],
    outputVariables=["WORD", "NEVER"],
    outputArtifacts=[{"name": "made", "files": ["made/**/*"]}],
    environmentVariables=[{"name": "EXTRA", "value": "7"}],
    configuration={},
)
THROUGH = pipeline(
    stage("Source", action("Get", "Source/AWS/S3", makes="app", configuration=S3)),
    stage("Build", COMMANDS),
    stage(
        "Deploy",
        action(
            "Put",
            "Deploy/AWS/S3",
            takes="made",
            configuration={"BucketName": "out", "Extract": "true", "ObjectKey": "#{Said.WORD}"},
        ),
    ),
    pipelineType="V2",
)


@pytest.fixture
def root(tmp_path):
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "app.zip", page="good")
    (tmp_path / "cicd.yml").write_text(
        f"local: {{runner: host, buckets: {{in: in, out: 'memory://{tmp_path.name}'}}}}\n"
    )
    (tmp_path / "pipeline.json").write_text(json.dumps({"pipeline": THROUGH}))
    git(tmp_path, "init", "-q", ".")
    return tmp_path


def test_commands_between_two_buckets_hand_on_files_and_variables(root):
    result, state, _ = run(root)
    assert "Succeeded" == result.status
    word = f"good-{state.plan.execution_id}"
    assert {"WORD": word} == state.variables["Said"]
    bucket = UrlBucket(f"memory://{root.name}")
    assert [f"{word}/made/out"] == bucket.keys()


def test_a_command_that_fails_fails_the_action_and_names_its_build(root):
    bad = {
        **THROUGH,
        "stages": [*THROUGH["stages"][:1], stage("Build", {**COMMANDS, "commands": ["false"]})],
    }
    written = json.dumps({"pipeline": bad})
    (root / "pipeline.json").write_text(written)
    result, _, _ = run(root)
    assert ("Failed", "Say") == (result.status, result.failure.action)
    column = written.index(json.dumps("false")) + 1
    assert f"pipeline.json:1:{column}" == result.failure.error.where
    assert result.failure.external_execution_id.startswith("shop-Say:")


@pytest.mark.parametrize(("made", "status"), [(True, "Succeeded"), (False, "Failed")])
def test_a_bucket_of_s3_is_written_to_and_not_made(root, s3, made, status):
    written = (root / "cicd.yml").read_text()
    (root / "cicd.yml").write_text(written.replace(f"memory://{root.name}", f"{s3}/below"))
    if made:
        UrlBucket(s3).make()
    result, _, _ = run(root)
    assert status == result.status, result.failure
    if not made:
        assert f"there is no bucket {s3}, which 'out' is here" == result.failure.error.message
        assert not UrlBucket(s3).exists()
