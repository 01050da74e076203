"""Tags of deployment groups, and which instances they mean."""

import pytest

from cicd.deploy.find_group import find_group
from cicd.document.resources import Resources
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.ports import TaggedInstance, TargetKind

HEAD = """applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
"""
PROD_OR_STAGE_AND_WEB = """
        ec2TagSet:
          ec2TagSetList:
            - [{Key: env, Value: prod, Type: KEY_AND_VALUE},
               {Key: env, Value: stage, Type: KEY_AND_VALUE}]
            - [{Key: role, Value: web, Type: KEY_AND_VALUE}]
"""
FLEET = (
    TaggedInstance(name="prod-web", tags={"env": "prod", "role": "web"}),
    TaggedInstance(name="stage-web", tags={"env": "stage", "role": "web"}),
    TaggedInstance(name="prod-db", tags={"env": "prod", "role": "db"}),
    TaggedInstance(name="dev-web", tags={"env": "dev", "role": "web"}),
)


def found(tmp_path, tags, tagged=lambda: FLEET, local=""):
    (tmp_path / "cicd.yml").write_text(HEAD + tags.lstrip("\n") + local)
    group = find_group(Resources.load(tmp_path), home=tmp_path / ".cicd", tagged=tagged)
    return [target.id for target in group.targets]


def flat(*filters):
    return f"        ec2TagFilters: [{', '.join(filters)}]\n"


def test_trap_52_a_set_is_an_or_inside_its_groups_and_an_and_between_them(tmp_path):
    assert found(tmp_path, PROD_OR_STAGE_AND_WEB) == ["prod-web", "stage-web"]


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (["{Key: env, Value: dev, Type: KEY_AND_VALUE}"], ["dev-web"]),
        (["{Key: env, Type: KEY_ONLY}"], ["dev-web", "prod-db", "prod-web", "stage-web"]),
        (["{Value: db, Type: VALUE_ONLY}"], ["prod-db"]),
        (
            ["{Key: env, Value: dev, Type: KEY_AND_VALUE}", "{Value: db, Type: VALUE_ONLY}"],
            ["dev-web", "prod-db"],
        ),
    ],
)
def test_trap_52_a_list_of_filters_is_an_or(tmp_path, filters, names):
    assert found(tmp_path, flat(*filters)) == names


@pytest.mark.parametrize("key", ["Env", "en", "env "])
def test_filters_are_exact(tmp_path, key):
    with pytest.raises(UsageError, match="NO_INSTANCES"):
        found(tmp_path, flat(f"{{Key: '{key}', Type: KEY_ONLY}}"))


def test_two_sources_are_a_union_with_each_instance_once(tmp_path):
    tags = PROD_OR_STAGE_AND_WEB + (
        "        onPremisesInstanceTagFilters:\n"
        "          [{Key: env, Value: prod, Type: KEY_AND_VALUE}]\n"
    )
    assert found(tmp_path, tags) == ["prod-db", "prod-web", "stage-web"]


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        (PROD_OR_STAGE_AND_WEB, "--label env=prod --label role=web"),
        (flat("{Key: team, Value: 'a b', Type: KEY_AND_VALUE}"), "--label 'team=a b'"),
        (flat("{Key: env, Type: KEY_ONLY}"), "--label env=VALUE"),
        (flat("{Value: db, Type: VALUE_ONLY}"), "--label KEY=db"),
    ],
)
def test_where_nothing_has_the_tags_the_command_that_makes_such_is_told(tmp_path, tags, labels):
    with pytest.raises(UsageError) as refused:
        found(tmp_path, tags, tagged=tuple)
    assert f"`cicd fleet up web --count 2 --image IMAGE {labels}`" in refused.value.hint


def test_filters_and_a_set_together_are_refused(tmp_path):
    with pytest.raises(DocumentError):
        found(tmp_path, flat("{Key: env, Type: KEY_ONLY}") + PROD_OR_STAGE_AND_WEB)


def test_more_than_three_groups_are_refused(tmp_path):
    group = "            - [{Key: a, Type: KEY_ONLY}]\n"
    with pytest.raises(DocumentError):
        found(tmp_path, "        ec2TagSet:\n          ec2TagSetList:\n" + group * 4)


def test_instances_of_this_machine_stand_where_no_engine_answers(tmp_path):
    def none():
        raise Unavailable("no engine")

    local = "local:\n  deploymentGroups:\n    web:\n      instances: [{id: a, directory: a}]\n"
    assert found(tmp_path, PROD_OR_STAGE_AND_WEB, none, local) == ["a"]
    with pytest.raises(Unavailable):
        found(tmp_path, PROD_OR_STAGE_AND_WEB, none)


def test_a_tagged_instance_is_a_container(tmp_path):
    (tmp_path / "cicd.yml").write_text(HEAD + flat("{Value: db, Type: VALUE_ONLY}"))
    group = find_group(Resources.load(tmp_path), home=tmp_path / ".cicd", tagged=lambda: FLEET)
    assert [(each.kind, each.location) for each in group.targets] == [
        (TargetKind.CONTAINER, "prod-db")
    ]
