"""Parameters are given as AWS's own tools take them, and refused as the service does."""

import pytest

from cicd.document.cloudformation.parameters import check_given
from cicd.document.cloudformation.parameters_file import read_parameters
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load_text
from cicd.errors import DocumentError, UsageError

TEMPLATE = read_template(
    load_text(
        """\
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
  Count: {Type: Number, Default: 1, MaxValue: 5}
  Name: {Type: String, Default: a, AllowedPattern: '[a-z]+', ConstraintDescription: small letters}
  Token: {Type: String, NoEcho: true, Default: x, MinLength: 1, AllowedPattern: '[a-z]+'}
Resources: {}
""",
        "template.yml",
    )
)


def test_all_parameters_without_a_value_are_named():
    with pytest.raises(UsageError, match=r"Parameters: \[Stage\] must have values"):
        check_given(TEMPLATE, {}, whole=True)
    check_given(TEMPLATE, {}, whole=False)
    check_given(TEMPLATE, {"Stage": "dev"}, whole=True)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("Stage", "test", "it is one of dev, prod"),
        ("Count", "6", "5 at most"),
        ("Count", "many", "is a number"),
        ("Name", "A", "small letters"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused(name, value, said):
    with pytest.raises(UsageError, match=said):
        check_given(TEMPLATE, {name: value}, whole=False)


def test_a_value_that_nobody_may_see_is_not_repeated():
    with pytest.raises(UsageError) as refused:
        check_given(TEMPLATE, {"Token": "SECRET1"}, whole=False)
    assert "SECRET1" not in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        '[{"ParameterKey": "Stage", "ParameterValue": "dev"}]',
        '{"Parameters": {"Stage": "dev"}}',
        '{"Stage": "dev"}',
        '["Stage=dev"]',
        '["Stage=dev", {"ParameterKey": "Old", "UsePreviousValue": true}]',
    ],
)
def test_a_file_of_parameters_has_any_of_the_shapes(text, tmp_path):
    path = tmp_path / "parameters.json"
    path.write_text(text)
    assert {"Stage": "dev"} == read_parameters(path, "parameters.json")


@pytest.mark.parametrize("text", ['["Stage"]', '"x"', '{"Stage": ["dev"]}'])
def test_another_shape_is_refused(text, tmp_path):
    path = tmp_path / "parameters.json"
    path.write_text(text)
    with pytest.raises(DocumentError):
        read_parameters(path, "parameters.json")
