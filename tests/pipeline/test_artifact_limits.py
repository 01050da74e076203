from cicd.pipeline.action_type import ActionTypeId
from cicd.pipeline.artifact_limits import beyond_made, beyond_taken
from cicd.ports import Artifact

MB = 1024 * 1024


def type_id(category, provider):
    return ActionTypeId(category=category, owner="AWS", provider=provider, version="1")


def zipped(size, files=1):
    return Artifact(digest="d", size=size, files=files)


def test_a_source_of_git_may_hold_a_gigabyte_and_one_of_s3_seven():
    git, s3 = type_id("Source", "CodeCommit"), type_id("Source", "S3")
    assert () == beyond_made("code", git, zipped(1024 * MB))
    (told,) = beyond_made("code", git, zipped(1025 * MB))
    assert "artifact code: 1025 MB; AWS takes 1024 MB for a source of CodeCommit" == told
    assert () == beyond_made("code", s3, zipped(7 * 1024 * MB))
    assert beyond_made("code", s3, zipped(7 * 1024 * MB + 1))


def test_no_artifact_holds_more_than_a_hundred_thousand_files():
    build = type_id("Build", "CodeBuild")
    assert () == beyond_made("out", build, zipped(5000 * MB, 100_000))
    assert beyond_made("out", build, zipped(1, 100_001))


def test_some_providers_take_less_than_was_made():
    for provider, most in (("CloudFormation", 256), ("CodeDeployToECS", 3)):
        taker = type_id("Deploy", provider)
        assert () == beyond_taken("out", taker, zipped(most * MB))
        assert beyond_taken("out", taker, zipped(most * MB + 1))
    assert () == beyond_taken("out", type_id("Deploy", "CodeDeploy"), zipped(9999 * MB))
