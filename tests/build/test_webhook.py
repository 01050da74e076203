"""Which pushes and pull requests start a build."""

import pytest

from cicd import expression
from cicd.build.project_reader import read_project
from cicd.build.webhook import EventType, WebhookEvent
from cicd.document.load import load_text
from cicd.document.problem import Problems

PUSH = WebhookEvent(
    type=EventType.PUSH,
    head_ref="refs/heads/main",
    previous_commit="0" * 40,
    files=("README.md", "src/app.py"),
    message="Mend the door\n\n[skip]",
)
PULL = WebhookEvent(
    type=EventType.PULL_REQUEST_CREATED,
    head_ref="refs/heads/door",
    base_ref="refs/heads/main",
    number=25,
)
EVENT = "{type: EVENT, pattern: 'PUSH, PULL_REQUEST_CREATED'}"


def webhook(*groups, **more):
    """Read a project whose webhook has these groups of filters."""
    problems = Problems()
    keys = "".join(f", {key}: {text}" for key, text in more.items())
    listed = ", ".join(f"[{', '.join(group)}]" for group in groups)
    node = load_text(f"name: app\nwebhook: {{filterGroups: [{listed}]{keys}}}\n", "cicd.yml")
    return read_project(node, problems).webhook, [problem.message for problem in problems]


def hook(*groups, **more):
    made, problems = webhook(*groups, **more)
    assert [] == problems
    return made


def where(type_, pattern, *, exclude=False):
    return f"{{type: {type_}, pattern: '{pattern}', excludeMatchedPattern: {exclude}}}"


def test_both_filters_of_a_group_must_match_and_of_two_groups_either_suffices():
    """Trap 45."""
    file, head = where("FILE_PATH", "^src/"), where("HEAD_REF", "^refs/heads/dev$")
    assert ("group 1: HEAD_REF: 'refs/heads/main' does not match '^refs/heads/dev$'",) == hook(
        (EVENT, file, head)
    ).why_not(PUSH)
    assert () == hook((EVENT, file), (EVENT, head)).why_not(PUSH)


@pytest.mark.parametrize("exclude", [True, False])
def test_a_webhook_reads_the_message_only_where_a_filter_of_any_group_asks_for_it(exclude):
    message = where("COMMIT_MESSAGE", "skip", exclude=exclude)
    assert hook((EVENT,), (EVENT, message)).reads_message
    assert not hook((EVENT, where("FILE_PATH", "^src/"))).reads_message
    assert not hook().reads_message


def test_without_filters_everything_starts_a_build():
    assert ((), ()) == (hook().why_not(PUSH), hook().why_not(PULL))


@pytest.mark.parametrize(
    ("filter_", "expected"),
    [
        (where("FILE_PATH", "^docs/"), "FILE_PATH: none of 2 matches '^docs/'"),
        (where("FILE_PATH", "^docs/", exclude=True), None),
        (where("FILE_PATH", "^src/", exclude=True), "FILE_PATH 'src/app.py' matches '^src/'"),
        (where("COMMIT_MESSAGE", r"\[skip\]", exclude=True), "'Mend the door' matches"),
        (where("BASE_REF", "main"), "BASE_REF: there is nothing to match"),
        (where("HEAD_REF", "main"), None),
        (where("ACTOR_ACCOUNT_ID", "^12$"), None),
        (where("TAG_NAME", "v1"), "TAG_NAME: there is nothing"),
        (where("HEAD_REF", r"^refs/heads/main\z"), None),
    ],
)
def test_a_filter_on_a_push(filter_, expected):
    why = hook((EVENT, filter_)).why_not(PUSH)
    assert expected is None or expected in why[0]
    assert (expected is None) == (why == ())


@pytest.mark.parametrize("exclude", [True, False])
def test_a_filter_that_takes_too_long_to_match_does_not_hold_and_says_so(monkeypatch, exclude):
    monkeypatch.setattr(expression, "LIMIT", 0.05)
    hooked = hook((EVENT, where("HEAD_REF", "(a|aa)+$", exclude=exclude)))
    push = WebhookEvent(type=EventType.PUSH, head_ref="refs/heads/" + "a" * 60 + "!")
    (why,) = hooked.why_not(push)
    assert "HEAD_REF: '(a|aa)+$': it takes more than" in why


def test_only_the_first_hundred_files_are_looked_at():
    files = tuple(f"a/{n:03}" for n in range(100))
    hooked = hook((EVENT, where("FILE_PATH", "^b$")))
    there = WebhookEvent(type=EventType.PUSH, head_ref="refs/heads/x", files=(*files, "b"))
    assert "none of 100" in hooked.why_not(there)[0]


def test_a_branch_filter_counts_only_without_groups():
    assert () == hook(branchFilter="^refs/heads/main$").why_not(PUSH)
    assert () != hook(branchFilter="dev").why_not(PUSH)
    assert () == hook((EVENT,), branchFilter="dev").why_not(PUSH)


@pytest.mark.parametrize(
    ("pattern", "unknown"),
    [
        ("^(?!main)", "(?!"),
        ("(?=a)", "(?="),
        ("(?<=a)b", "(?<="),
        ("(?<!a)b", "(?<!"),
        (r"(a)\1", r"\1"),
        ("(?P<x>a)(?P=x)", "(?P=x"),
        ("(?>a)", "(?>"),
        ("a++", "++"),
    ],
)
def test_what_re2_does_not_know_is_refused(pattern, unknown):
    _, problems = webhook((EVENT, where("HEAD_REF", pattern)))
    assert [f"'{unknown}' is nothing that RE2 knows"] == problems


@pytest.mark.parametrize("pattern", [r"\(?=a", "[(?=]+", r"a\\+", "(?P<x>a)", "(?i)a", "(?:a)+"])
def test_what_only_looks_like_it_is_allowed(pattern):
    assert [] == webhook((EVENT, where("HEAD_REF", pattern)))[1]


def test_one_filter_is_no_group():
    problems = Problems()
    text = "name: app\nwebhook: {filterGroups: [{type: EVENT, pattern: PUSH}]}\n"
    read_project(load_text(text, "cicd.yml"), problems)
    said = "a filter group must be a list of filters, and this is one filter"
    assert [said] == [problem.message for problem in problems]


def test_a_group_needs_an_event_and_events_have_names():
    assert ["this filter group has no filter of type EVENT"] == webhook((where("HEAD_REF", "x"),))[
        1
    ]
    assert ["'PUSHED' is not an event of a webhook"] == webhook((where("EVENT", "PUSHED"),))[1]
    assert [] == webhook((where("EVENT", "RELEASED, PUSH"),))[1]


def test_what_a_build_is_told():
    assert {
        "CODEBUILD_WEBHOOK_EVENT": "PUSH",
        "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/main",
        "CODEBUILD_WEBHOOK_TRIGGER": "branch/main",
        "CODEBUILD_WEBHOOK_PREV_COMMIT": "0" * 40,
    } == PUSH.variables()
    assert {
        "CODEBUILD_WEBHOOK_EVENT": "PULL_REQUEST_CREATED",
        "CODEBUILD_WEBHOOK_HEAD_REF": "refs/heads/door",
        "CODEBUILD_WEBHOOK_BASE_REF": "refs/heads/main",
        "CODEBUILD_WEBHOOK_TRIGGER": "pr/25",
    } == PULL.variables()
    tag = WebhookEvent(type=EventType.PUSH, head_ref="refs/tags/v1/x")
    assert "tag/v1/x" == tag.trigger
