import pytest

from cicd.deploy.config import MinimumHealthyHosts, find_config
from cicd.deploy.find_group import find_group, parse_instance
from cicd.deploy.plan import RollbackEvent
from cicd.document.resources import Resources
from cicd.errors import DocumentError, UsageError
from cicd.ports import TargetKind

WEB = """
applications:
  - applicationName: shop
    computePlatform: Server
    deploymentGroups:
      - deploymentGroupName: web
        deploymentConfigName: CodeDeployDefault.HalfAtATime
        serviceRoleArn: arn:aws:iam::1:role/x
        ec2TagFilters: [{Key: a, Value: b, Type: KEY_AND_VALUE}]
        autoRollbackConfiguration: {enabled: true, events: [DEPLOYMENT_FAILURE]}
deploymentConfigs:
  - deploymentConfigName: ThreeQuarters
    computePlatform: Server
    minimumHealthyHosts: {type: FLEET_PERCENT, value: 75}
local:
  deploymentGroups:
    web:
      instances:
        - {id: b, directory: i/b, endpoint: "http://b", environment: {PORT: "80"}}
        - {id: a, directory: i/a}
"""


def resources(tmp_path, text=WEB):
    (tmp_path / "cicd.yml").write_text(text)
    return Resources.load(tmp_path)


def find(tmp_path, text=WEB, **options):
    return find_group(resources(tmp_path, text), home=tmp_path / ".cicd", **options)


def test_the_only_group_is_found_without_a_name(tmp_path):
    group = find(tmp_path)
    assert ("shop", "web", "HalfAtATime") == (
        group.application_name,
        group.name,
        group.config.strategy,
    )
    assert (RollbackEvent.DEPLOYMENT_FAILURE,) == group.rollback_events


def test_instances_come_from_local_and_are_taken_by_id(tmp_path):
    a, b = find(tmp_path, name="shop/web").targets
    assert ("a", str(tmp_path / "i/a")) == (a.id, a.location)
    assert ((("PORT", "80"),), "http://b") == (b.variables, b.endpoint)


def test_instances_of_flags_replace_the_groups(tmp_path):
    instance = parse_instance("x=there", tmp_path)
    group = find(tmp_path, name="web", instances=(instance,))
    assert [("x", str(tmp_path / "there"))] == [(t.id, t.location) for t in group.targets]


def test_without_a_file_there_is_a_group_with_one_instance_in_the_home(tmp_path):
    group = find_group(Resources.load(tmp_path), home=tmp_path / ".cicd")
    assert ("LocalFleet", tmp_path.name) == (group.name, group.application_name)
    assert [str(tmp_path / ".cicd/instances/local")] == [t.location for t in group.targets]


def test_the_id_of_a_group_stays_the_same(tmp_path):
    assert find(tmp_path).id == find(tmp_path, name="web").id


def test_an_unknown_group_is_refused_with_the_one_that_was_meant(tmp_path):
    with pytest.raises(UsageError, match="DeploymentGroupDoesNotExistException") as refusal:
        find(tmp_path, name="wev")
    assert "did you mean 'web'?" == refusal.value.hint


def test_of_several_groups_one_must_be_named(tmp_path):
    text = WEB.replace(
        "deploymentConfigs:",
        "  - applicationName: api\n    deploymentGroups: [{deploymentGroupName: api}]\n"
        "deploymentConfigs:",
    )
    with pytest.raises(UsageError, match="several deployment groups"):
        find(tmp_path, text)
    assert "api" == find(tmp_path, text, name="api").name


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("events: [DEPLOYMENT_FAILURE]", "events: []", "deploy/rollback-event"),
        ("DEPLOYMENT_FAILURE", "ON_FIRE", "deploy/rollback-event"),
        (
            "serviceRoleArn: arn:aws:iam::1:role/x",
            "deploymentStyle: {deploymentType: BLUE_GREEN}",
            "deploy/blue-green",
        ),
        ("{id: a, directory: i/a}", "{id: a}", "deploy/missing-key"),
        ("deploymentGroupName: web", "deploymentGroupName: 'a b'", "deploy/group-name"),
    ],
)
def test_a_wrong_group_is_refused_with_its_position(tmp_path, old, new, rule):
    with pytest.raises(DocumentError) as refusal:
        find(tmp_path, WEB.replace(old, new))
    assert rule in [problem.rule for problem in refusal.value.problems]


@pytest.mark.parametrize("text", ["x", "=there", "x=", "a b=there"])
def test_what_is_no_instance_is_a_usage_error(tmp_path, text):
    with pytest.raises(UsageError, match="is not an instance"):
        parse_instance(text, tmp_path)


def test_two_instances_share_neither_id_nor_directory(tmp_path):
    one, same_place = parse_instance("x=d", tmp_path), parse_instance("y=d", tmp_path)
    for instances in ((one, one), (one, same_place)):
        with pytest.raises(UsageError):
            find(tmp_path, instances=instances)


def test_configurations_are_found_with_and_without_their_prefix(tmp_path):
    found = resources(tmp_path)
    assert "OneAtATime" == find_config("OneAtATime", found).strategy
    assert "AllAtOnce" == find_config("CodeDeployDefault.AllAtOnce", found).strategy
    assert MinimumHealthyHosts(type="FLEET_PERCENT", value=75) == (
        find_config("ThreeQuarters", found).minimum_healthy_hosts
    )


@pytest.mark.parametrize(
    "name", ["LambdaCanary10Percent5Minutes", "CodeDeployDefault.ECSLinear10PercentEvery1Minutes"]
)
def test_canary_and_linear_are_for_ecs_and_lambda(tmp_path, name):
    with pytest.raises(UsageError, match="which is for ECS and Lambda, not for servers"):
        find_config(name, resources(tmp_path))


def test_an_unknown_configuration_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="DeploymentConfigDoesNotExistException"):
        find_config("Nope", resources(tmp_path))


@pytest.mark.parametrize(
    "wrong",
    ["{type: FLEET_PERCENT, value: 100}", "{type: HOST_COUNT, value: -1}", "{value: 1}", "{}"],
)
def test_a_wrong_minimum_is_refused(tmp_path, wrong):
    text = WEB.replace("{type: FLEET_PERCENT, value: 75}", wrong)
    with pytest.raises(DocumentError):
        find_config("ThreeQuarters", resources(tmp_path, text))


def test_an_instance_may_be_a_container_or_this_machine(tmp_path):
    container = parse_instance("web=container:shop-1", tmp_path)
    assert (container.kind, container.location) == (TargetKind.CONTAINER, "shop-1")
    here = parse_instance("here", tmp_path)
    assert (here.kind, here.location) == (TargetKind.MACHINE, "/")
    with pytest.raises(UsageError):
        parse_instance("web=container:", tmp_path)


@pytest.mark.parametrize("text", ["web=docker:shop-1", "web=ssh://host/srv", "web=Container:c"])
def test_a_kind_of_instance_that_there_is_not_is_no_directory(tmp_path, text):
    with pytest.raises(UsageError, match="is no kind of instance") as refused:
        parse_instance(text, tmp_path)
    assert "web=container:" in refused.value.hint
    place = text.removeprefix("web=")
    assert str(tmp_path / place) == parse_instance(f"web=./{place}", tmp_path).location
    (tmp_path / place).mkdir(parents=True)
    assert str(tmp_path / place) == parse_instance(text, tmp_path).location


def test_a_group_may_have_containers(tmp_path):
    group = find(tmp_path, WEB.replace("{id: a, directory: i/a}", "{id: a, container: shop-1}"))
    assert [(each.kind, each.location) for each in group.targets] == [
        (TargetKind.CONTAINER, "shop-1"),
        (TargetKind.DIRECTORY, str(tmp_path / "i/b")),
    ]


def test_an_instance_is_a_directory_or_a_container_but_not_both(tmp_path):
    with pytest.raises(DocumentError):
        find(tmp_path, WEB.replace("directory: i/a}", "directory: i/a, container: c}"))
