"""Templates resolve to what CloudFormation would give, and say what they cannot know."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.document.cloudformation.checks.references import check_references
from cicd.document.cloudformation.parameters import Given
from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.template import read_template
from cicd.document.cloudformation.values import UNRESOLVED
from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.errors import DocumentError

HEAD = """\
Parameters:
  Stage: {Type: String, Default: dev}
  Owner: {Type: String}
  Password: {Type: String, NoEcho: true, Default: hidden}
  Zones: {Type: CommaDelimitedList, Default: "a, b"}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  NotProd: !Not [{Condition: IsProd}]
  Either: {"Fn::Or": [!Condition IsProd, !Condition NotProd]}
  Owned: !Equals [!Ref Owner, me]
Mappings:
  Sizes: {dev: {Kind: SMALL}, prod: {Kind: LARGE}}
Resources:
  App: {Type: "AWS::CodeBuild::Project", Properties: {Name: !Sub "${Stage}-app"}}
  Plain: {Type: "AWS::S3::Bucket"}
  Mine: {Type: "AWS::CodeBuild::Project", Properties: {Name: !Ref Owner}}
  Tiny: {Type: "AWS::SSM::Parameter", Properties: {Type: String, Value: !Sub "${Stage}/x"}}
  V:
    Type: Custom::Value
    Properties:
      Value: """


def resolved(expression, **parameters):
    template = read_template(load_text(HEAD + expression + "\n", "template.yml"))
    properties = Resolver(template, Given(parameters=parameters)).value(template.properties("V"))
    entry = properties.entries.get("Value")
    return None if entry is None else entry.value


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("!Ref Stage", "dev"),
        ('{"Ref": "Stage"}', "dev"),
        ("!Ref AWS::Region", "us-east-1"),
        ("!Ref Zones", ["a", "b"]),
        ("!Select [1, !Ref Zones]", "b"),
        ("!Join ['-', [x, !Ref Stage]]", "x-dev"),
        ("!Split [',', 'p,q']", ["p", "q"]),
        ("!Sub '${Stage}/${!Stage}/${AWS::AccountId}'", "dev/${Stage}/123456789012"),
        ("!Sub ['${It}-${Stage}', {It: !Ref App}]", "dev-app-dev"),
        ("!If [IsProd, big, small]", "small"),
        ("!If [NotProd, [!Ref Stage, !Ref AWS::NoValue], x]", ["dev"]),
        ("!If [Either, yes-it-is, x]", "yes-it-is"),
        ("!FindInMap [Sizes, !Ref Stage, Kind]", "SMALL"),
        ("!Ref App", "dev-app"),
        ("!Ref Plain", "Plain"),
        ("!GetAtt App.Arn", "arn:aws:codebuild:us-east-1:123456789012:project/dev-app"),
        ("!GetAtt [Plain, Arn]", "arn:aws:s3:::Plain"),
        ("!Base64 hello", "aGVsbG8="),
        ("!GetAZs us-east-1", ["us-east-1a", "us-east-1b", "us-east-1c"]),
        ("!Select [0, !GetAZs '']", "us-east-1a"),
        ("!Cidr [10.0.0.0/16, 2, 8]", ["10.0.0.0/24", "10.0.1.0/24"]),
        ("!Cidr ['2001:db8::/56', 2, 64]", ["2001:db8::/64", "2001:db8:0:1::/64"]),
        ("{'Fn::Length': !Ref Zones}", "2"),
        ("{'Fn::ToJsonString': {a: [!Ref Stage]}}", '{"a":["dev"]}'),
        ("!FindInMap [Sizes, none, Kind, {DefaultValue: X}]", "X"),
        ("!GetAtt Plain.DomainName", "Plain.s3.amazonaws.com"),
        ("!GetAtt Tiny.Value", "dev/x"),
        ("!Ref AWS::NotificationARNs", []),
    ],
)
def test_an_intrinsic_function_gives_what_cloudformation_gives(expression, expected):
    assert expected == resolved(expression).plain()


def test_a_parameter_given_wins_over_the_default():
    assert "LARGE" == resolved("!FindInMap [Sizes, !Ref Stage, Kind]", Stage="prod").text


def test_no_value_takes_the_key_away():
    assert resolved("!Ref AWS::NoValue") is None


@pytest.mark.parametrize(
    "expression",
    [
        "!Ref Owner",
        "!Sub 'x-${Owner}'",
        "!Join ['', [a, !Ref Owner]]",
        "!If [Owned, a, b]",
        "!ImportValue shared",
        "!Cidr [10.0.0.0/30, 5, 1]",
        "!Cidr [!Ref Owner, 1]",
        "!Ref Mine",
        "!Ref Password",
        "!GetAtt Mine.Arn",
        "!GetAtt Plain.Unheard",
        "!Unheard [1]",
    ],
)
def test_what_is_not_known_is_said_and_never_guessed(expression):
    assert UNRESOLVED == resolved(expression).tag


def test_a_value_stands_where_it_is_used():
    assert HEAD.count("\n") + 1 == resolved("!Ref Stage").span.line


@pytest.mark.parametrize(
    "text",
    [
        """\
Conditions: {A: !Not [{Condition: A}]}
Resources: {V: {Type: 'X::Y', Properties: {Value: !If [A, 1, 2]}}}
""",
        "Resources: {V: {Type: 'AWS::S3::Bucket', Properties: {BucketName: !Ref V}}}",
    ],
)
def test_what_refers_to_itself_is_a_problem(text):
    template = read_template(load_text(text, "template.yml"))
    with pytest.raises(DocumentError) as refused:
        Resolver(template).value(template.properties("V"))
    assert "template/cycle" == refused.value.problems[0].rule


def test_a_text_that_multiplies_ends_soon():
    lines = [
        f"  R{n + 1}: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: "
        f"!Sub '{f'${{R{n}}}' * 50}'}}}}"
        for n in range(30)
    ]
    first = "  R0: {Type: 'AWS::S3::Bucket', Properties: {BucketName: xxxxxxxxxx}}"
    text = "\n".join(["Resources:", first, *lines])
    template = read_template(load_text(text, "template.yml"))
    begun = time.process_time()
    with pytest.raises(DocumentError):
        Resolver(template).value(template.properties("R30"))
    assert time.process_time() - begun < 5


def test_a_long_chain_of_names_is_a_problem_and_no_traceback():
    lines = [
        f"  R{n}: {{Type: 'AWS::S3::Bucket', Properties: {{BucketName: !Ref R{n + 1}}}}}"
        for n in range(2000)
    ]
    text = "\n".join(["Resources:", *lines, "  R2000: {Type: 'AWS::S3::Bucket'}"])
    template = read_template(load_text(text, "template.yml"))
    with pytest.raises(DocumentError):
        Resolver(template).value(template.properties("R0"))


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("!Ref Stagee", "no parameter or resource 'Stagee'"),
        ("!GetAtt Ap.Arn", "no resource 'Ap'"),
        ("!Sub 'a-${Nobody}'", "no parameter or resource 'Nobody'"),
        ("!If [IsPrd, 1, 2]", "no condition 'IsPrd'"),
        ("!FindInMap [Size, dev, Kind]", "no mapping 'Size'"),
    ],
)
def test_a_name_that_is_not_declared_is_an_error_at_its_line(expression, said):
    problems = Problems()
    template = read_template(load_text(HEAD + expression + "\n", "template.yml"))
    check_references(template, problems)
    (problem,) = problems
    assert said in problem.message
    assert HEAD.count("\n") + 1 == problem.span.line


FUNCTIONS = (
    "Ref",
    "Fn::Sub",
    "Fn::GetAtt",
    "Fn::Join",
    "Fn::If",
    "Fn::FindInMap",
    "Fn::Select",
    "Fn::Split",
    "Fn::Base64",
    "Fn::Equals",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
    "Condition",
)
LEAVES = st.sampled_from(["A", "B", "${A}${B.Arn}", "AWS::NoValue", "0", "-1", "", "²"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FUNCTIONS), inner, min_size=1, max_size=1)
        | st.dictionaries(st.sampled_from(["Name", "Type", "Default"]), inner, max_size=2)
    ),
    max_leaves=20,
)
DOCUMENT = st.fixed_dictionaries(
    {
        section: st.dictionaries(st.sampled_from(["A", "B"]), VALUES)
        for section in ("Parameters", "Mappings", "Conditions")
    }
    | {
        "Resources": st.dictionaries(
            st.sampled_from(["A", "B"]),
            st.fixed_dictionaries(
                {"Type": st.just("AWS::CodePipeline::Pipeline"), "Properties": VALUES},
                optional={"Condition": LEAVES},
            ),
            min_size=1,
        )
    }
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENT)
def test_any_nesting_gives_a_value_or_problems(document):
    template = read_template(load_text(json.dumps(document), "template.json"))
    check_references(template, Problems())
    resolver = Resolver(template)
    for logical_id in template.resources:
        try:
            resolver.is_wanted(logical_id)
            resolver.value(template.properties(logical_id))
        except DocumentError as refused:
            assert refused.problems
            break
