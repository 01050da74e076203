"""Whatever a template nests in whatever, there are problems and never a traceback."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.lint.check import check_content
from cicd.lint.documents import STDIN, Candidate, Kind

CANDIDATE = Candidate(path=STDIN, name="stdin", given=True)
FUNCTIONS = (
    *("Ref", "Fn::Sub", "Fn::GetAtt", "Fn::Join", "Fn::If", "Fn::Select", "Fn::Split"),
    *("Fn::FindInMap", "Fn::Cidr", "Fn::GetAZs", "Fn::Base64", "Fn::ImportValue"),
    *("Fn::Length", "Fn::ToJsonString", "Fn::Transform", "Fn::Nothing", "Condition"),
)
TEXTS = (
    *(
        "A",
        "B",
        "C",
        "M",
        "P",
        "AWS::NoValue",
        "AWS::Region",
        "A.Arn",
        "${A}",
        "${!A}",
        "${B.Name}",
    ),
    *("0", "7", "true", "", ",", "10.0.0.0/16", "{{resolve:ssm:/x}}", "version: 0.2\n"),
    *("shop", "CODEPIPELINE", "\u2028", "a\nb: [\n"),
)
SCALARS = st.one_of(st.sampled_from(TEXTS), st.none(), st.booleans(), st.integers(-2, 99))
KEYS = (
    *("Name", "Source", "BuildSpec", "Type", "Environment", "EnvironmentVariables", "Value"),
    *("Stages", "Actions", "ActionTypeId", "Configuration", "ArtifactStores", "Triggers"),
    *("ApplicationName", "DeploymentGroupName", "Ec2TagSet", "Ec2TagFilters", "Alarms"),
    *("MinimumHealthyHosts", "DeploymentStyle", "LoadBalancerInfo", "DependsOn", "Properties"),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
        st.dictionaries(st.sampled_from(FUNCTIONS), inner, min_size=1, max_size=1),
    ),
    max_leaves=20,
)
KINDS = (
    *("AWS::CodeBuild::Project", "AWS::CodePipeline::Pipeline", "AWS::CodeDeploy::Application"),
    *("AWS::CodeDeploy::DeploymentGroup", "AWS::CodeDeploy::DeploymentConfig", "AWS::S3::Bucket"),
)


def told(content, parameters=()):
    checked = check_content(CANDIDATE, Kind.TEMPLATE, content, dict(parameters))
    for problem in checked.problems:
        assert problem.message
        assert problem.span.line >= 1
    for problem in checked.problems[:20]:  # an excerpt takes as long as its line is
        assert problem.span.marked_line().width >= 1
    return checked


@given(
    st.lists(st.tuples(st.sampled_from(KINDS), VALUES), min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(("P", "Conditions", "Outputs", "Mappings")), VALUES),
)
@settings(max_examples=40, deadline=None)
def test_any_nesting_of_functions_is_checked(resources, sections):
    whole = {
        "Resources": {
            name: {"Type": kind, "Properties": value}
            for name, (kind, value) in zip("ABC", resources, strict=False)
        },
        "Parameters": {"P": sections.pop("P", {"Type": "String", "Default": "x"})},
        **sections,
    }
    told(json.dumps(whole).encode())


@given(VALUES)
@settings(max_examples=40, deadline=None)
def test_any_tree_is_checked_as_a_template(value):
    told(json.dumps(value).encode())
    told(json.dumps({"Resources": value, "Parameters": value, "Conditions": value}).encode())


@given(st.binary(max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_bytes_are_checked_as_a_template(content):
    told(content)
    told(b"Resources:\n  A:\n    Type: AWS::CodeBuild::Project\n    Properties: " + content)


HEAD = b"Resources:\n  A:\n    Type: AWS::CodeBuild::Project\n    Properties:\n      Name: "
HOSTILE = {
    "variables": HEAD + b'!Sub "' + b"".join(b"${V%d}" % n for n in range(5_000)) + b'"\n',
    "a circle of many": b"Resources:\n"
    + b"".join(b"  R%d: {Type: 'A::B', DependsOn: R%d}\n" % (n, n + 1) for n in range(3000))
    + b"  R3000: {Type: 'A::B', DependsOn: R0}\n",
    "functions": HEAD + b'{"Fn::Base64": ' * 95 + b"x" + b"}" * 95 + b"\n",
    "joins": HEAD + b"!Join ['', [" * 40 + b"x" + b"]]" * 40 + b"\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_templates_take_no_longer_than_people_wait(name):
    began = time.process_time()
    told(HOSTILE[name])
    assert time.process_time() - began < 10
