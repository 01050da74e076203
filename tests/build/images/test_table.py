import pytest

from cicd.build.images.table import KNOWN, Row, stand_in, table

IMAGES = {
    "aws/codebuild/standard:7.0": "seven",
    "aws/codebuild/*": "any",
    "aws/codebuild/amazonlinux*": "linux",
    "123.dkr.ecr.eu-west-1.amazonaws.com/app:1": "app",
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("aws/codebuild/standard:7.0", "seven"),
        ("aws/codebuild/standard:5.0", "any"),
        ("aws/codebuild/amazonlinux2-x86_64-standard:5.0", "linux"),
        ("123.dkr.ecr.eu-west-1.amazonaws.com/app:1", "app"),
        ("123.dkr.ecr.eu-west-1.amazonaws.com/app:2", "123.dkr.ecr.eu-west-1.amazonaws.com/app:2"),
        ("public.ecr.aws/codebuild/standard:7.0", "default"),
        ("python:3.12", "python:3.12"),
    ],
)
def test_a_row_beats_the_longest_pattern_beats_the_default(name, expected):
    assert expected == stand_in(name, IMAGES, "default")


@pytest.mark.parametrize(
    "name",
    [
        "aws/codebuild/standard:7.0",
        "aws/codebuild/amazonlinux-x86_64-lambda-standard:python3.12",
        "public.ecr.aws/codebuild/standard:7.0",
    ],
)
def test_without_a_row_aws_publishes_it(name):
    expected = "public.ecr.aws/codebuild/" + name.rpartition("codebuild/")[2]
    assert expected == stand_in(name, {}, None)


def test_the_table_says_where_each_row_comes_from():
    layers = [
        ("cicd.yml", {"aws/codebuild/standard:7.0": "mine"}),
        ("config.toml", {"aws/codebuild/standard:7.0": "other", "aws/codebuild/st*": "st"}),
    ]
    rows = {row.name: row for row in table(layers, "default", ["python:3.12"])}
    expected = [
        Row(name="aws/codebuild/standard:7.0", image="mine", origin="cicd.yml"),
        Row(name="aws/codebuild/st*", image="st", origin="config.toml"),
        Row(name="python:3.12", image="python:3.12", origin="its own name"),
        Row(
            name="aws/codebuild/standard:8.0",
            image="st",
            origin="config.toml, 'aws/codebuild/st*'",
        ),
        Row(
            name="aws/codebuild/amazonlinux-x86_64-standard:5.0",
            image="default",
            origin="the setting 'image'",
        ),
    ]
    assert expected == [rows[row.name] for row in expected]
    assert set(KNOWN) <= rows.keys()


def test_a_pattern_that_is_listed_shows_its_own_image():
    (row, *_) = table([("f", {"aws/codebuild/*": "any"})], None, ())
    assert Row(name="aws/codebuild/*", image="any", origin="f") == row


def test_without_rows_the_table_is_built_in():
    assert {"built in"} == {row.origin for row in table((), None, ())}
