from datetime import UTC, datetime, timedelta

from cicd.pipeline.result import StoredArtifact, object_key
from cicd.pipeline.stored import HandedOn, to_remove
from cicd.ports import KeptArtifact

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def kept(name, days, size=10):
    return KeptArtifact(digest=name, size=size, kept_at=NOW - timedelta(days=days))


def gone(*kept_ones, max_size=None, days=None, spared=()):
    older = None if days is None else timedelta(days=days)
    found = to_remove(kept_ones, now=NOW, max_size=max_size, older_than=older, spared=spared)
    return [each.digest for each in found]


def test_what_is_too_old_goes_and_then_the_oldest_until_the_rest_fits():
    all_of_them = (kept("new", 1), kept("middle", 5), kept("old", 40))
    assert ["old"] == gone(*all_of_them, days=30)
    assert ["old", "middle"] == gone(*all_of_them, max_size=10)
    assert [] == gone(*all_of_them, max_size=30, days=50)


def test_what_an_unfinished_execution_may_take_stays_whatever_its_age():
    assert ["old"] == gone(kept("used", 50), kept("old", 40), max_size=10, spared={"used"})


def test_two_artifacts_that_share_a_folder_are_two_objects():
    build, bundle = (
        HandedOn(
            artifact=StoredArtifact(
                name=name, digest=digest, key=object_key("a-very-long-pipeline-name", name, digest)
            ),
            bucket="b",
            execution_id="1",
            at=NOW,
        )
        for name, digest in (("ApplicationBuild", "1" * 64), ("ApplicationBundle", "2" * 64))
    )
    assert "b/a-very-long-pipeline/Applicatio/1111111.zip" == build.location
    assert build.location != bundle.location
    assert build.means("ApplicationBuild")
    assert build.means(build.location)
    assert build.means("1" * 7)
    assert not build.means("1" * 6)
    assert not build.means("ApplicationBundle")
