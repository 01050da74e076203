import json

import pytest

from cicd.document.resources import Resources
from cicd.errors import UsageError
from tests.document.reading import refused, spots

FULL = """\
projects:
  - name: shop
    source: {type: CODECOMMIT}
    arn: arn:aws:codebuild:us-east-1:123456789012:project/shop
    created: 2024-01-01T00:00:00
applications:
  - applicationName: shop
    deploymentGroups:
      - deploymentGroupName: web
deploymentConfigs:
  - deploymentConfigName: Half
pipelines:
  - pipeline.json
  - {name: other, stages: []}
local:
  runner: docker
  images: {"aws/codebuild/standard:7.0": "python:3.12-slim"}
  repositories: {shop: .}
  deploymentGroups: {web: {instances: []}}
"""


def resources(folder, text):
    (folder / "cicd.yml").write_text(text)
    return Resources.load(folder)


def test_without_a_file_there_are_no_resources(tmp_path):
    found = Resources.load(tmp_path)
    assert (tmp_path, {}, None, None) == (
        found.root,
        dict(found.section("projects")),
        found.find("projects", "shop"),
        found.local,
    )


def test_entries_are_found_by_their_api_names(tmp_path):
    found = resources(tmp_path, FULL)
    assert "CODECOMMIT" == found.find("projects", "shop").at(("source", "type")).text
    assert ["shop"] == list(found.section("applications"))
    assert "Half" == found.find("deploymentConfigs", "Half").at(("deploymentConfigName",)).text
    assert ["pipeline.json", "other"] == list(found.section("pipelines"))
    assert "docker" == found.local.at(("runner",)).text
    assert None is found.find("projects", "Shop")


def test_printed_output_of_the_aws_cli_can_be_pasted(tmp_path):
    text = (
        '{"projects": [{"name": "shop"}], "projectsNotFound": [],\n'
        ' "deploymentConfigs": [{"deploymentConfigInfo": {"deploymentConfigName": "Half"}}],\n'
        ' "pipelines": [{"pipeline": {"name": "p", "stages": []}, "metadata": {}}]}'
    )
    found = resources(tmp_path, text)
    assert ["shop"] == list(found.section("projects"))
    assert {"deploymentConfigName": "Half"} == found.find("deploymentConfigs", "Half").plain()
    assert ["p"] == list(found.section("pipelines"))


@pytest.mark.parametrize(
    "text",
    [
        '{"applicationsInfo": [{"applicationName": "shop", "deploymentGroups": [%s]}]}',
        (
            '{"applications": [{"applicationsInfo": [{"applicationName": "shop",'
            ' "deploymentGroups": [%s]}]}]}'
        ),
        (
            '{"applications": [{"application": {"applicationName": "shop",'
            ' "deploymentGroups": [%s]}}]}'
        ),
        '{"applications": [{"applicationName": "shop", "deploymentGroupsInfo": [%s]}]}',
        (
            '{"applications": [{"applicationName": "shop",'
            ' "deploymentGroups": [{"deploymentGroupsInfo": [%s]}]}]}'
        ),
    ],
)
@pytest.mark.parametrize("group", ["%s", '{"deploymentGroupInfo": %s}'])
def test_printed_applications_and_groups_can_be_pasted(tmp_path, text, group):
    one = group % '{"deploymentGroupName": "web"}'
    shop = resources(tmp_path, text % one).find("applications", "shop")
    assert [{"deploymentGroupName": "web"}] == shop.at(("deploymentGroups",)).plain()


@pytest.mark.parametrize("group", ["%s", '{"deploymentGroupInfo": %s}'])
def test_groups_may_stand_beside_their_applications(tmp_path, group):
    web = {"applicationName": "shop", "deploymentGroupName": "web"}
    text = (
        '{"applications": [{"applicationName": "shop", "deploymentGroups": '
        '[{"deploymentGroupName": "inner"}]}], "deploymentGroups": [%s, %s]}'
    )
    ours = group % json.dumps(web)
    other = json.dumps({"applicationName": "other", "deploymentGroupName": "web"})
    found = resources(tmp_path, text % (ours, other))
    shop, alone = found.find("applications", "shop"), found.find("applications", "other")
    assert [{"deploymentGroupName": "inner"}, web] == shop.at(("deploymentGroups",)).plain()
    assert "web" == alone.at(("deploymentGroups",)).plain()[0]["deploymentGroupName"]


def test_a_group_that_stands_alone_names_its_application(tmp_path):
    found = refused(resources, tmp_path, "deploymentGroups: [{deploymentGroupName: web}]")
    assert ["'applicationName' is missing in an entry of 'deploymentGroups'"] == [
        problem.message for problem in found
    ]


def test_a_group_described_twice_is_found_through_its_wrapping(tmp_path):
    group = '{"deploymentGroupInfo": {"deploymentGroupName": "web"}}'
    text = (
        f'{{"applications": [{{"applicationName": "a", "deploymentGroups": [{group}, {group}]}}]}}'
    )
    found = refused(resources, tmp_path, text)
    assert ["'web' is described twice"] == [problem.message for problem in found]


def test_an_unknown_key_is_refused_with_what_was_meant(tmp_path):
    found = refused(resources, tmp_path, "project: []\nlocal: {image: {}}\n")
    assert [("resources/unknown-key", 1, 1), ("resources/unknown-key", 2, 9)] == spots(found)
    assert ["did you mean 'projects'?", "did you mean 'images'?"] == [p.hint for p in found]
    assert "projectsNotFound" not in (found[0].note or "")


def test_all_that_is_wrong_with_entries_is_told_at_once(tmp_path):
    text = (
        "projects:\n  - name: a\n  - name: a\n  - {}\n  - x\n  -\n"
        "applications:\n  - applicationName: b\n    deploymentGroups: [{}, x]\n"
        "deploymentConfigs: {}\nlocal: []\n"
    )
    assert [
        ("resources/duplicate-name", 3, 11),
        ("resources/missing-key", 4, 5),
        ("resources/wrong-type", 5, 5),
        ("resources/wrong-type", 6, 4),
        ("resources/missing-key", 9, 24),
        ("resources/wrong-type", 9, 28),
        ("resources/wrong-type", 10, 20),
        ("resources/wrong-type", 11, 8),
    ] == spots(refused(resources, tmp_path, text))


def test_what_stands_under_local_has_its_shape_or_is_told(tmp_path):
    text = (
        "local:\n  runner: [a]\n  jobWorkers: x\n  alarms: [a]\n  buckets: x\n"
        "  repositories: {a: [b], c: .}\n  images:\n  subscribers: []\n"
    )
    assert [
        ("resources/wrong-type", 2, 11),
        ("resources/wrong-type", 3, 15),
        ("resources/wrong-type", 4, 11),
        ("resources/wrong-type", 5, 12),
        ("resources/wrong-type", 6, 21),
    ] == spots(refused(resources, tmp_path, text))


def test_messages_name_the_file_as_users_know_it(tmp_path):
    (problem,) = refused(resources, tmp_path, "projects: 1")
    assert "cicd.yml:1:11" == str(problem.span)


def test_the_other_spelling_of_the_name_is_not_silently_ignored(tmp_path):
    (tmp_path / "cicd.yaml").write_text("projects: []")
    with pytest.raises(UsageError):
        Resources.load(tmp_path)
