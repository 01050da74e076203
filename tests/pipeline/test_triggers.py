"""Git triggers: AWS's globs, its AND and OR, and every worked example of the guide."""

import pytest

from cicd.document.resources import Resources
from cicd.pipeline.globs import PatternInvalid, check, matches
from cicd.pipeline.push import describe_source, judge
from cicd.pipeline.rules.structure import actions_of
from cicd.pipeline.triggers import (
    Filter,
    GitEvent,
    Patterns,
    PullRequestEvent,
    Trigger,
    judge_source,
)
from tests.pipeline.documents import SOURCE, action, checked, pipeline, rules, stage

CONNECTION = "Source/AWS/CodeStarSourceConnection"
OPEN, UPDATED, CLOSED = PullRequestEvent


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("feature*", "feature-x feature", "feature/x"),
        ("feature/*", "feature/x", "feature/x/y feature"),
        ("feature/**", "feature/x feature/x/y", "feature"),
        ("**", "everything a/b", ""),
        ("*.md", "README.md", "docs/a.md"),
        ("**/*.md", "docs/a.md README.md a/b/c.md", "a.txt"),
        ("**.md", "docs/a.md README.md", "a.txt"),
        ("v[0-9].*", "v1.2", "v10.1"),
        ("{main,release-*}", "main release-1", "release/1"),
        ("common/**/*.js", "common/app.js common/a/b/app.js", "other/app.js"),
        ("v?", "v1", "v v10 v/"),
        ("[!a]b", "bb", "ab /b"),
        ("a[]x]", "a] ax", "a"),
        ("\\*", "*", "a"),
        (".*", ".env", "env"),
        ("Main", "Main", "main"),
        ("src/**/docs/**", "src/docs/a src/a/docs/b/c", "src/docs docs/a"),
        ("[a-]", "a -", "b"),
    ],
)
def test_a_glob_matches_a_whole_name_in_its_case(pattern, yes, no):
    assert dict.fromkeys(yes.split(), True) == {n: matches(pattern, n) for n in yes.split()}
    assert dict.fromkeys(no.split(), False) == {n: matches(pattern, n) for n in no.split()}


@pytest.mark.parametrize("pattern", ["[a", "{a,b", "{a,{b}}", "a\\"])
def test_what_is_no_glob_is_refused(pattern):
    with pytest.raises(PatternInvalid):
        check(pattern)


def test_no_pattern_takes_long():
    assert not matches("{a,**a}" * 36, "a" * 255 + "b")


def filter_(*, branches=None, files=None, tags=None, events=tuple(PullRequestEvent)):
    def patterns(text):
        if text is None:
            return None
        includes, _, excludes = text.partition("!")
        return Patterns(includes=tuple(includes.split()), excludes=tuple(excludes.split()))

    return Filter(
        branches=patterns(branches), files=patterns(files), tags=patterns(tags), events=events
    )


def starts(event, *, push=(), pull_request=()):
    trigger = Trigger(source_action="Get", push=push, pull_request=pull_request)
    return any(verdict.starts for verdict in trigger.judge(event, "main"))


def push(branch="", files="", tag=""):
    return GitEvent(branch=branch, tag=tag, files=tuple(files.split()))


def pull(source, into, event=OPEN, files=""):
    return GitEvent(
        branch=into, from_branch=source, pull_request=event, files=tuple(files.split())
    )


SRC = (filter_(branches="main", files="src/** !src/docs/**"),)
TAGS = (filter_(branches="main"), filter_(tags="v*"))
STAR = (filter_(branches="* !feature*"),)
ALL = (filter_(branches="** !feature*"),)
README = (filter_(branches="main", files="README.md !LICENSE.txt"),)
RELEASE = (filter_(tags="release-1"), filter_(branches="main* !feature*"))
OPENED = (filter_(branches="main", events=(OPEN,)),)
FEATURES = (filter_(branches="feature*", events=(CLOSED, OPEN)),)


@pytest.mark.parametrize(
    ("number", "pushes", "pulls", "event", "expected"),
    [
        (1, SRC, (), push("main", "src/a.py"), True),
        (2, SRC, (), push("main", "src/docs/x.md"), False),
        (3, SRC, (), push("main", "src/docs/x.md src/a.py"), True),
        (4, SRC, (), push("dev", "src/a.py"), False),
        (5, TAGS, (), push(tag="v1"), True),
        (6, STAR, (), push("feature-a"), False),
        (7, STAR, (), push("feature/a"), False),
        (8, ALL, (), push("feature/a"), True),
        (9, (filter_(branches="main !main"),), (), push("main"), False),
        (10, (), OPENED, pull("dev", "main"), True),
        (11, (), OPENED, pull("main", "dev"), False),
        (12, (), OPENED, pull("dev", "main", UPDATED), False),
        (13, README, FEATURES, push("main", "README.md LICENSE.txt"), True),
        (14, README, FEATURES, push("main", "LICENSE.txt"), False),
        (15, RELEASE, (), push(tag="release-2"), False),
        (
            16,
            (filter_(branches="**", files="src/**"),),
            (),
            GitEvent(branch="n", files=None),
            False,
        ),
    ],
)
def test_every_worked_example_holds(number, pushes, pulls, event, expected):
    assert (number, expected) == (number, starts(event, push=pushes, pull_request=pulls))


def test_example_17_only_a_hundred_files_are_examined_and_that_is_said():
    files = tuple(f"a/{n:03}" for n in range(149))
    trigger = Trigger(source_action="Get", push=(filter_(branches="main", files="src/**"),))
    (verdict,) = trigger.judge(GitEvent(branch="main", files=(*files, "src/x")), "main")
    assert not verdict.starts
    assert "AWS looks at 100 of the 150 files" in verdict.why
    assert verdict.why.endswith(": 'src/x' would start it, if it is among them")


def test_trap_90_a_star_does_not_cross_a_slash():
    assert not matches("feature*", "feature/x")
    assert not matches("*", "feature/x")


def test_trap_91_an_exclude_wins_even_over_the_same_include():
    assert not Patterns(includes=("main",), excludes=("main",)).judge("branch", "main").starts


def test_trap_92_one_included_file_among_excluded_ones_starts_the_pipeline():
    files = " ".join(f"src/docs/{n}" for n in range(20))
    assert starts(push("main", f"{files} src/z"), push=SRC)


def test_trap_93_a_pull_request_is_judged_by_where_it_leads():
    assert starts(pull("main-not", "main"), pull_request=OPENED)


def test_no_includes_means_everything_but_the_excludes():
    only = (filter_(branches="!wip"),)
    assert (True, False) == (starts(push("a"), push=only), starts(push("wip"), push=only))


def test_a_pull_request_of_any_event_counts_where_none_is_listed():
    anything = (filter_(branches="main"),)
    assert [True] * 3 == [
        starts(pull("a", "main", event), pull_request=anything) for event in PullRequestEvent
    ]


def test_pushes_do_not_pass_filters_of_pull_requests_nor_the_other_way_round():
    assert not starts(push("main"), pull_request=OPENED)
    assert not starts(pull("dev", "main"), push=SRC)


def test_a_trigger_without_filters_waits_for_the_sources_branch():
    assert (True, False, False) == (
        starts(push("main")),
        starts(push("dev")),
        starts(push(tag="v1")),
    )


# ── Pipelines ─────────────────────────────────────────────────────────────────────────────────


def document(*sources, **more):
    return pipeline(
        stage("Source", *sources),
        stage("Build", action("Make", takes="a")),
        **{"pipelineType": "V2", **more},
    )


def connection(name="Get", makes="a", **configuration):
    settings = {"ConnectionArn": "arn", "FullRepositoryId": "o/shop", "BranchName": "main"}
    return action(name, CONNECTION, makes=makes, configuration={**settings, **configuration})


def trigger(*filters, key="push", name="Get"):
    git = {"sourceActionName": name, **({key: list(filters)} if filters else {})}
    return [{"providerType": "CodeStarSourceConnection", "gitConfiguration": git}]


def verdict(found, event, root):
    return judge(checked(found)[0], Resources.load(root), event, root)


def test_trap_94_a_trigger_takes_the_place_of_detect_changes(tmp_path):
    only_src = trigger({"branches": {"includes": ["dev"]}, "filePaths": {"includes": ["src/**"]}})
    found = document(connection(), triggers=only_src)
    assert not verdict(found, push("main", "src/a"), tmp_path).starts
    assert verdict(found, push("dev", "src/a"), tmp_path).starts
    assert verdict(document(connection()), push("main", "x"), tmp_path).starts
    assert not verdict(document(connection(DetectChanges="false")), push("main"), tmp_path).starts


def test_one_source_of_several_starts_a_pipeline_and_the_others_keep_their_own_ways(tmp_path):
    (tmp_path / "cicd.yml").write_text("local: {repositories: {o/shop: ., shop: ../other}}\n")
    both = document(connection(), action("Other", SOURCE, makes="b"))
    found = verdict(both, push("main"), tmp_path)
    assert (True, [True, False]) == (found.starts, [source.starts for source in found.sources])
    assert "its repository is" in found.sources[1].verdicts[0].why


def test_trap_47_polling_is_on_where_nothing_is_said():
    (polled, still, hooked, stored) = (
        action("A", SOURCE, makes="a"),
        action("B", SOURCE, makes="b"),
        action("C", "Source/ThirdParty/GitHub", makes="c"),
        action("D", "Source/AWS/S3", makes="d"),
    )
    still["configuration"] = {**still["configuration"], "PollForSourceChanges": "false"}
    hooked["configuration"] = {"Owner": "o", "Repo": "r", "Branch": "main"}
    stored["configuration"] = {"S3Bucket": "b", "S3ObjectKey": "k"}
    spec, _ = checked(document(polled, still, hooked, stored))
    sources = list(actions_of(spec))[:4]
    said = [judge_source(each, None, push("main"))[0] for each in sources]
    assert [True, False, True, False] == [each.starts for each in said]
    assert "PollForSourceChanges is not given, which means true" in said[0].why
    assert "a rule of EventBridge would start it" in said[1].why
    lines = [describe_source(each, spec)[0] for each in sources]
    assert "a push to 'main': PollForSourceChanges is true, as it is when not given" == lines[0]
    assert "nothing that the pipeline tells: PollForSourceChanges is false" == lines[1]


def test_triggers_are_told_filter_by_filter():
    filters = {"branches": {"includes": ["main"]}, "filePaths": {"excludes": ["docs/**"]}}
    spec, _ = checked(document(connection(), triggers=trigger(filters)))
    assert ("a push: branch main; file any but not docs/**",) == describe_source(
        next(iter(actions_of(spec))), spec
    )


@pytest.mark.parametrize(
    "filters",
    [
        [{"tags": {"includes": ["v*"]}, "branches": {"includes": ["main"]}}],
        [{"filePaths": {"includes": ["a"]}}],
        [{"branches": {"includes": ["[a"]}}],
        [{"branches": {"includes": ["a"]}}, {"branches": {"includes": ["a"]}}],
    ],
)
def test_v25_a_filter_that_aws_refuses_is_refused(filters):
    found = document(connection(), triggers=trigger(*filters))
    assert "pipeline/trigger-filter" in [problem.rule for problem in checked(found)[1]]


def test_a_good_filter_has_no_problem():
    good = trigger({"tags": {"includes": ["v*"]}}, {"branches": {"includes": ["main"]}})
    assert "pipeline/trigger-filter" not in rules(
        stage("Source", connection()),
        stage("Build", action("Make", takes="a")),
        pipelineType="V2",
        triggers=good,
    )
