"""Stacks: what a template makes here, what it may not, and what becomes of failures."""

import json
from contextlib import suppress
from dataclasses import replace

import pytest

from cicd.backends.bucket_folder import FolderBucket
from cicd.pipeline.actions.cloudformation import CLOUD_FORMATION
from cicd.pipeline.actions.provider import ActionRequest
from cicd.pipeline.result import StoredArtifact
from cicd.pipeline.stacks.stack import StackStatus, read_stack, write_stack
from cicd.ports import ArtifactFile
from tests.pipeline.documents import SOURCE_STAGE, action, stage
from tests.pipeline.test_actions import SCOPE

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
  Word: {Type: String, Default: hello}
Resources:
  Files:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "${AWS::StackName}-${Stage}"}
  Where:
    Type: AWS::SSM::Parameter
    Properties: {Name: /shop/where, Type: String, Value: !Sub "${Files}/${Word}"}
Outputs:
  Bucket: {Value: !Ref Files}
  Arn: {Value: !GetAtt Files.Arn, Export: {Name: other}}
"""


class Parameters:
    """A store of parameters in memory, which refuses one name."""

    def __init__(self):
        self.values = {}

    def has(self, name):
        return name in self.values

    def put(self, name, value, *, kind, description=""):
        from cicd.errors import UsageError

        if "refused" in name:
            raise UsageError(f"'{name}' is refused")
        self.values[name] = value

    def remove(self, name):
        del self.values[name]


class Cloud:
    """Actions on stacks, each with a template of its own."""

    def __init__(self, world):
        self.parameters = Parameters()
        self.services = replace(
            world.services, bucket=FolderBucket, parameters=lambda: self.parameters
        )
        self.world = world
        self.said = []
        self.count = 0

    def artifact(self, **files):
        folder = self.world.home / f"files-{len(list(self.world.home.iterdir()))}"
        folder.mkdir()
        listed = []
        for number, (name, text) in enumerate(files.items()):
            (folder / str(number)).write_text(text)
            listed.append(ArtifactFile(path=name, source=folder / str(number)))
        kept = self.services.artifacts.put(listed)
        return StoredArtifact(name="App", digest=kept.digest, key="shop/App/1234567")

    def act(
        self,
        mode="CREATE_UPDATE",
        template=TEMPLATE,
        *,
        files=None,
        simulate=False,
        owner=None,
        makes="",
        **configuration,
    ):
        self.count += 1
        inputs = (
            () if template is None else (self.artifact(**{"t.yml": template, **(files or {})}),)
        )
        given = {"ActionMode": mode, "StackName": "shop", **configuration}
        if template is not None:
            given.setdefault("TemplatePath", "App::t.yml")
        tried = action(
            "Make", "Deploy/AWS/CloudFormation", takes="code", makes=makes, configuration=given
        )
        if simulate:
            tried["local"] = {"simulate": True}
        # A value may be longer once it is resolved than any that is written.
        tried["configuration"] = {key: value[:900] for key, value in given.items()}
        plan = self.world.plan(SOURCE_STAGE, stage("Deploy", tried))
        request = ActionRequest(
            plan=plan,
            action=next(each for each in plan.actions() if each.name == "Make"),
            configuration=given,
            inputs=inputs,
            workspace=self.world.home / f"work-{self.count}",
            parent=owner or f"pipeline/{self.count}/Deploy/Make",
            say=self.said.append,
        )
        return CLOUD_FORMATION.run(request, self.services, SCOPE)

    def stack(self):
        return read_stack("shop", self.services)[0]

    def bucket(self, name):
        return self.world.home / "buckets" / name


@pytest.fixture
def cloud(world):
    return Cloud(world)


def test_a_stack_really_makes_its_bucket_and_its_parameter(cloud):
    result = cloud.act()
    assert ("Succeeded", "Stack CREATE_COMPLETE") == (result.status, result.summary)
    assert cloud.bucket("shop-dev").is_dir()
    assert {"/shop/where": "shop-dev/hello"} == cloud.parameters.values
    assert {"Bucket": "shop-dev", "Arn": "arn:aws:s3:::shop-dev"} == result.variables


def test_an_update_changes_what_differs_and_nothing_else(cloud):
    cloud.act()
    cloud.said.clear()
    result = cloud.act(ParameterOverrides='{"Word": "bye"}')
    assert "Stack UPDATE_COMPLETE" == result.summary
    assert {"/shop/where": "shop-dev/bye"} == cloud.parameters.values
    assert "Modify Where (AWS::SSM::Parameter) /shop/where: Value" == cloud.said[0]


def test_an_update_without_changes_is_a_success(cloud):
    cloud.act()
    result = cloud.act()
    assert ("Succeeded", "No updates are to be performed") == (result.status, result.summary)


def test_a_replaced_resource_is_made_anew_and_the_old_one_goes_last(cloud):
    cloud.act()
    assert "Succeeded" == cloud.act(ParameterOverrides='{"Stage": "prod"}').status
    assert (True, False) == (
        cloud.bucket("shop-prod").is_dir(),
        cloud.bucket("shop-dev").exists(),
    )


def test_a_value_that_was_given_once_stays(cloud):
    cloud.act(ParameterOverrides='{"Word": "bye"}')
    assert "No updates are to be performed" == cloud.act().summary


def test_overrides_win_over_the_configuration_file_and_that_over_defaults(cloud):
    configuration = json.dumps(
        {"Parameters": {"Word": "file", "Stage": "prod"}, "Tags": {"a": "b"}}
    )
    cloud.act(
        files={"c.json": configuration},
        TemplateConfiguration="App::c.json",
        ParameterOverrides='{"Word": "text"}',
    )
    assert {"/shop/where": "shop-prod/text"} == cloud.parameters.values
    assert {"a": "b"} == cloud.stack().is_.tags


def test_trap_81_the_pipelines_own_functions_are_replaced_in_overrides(cloud):
    overrides = {
        "Word": {"Fn::GetParam": ["App", "p.json", "word"]},
        "Stage": "prod",
    }
    cloud.act(files={"p.json": '{"word": "deep"}'}, ParameterOverrides=json.dumps(overrides))
    assert {"/shop/where": "shop-prod/deep"} == cloud.parameters.values
    overrides["Word"] = {"Fn::GetArtifactAtt": ["App", "ObjectKey"]}
    cloud.act(ParameterOverrides=json.dumps(overrides))
    assert {"/shop/where": "shop-prod/shop/App/1234567"} == cloud.parameters.values


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({"ParameterOverrides": '{"Wort": "x"}'}, "the template has no parameter 'Wort'"),
        ({"ParameterOverrides": "Word=x"}, "ParameterOverrides is not JSON"),
        ({"ParameterOverrides": '{"Word": "' + "x" * 1100 + '"}'}, "longer than 1024 bytes"),
        (
            {"ParameterOverrides": '{"Stage": "x"}'},
            "the parameter 'Stage' cannot be 'x': it is one of dev, prod",
        ),
        (
            {"ParameterOverrides": '{"Word": {"Fn::GetParam": ["App", "n.json", "k"]}}'},
            "the artifact 'App' has no file 'n.json'",
        ),
        (
            {"ParameterOverrides": '{"Word": {"Fn::GetArtifactAtt": ["Other", "URL"]}}'},
            "names 'Other', which is no input of the action",
        ),
        ({"TemplatePath": "t.yml"}, "is not of the form ArtifactName::path"),
        ({"TemplatePath": "Other::t.yml"}, "names the artifact 'Other'"),
        ({"TemplatePath": "App::../t.yml"}, "has no file '../t.yml'"),
    ],
)
def test_trap_79_82_what_cannot_be_used_fails_the_action(cloud, configuration, said):
    error = cloud.act(**configuration).error
    assert "ConfigurationError" == error.code
    assert said in error.message
    assert None is cloud.stack().status


def test_one_change_is_told_as_one(cloud):
    cloud.act()
    changed = {"ParameterOverrides": '{"Word": "bye"}', "ChangeSetName": "next"}
    result = cloud.act("CHANGE_SET_REPLACE", **changed)
    assert "Change set next was created: 1 change" == result.summary


SECRET = TEMPLATE.replace(
    "Resources:", "  Password: {Type: String, NoEcho: true, MinLength: 5}\nResources:"
)


def test_a_value_with_no_echo_is_written_down_and_shown_nowhere(cloud):
    given = json.dumps({"Parameters": {"Password": "hunter2"}})
    taken = SECRET.replace("/${Word}", "/${Word}${Password}")
    error = cloud.act(
        template=taken, files={"c.json": given}, TemplateConfiguration="App::c.json"
    ).error
    assert error.message.endswith("(the value of a NoEcho parameter is not kept: Password)")
    for mode in ("CHANGE_SET_REPLACE", "CREATE_UPDATE"):
        result = cloud.act(
            mode,
            template=SECRET,
            files={"c.json": given},
            TemplateConfiguration="App::c.json",
            ChangeSetName="next",
        )
        assert "Succeeded" == result.status
    assert "****" == cloud.stack().is_.parameters["Password"]
    events = cloud.services.log.read("stack/shop")
    assert "hunter2" not in f"{events}{cloud.said}{result}"


def test_nobody_guesses_whether_a_resource_is_made(cloud):
    asked = SECRET.replace(
        "Resources:\n", 'Conditions: {Has: !Not [!Equals [!Ref Password, ""]]}\nResources:\n'
    ).replace("Type: AWS::S3::Bucket", "Type: AWS::S3::Bucket\n    Condition: Has")
    error = cloud.act(template=asked, ParameterOverrides='{"Password": "hunter2"}').error
    assert "whether 'Files' is made is not known here: its condition 'Has'" in error.message
    assert not cloud.bucket("shop-dev").exists()


def test_a_value_with_no_echo_that_was_given_once_stays_and_is_not_judged_again(cloud):
    assert "Parameters: [Password] must have values" in cloud.act(template=SECRET).error.message
    short = cloud.act(template=SECRET, ParameterOverrides='{"Password": "1234"}').error.message
    assert "cannot be its value: its length is 5 at least" in short
    given = cloud.act(template=SECRET, ParameterOverrides='{"Password": "hunter2"}')
    assert "Stack CREATE_COMPLETE" == given.summary
    assert "No updates are to be performed" == cloud.act(template=SECRET).summary


ROLE = "  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}\n"
WITH_ROLE = TEMPLATE.replace("Outputs:", ROLE + "Outputs:\n  R: {Value: !GetAtt Role.RoleId}")


def test_iam_needs_its_capability_and_is_then_refused_as_not_made_here(cloud):
    asked = cloud.act(template=WITH_ROLE).error.message
    assert "Requires capabilities : [CAPABILITY_IAM]" in asked
    error = cloud.act(template=WITH_ROLE, Capabilities="CAPABILITY_IAM").error
    assert "resources that are not made here: AWS::IAM::Role" in error.message
    assert "in cicd.yml, local: {simulatedStacks: [shop]}" in error.hint
    assert not cloud.bucket("shop-dev").exists()


def test_what_is_simulated_says_so_everywhere(cloud):
    result = cloud.act(template=WITH_ROLE, Capabilities="CAPABILITY_IAM", simulate=True)
    assert "simulated: Stack CREATE_COMPLETE; 1 of 3 resources do not exist" == result.summary
    assert "Add Role (AWS::IAM::Role) Role: simulated" in cloud.said
    assert "simulated:Role.RoleId" == result.variables["R"]
    assert cloud.bucket("shop-dev").is_dir()  # what can be is made all the same
    assert [False, False, True] == [each.simulated for each in cloud.stack().is_.resources]


def test_cicd_yml_says_which_stacks_are_simulated_so_that_the_pipeline_stays_as_it_is(cloud):
    place = cloud.world.home / "cicd.yml"
    for stacks, status in (("[shops, Shop]", "Failed"), ("[other, 'sh*']", "Succeeded")):
        place.write_text(f"local: {{simulatedStacks: {stacks}}}\n")
        result = cloud.act(template=WITH_ROLE, Capabilities="CAPABILITY_IAM")
        assert (status, result.summary.startswith("simulated: ")) == (
            result.status,
            status == "Succeeded",
        )


def test_what_the_cdk_says_of_itself_is_no_resource_that_is_missing(cloud):
    metadata = "  CDKMetadata: {Type: AWS::CDK::Metadata, Properties: {Analytics: v2}}\n"
    for text in (TEMPLATE.replace("Outputs:", metadata + "Outputs:"), TEMPLATE):
        assert "Stack" == cloud.act(template=text).summary.split()[0]
    assert 2 == len(cloud.stack().is_.resources)


BAD = TEMPLATE.replace("Name: /shop/where", "Name: /refused")


def test_a_stack_that_cannot_be_made_is_undone(cloud):
    result = cloud.act(template=BAD)
    assert "the stack shop is in ROLLBACK_COMPLETE: '/refused' is refused" == result.error.message
    assert not cloud.bucket("shop-dev").exists()
    assert () == cloud.stack().is_.resources


def test_trap_78_a_failed_stack_is_updated_by_nothing_but_replaced_on_failure(cloud):
    cloud.act(template=BAD)
    error = cloud.act().error
    assert "is in ROLLBACK_COMPLETE state and can not be updated" in error.message
    assert "REPLACE_ON_FAILURE" in error.hint
    assert "Stack CREATE_COMPLETE" == cloud.act("REPLACE_ON_FAILURE").summary


def test_an_update_that_fails_leaves_what_was_there_before(cloud):
    cloud.act()
    result = cloud.act(template=BAD, ParameterOverrides='{"Stage": "prod"}')
    assert "Failed" == result.status
    assert StackStatus.UPDATE_ROLLBACK_COMPLETE is cloud.stack().status
    assert (True, False) == (
        cloud.bucket("shop-dev").is_dir(),
        cloud.bucket("shop-prod").exists(),
    )
    assert {"/shop/where": "shop-dev/hello"} == cloud.parameters.values


def test_trap_77_deleting_what_is_not_there_succeeds(cloud):
    assert "Succeeded" == cloud.act("DELETE_ONLY", None).status


def test_a_stack_is_deleted_with_all_it_made(cloud):
    cloud.act()
    result = cloud.act("DELETE_ONLY", None)
    assert ("Succeeded", {}) == (result.status, result.variables)
    assert {} == cloud.parameters.values
    assert not cloud.bucket("shop-dev").exists()
    assert StackStatus.DELETE_COMPLETE is cloud.stack().status


def test_a_bucket_that_is_not_empty_keeps_its_stack(cloud):
    cloud.act()
    (cloud.bucket("shop-dev") / "file").write_text("x")
    result = cloud.act("DELETE_ONLY", None)
    assert "is in DELETE_FAILED: the bucket at" in result.error.message
    (cloud.bucket("shop-dev") / "file").unlink()
    assert "Succeeded" == cloud.act("DELETE_ONLY", None).status


def test_what_is_to_be_retained_stays(cloud):
    kept = TEMPLATE.replace(
        "Type: AWS::S3::Bucket", "Type: AWS::S3::Bucket\n    DeletionPolicy: Retain"
    )
    cloud.act(template=kept)
    cloud.act("DELETE_ONLY", None)
    assert cloud.bucket("shop-dev").is_dir()


def test_a_change_set_is_shown_and_changes_nothing_until_it_is_executed(cloud):
    result = cloud.act("CHANGE_SET_REPLACE", ChangeSetName="next")
    assert "Change set next was created: 2 changes" == result.summary
    assert "shop: Add Files (AWS::S3::Bucket) shop-dev" in cloud.said
    assert StackStatus.REVIEW_IN_PROGRESS is cloud.stack().status
    assert not cloud.bucket("shop-dev").exists()
    done = cloud.act("CHANGE_SET_EXECUTE", None, ChangeSetName="next")
    assert ("Stack CREATE_COMPLETE", "shop-dev") == (done.summary, done.variables["Bucket"])
    assert () == cloud.stack().change_sets


def test_a_change_set_that_is_not_there_or_too_old_is_refused(cloud):
    gone = cloud.act("CHANGE_SET_EXECUTE", None, ChangeSetName="next").error
    assert "ChangeSet [next] does not exist" == gone.message
    cloud.act("CHANGE_SET_REPLACE", ChangeSetName="next")
    cloud.act(ParameterOverrides='{"Word": "bye"}')
    assert "Failed" == cloud.act("CHANGE_SET_EXECUTE", None, ChangeSetName="next").status


def test_a_change_set_without_changes_succeeds(cloud):
    cloud.act()
    result = cloud.act("CHANGE_SET_REPLACE", ChangeSetName="next")
    assert "Change set next has no changes" == result.summary
    done = cloud.act("CHANGE_SET_EXECUTE", None, ChangeSetName="next")
    assert "Succeeded" == done.status


def test_trap_80_outputs_are_variables_always_and_a_file_only_with_both(cloud, world):
    assert () == cloud.act(OutputFileName="out.json").outputs
    result = cloud.act(OutputFileName="out.json", makes="Out", ParameterOverrides='{"Word": "x"}')
    (made,) = result.outputs
    into = world.home / "unpacked"
    world.services.artifacts.unpack(world.services.artifacts.find(made.digest), into)
    assert result.variables == json.loads((into / "out.json").read_text())


def test_a_resource_without_a_name_gets_one_of_its_stacks_own(cloud):
    plain = "Resources: {Files: {Type: AWS::S3::Bucket}}\nOutputs: {B: {Value: !Ref Files}}\n"
    name = cloud.act(template=plain).variables["B"]
    assert name.startswith("shop-files-")
    assert cloud.bucket(name).is_dir()


def test_two_stacks_do_not_take_each_others_bucket(cloud):
    cloud.act()
    other = TEMPLATE.replace("${AWS::StackName}", "shop").replace("/shop/where", "/other")
    error = cloud.act(template=other, StackName="other").error
    assert "is in ROLLBACK_COMPLETE: shop-dev already exists" in error.message
    assert cloud.bucket("shop-dev").is_dir()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("Resources: {}", "At least one Resources member must be defined"),
        ("Resources: {A: {Properties: {}}}", "[/Resources/A] Every Resources object must contain"),
        (
            "Parameters: {P: {Type: String}}\nResources: {A: {Type: AWS::S3::Bucket}}",
            "Parameters: [P] must have values",
        ),
        (
            "Resources: {A: {Type: AWS::S3::Bucket, Properties: {BucketName: !ImportValue x}}}",
            "'A' needs what is not known here",
        ),
        ("Transform: X\nResources: {A: {Type: AWS::S3::Bucket}}", "[CAPABILITY_AUTO_EXPAND]"),
        ("Resources: [", "shop: "),
    ],
)
def test_a_template_that_cannot_be_is_refused(cloud, template, said):
    error = cloud.act(template=template).error
    assert "ConfigurationError" == error.code
    assert said in error.message


@pytest.mark.parametrize(
    ("mode", "said"),
    [("UPDATE", "'UPDATE' is not an ActionMode"), ("CHANGE_SET_REPLACE", "needs a ChangeSetName")],
)
def test_a_mode_that_cannot_be_is_refused(cloud, mode, said):
    assert said in cloud.act(mode).error.message


class Dies(BaseException):
    """The machine loses its power."""


@pytest.mark.parametrize("at", range(1, 7))
def test_a_stack_that_was_left_half_way_is_taken_up_and_nothing_is_made_twice(cloud, at):
    appends = 0
    log = cloud.services.log

    class Dying:
        def append(self, stream, events, *, expected):
            nonlocal appends
            appends += 1
            if appends == at:
                raise Dies
            return log.append(stream, events, expected=expected)

        def __getattr__(self, name):
            return getattr(log, name)

    whole = cloud.services
    cloud.services = replace(whole, log=Dying())
    with suppress(Dies):
        cloud.act(owner="pipeline/1/Deploy/Make")
    cloud.services = whole
    result = cloud.act(owner="pipeline/1/Deploy/Make")
    assert ("Succeeded", "shop-dev") == (result.status, result.variables["Bucket"])
    assert {"/shop/where": "shop-dev/hello"} == cloud.parameters.values
    assert StackStatus.CREATE_COMPLETE is cloud.stack().status


def test_who_changes_a_stack_and_lives_is_not_disturbed(cloud, world):
    world.services.executions.submit(
        "pipeline/a",
        kind="pipeline",
        name="p",
        status="InProgress",
        parent=None,
        at=world.clock.now(),
    )
    cloud.act()
    stack, version = read_stack("shop", cloud.services)
    busy = replace(stack, status=StackStatus.UPDATE_IN_PROGRESS, owner="pipeline/a/Deploy/Make")
    write_stack(busy, version, cloud.services)
    with world.services.executions.drive("pipeline/a"):
        from cicd.errors import Conflict

        with pytest.raises(Conflict) as refused:
            cloud.act(ParameterOverrides='{"Word": "x"}')
    assert "pipeline/a/Deploy/Make changes it" in refused.value.message
    assert "Succeeded" == cloud.act(ParameterOverrides='{"Word": "x"}').status  # it is dead now
