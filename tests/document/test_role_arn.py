import pytest

from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.role_arn import check_role


def told(text, *, name_will_do=False):
    node = load_text(f"role: {text}", "f.yml").entries["role"].value
    problems = Problems()
    check_role(node, "room/role-arn", problems, name_will_do=name_will_do)
    return [(problem.message, problem.hint) for problem in problems]


@pytest.mark.parametrize(
    "role",
    [
        "arn:aws:iam::123456789012:role/build",
        "arn:aws-us-gov:iam::123456789012:role/service-role/a+b=c,d.e@f-g_h",
        '"arn:aws:iam::${AWS::AccountId}:role/build"',
        '"{{resolve:ssm:/role}}"',
        "<role>",
        "",
        "[a list]",
    ],
)
def test_a_role_or_what_may_become_one_is_let_be(role):
    assert [] == told(role)


@pytest.mark.parametrize(
    ("role", "hint"),
    [
        ("build", "write arn:aws:iam::"),
        ("arn:aws:iam:123456789012:role/build", "write arn:aws:iam::"),
        ("arn:aws:iam::12345:role/build", "an account has 12 digits"),
        ("arn:aws:iam::123456789012:user/me", "a role's ARN is"),
        ("arn:aws:iam::123456789012:role/", "write arn:aws:iam::"),
    ],
)
def test_what_names_no_role_is_told_of_with_what_is_meant(role, hint):
    ((message, said),) = told(role)
    assert (f"'{role}' is not the ARN of a role", True) == (message, said.startswith(hint))


@pytest.mark.parametrize(("role", "count"), [("build", 0), ("arn:aws:iam::1:role/x", 1)])
def test_a_name_will_do_where_the_service_takes_one(role, count):
    assert count == len(told(role, name_will_do=True))
