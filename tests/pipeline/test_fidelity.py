"""What is said of providers is true, and a package of somebody else brings one more."""

import sys
from itertools import product

import pytest

from cicd.pipeline.action_type import ACTION_TYPES, ActionTypeId
from cicd.pipeline.actions import ACTIONS
from cicd.pipeline.compile import compile_plan
from cicd.pipeline.fidelity import STANDINGS, Fidelity, all_standings, as_api, reason_against
from cicd.pipeline.run import start_execution
from tests.pipeline.documents import SOURCE_STAGE, action, checked, pipeline, read, stage


def test_every_action_type_has_a_standing():
    assert set(ACTION_TYPES) <= set(STANDINGS)


def test_what_is_refused_has_no_provider_and_everything_else_has_one():
    done = {name for name, each in STANDINGS.items() if each.fidelity is not Fidelity.REFUSED}
    assert done == set(ACTIONS)


COUNTS = {
    "Source/AWS/S3 Source/AWS/CodeCommit Source/AWS/CodeStarSourceConnection "
    "Source/ThirdParty/GitHub Source/AWS/ECR": (0, 0, 1, 1),
    "Build/AWS/CodeBuild Test/AWS/CodeBuild": (1, 5, 0, 5),
    "Build/AWS/ECRBuildAndPublish Test/AWS/DeviceFarm Deploy/AWS/S3 Deploy/AWS/CodeDeploy "
    "Deploy/AWS/ECS Deploy/AWS/ElasticBeanstalk Deploy/AWS/OpsWorks Deploy/AWS/ServiceCatalog "
    "Deploy/AWS/AppConfig Deploy/AWS/EC2 Deploy/AWS/EKS": (1, 1, 0, 0),
    "Compute/AWS/Commands": (1, 10, 0, 1),
    "Approval/AWS/Manual Invoke/AWS/CodePipeline": (0, 0, 0, 0),
    "Deploy/AWS/CloudFormation": (0, 10, 0, 1),
    "Deploy/AWS/CloudFormationStackSet": (1, 3, 0, 0),
    "Deploy/AWS/CloudFormationStackInstances": (0, 2, 0, 0),
    "Deploy/AWS/CodeDeployToECS": (1, 5, 0, 0),
    "Deploy/AWS/Lambda": (0, 1, 0, 0),
    "Deploy/ThirdParty/AlexaSkillsKit": (0, 2, 0, 0),
    "Invoke/AWS/Lambda": (0, 5, 0, 5),
    "Invoke/AWS/StepFunctions Invoke/AWS/InspectorScan": (0, 1, 0, 1),
    "Invoke/ThirdParty/Snyk": (1, 1, 1, 1),
    "Build/Custom/Mine": (0, 5, 0, 5),
}


@pytest.mark.parametrize(
    ("name", "counts"), [(name, c) for names, c in COUNTS.items() for name in names.split()]
)
def test_v11_v12_counts_of_artifacts_are_those_of_the_table(name, counts):
    def refused(inputs, outputs):
        made = " ".join(f"i{n}" for n in range(inputs))
        first = stage(
            "Source",
            action("S", makes="s"),
            *(action(f"S{n}", makes=f"i{n}") for n in range(inputs)),
        )
        tried = action("X", name, takes=made, makes=" ".join(f"o{n}" for n in range(outputs)))
        return "pipeline/artifact-count" in [
            problem.rule
            for problem in checked(pipeline(first, stage("Y", tried)))[1]
            if "'X'" in problem.message
        ]

    low, high, few, many = counts
    tries = product({max(low - 1, 0), low, high, high + 1}, {max(few - 1, 0), few, many, many + 1})
    for inputs, outputs in tries:
        right = low <= inputs <= high and few <= outputs <= many
        assert (name, inputs, outputs, right) == (
            name,
            inputs,
            outputs,
            not refused(inputs, outputs),
        )


def test_list_action_types_is_as_the_services_model_has_it():
    model = sys.modules.get("botocore.session") or __import__("botocore.session").session
    from botocore.validate import ParamValidator

    shape = (
        model.get_session()
        .get_service_model("codepipeline")
        .operation_model("ListActionTypes")
        .output_shape
    )
    types = []
    for name in ACTION_TYPES:
        category, owner, provider = name.split("/")
        types.append(as_api(ActionTypeId(category=category, owner=owner, provider=provider)))
    found = ParamValidator().validate({"actionTypes": types}, shape).generate_report()
    # The model allows ten properties, and AWS itself gives more for some.
    assert [] == [
        line for line in found.splitlines() if "unknown" in line.lower() or "type" in line.lower()
    ]


@pytest.mark.parametrize(
    "name", [name for name in ACTION_TYPES if name not in ACTIONS and "Source" not in name]
)
def test_a_refused_provider_fails_its_action_and_says_why(world, name):
    kind = ACTION_TYPES[name]
    tried = action(
        "X",
        name,
        takes="code" if kind.inputs.start else "",
        makes="out" if kind.outputs.start else "",
        configuration=dict.fromkeys(kind.required, "x"),
    )
    spec = read(SOURCE_STAGE, stage("Y", tried), pipelineType="V2")
    plan = compile_plan(spec, world_start(), root=world.home, new_id=world.services.new_id)
    result = start_execution(plan, world.services)
    error = result.failure.error
    assert ("Failed", "LocalUnsupported") == (result.status, error.code)
    assert f"{name} is not carried out here: {reason_against(name)}" == error.message


def world_start():
    from cicd.pipeline.compile import Start

    return Start()


PLUGIN = """
from cicd.pipeline.result import ActionResult, ActionStatus


class Greeting:
    def run(self, request, services, scope):
        if request.configuration["Who"] == "nobody":
            raise KeyError("hush")
        request.say(f"hello {request.configuration['Who']}")
        return ActionResult(status=ActionStatus.SUCCEEDED, variables={"Said": "hello"})

    def recover(self, request, services, scope):
        return self.run(request, services, scope)


GREETING = Greeting()
"""


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Install a distribution: one module, and its entry point."""
    place = tmp_path / "site"
    facts = place / "cicd_greeting-1.0.dist-info"
    facts.mkdir(parents=True)
    (place / "cicd_greeting.py").write_text(PLUGIN)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: cicd-greeting\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[cicd.actions]\nInvoke/Custom/Greeting = cicd_greeting:GREETING\n"
        "Invoke/Custom/Lost = cicd_not_there:LOST\n"
    )
    monkeypatch.syspath_prepend(str(place))
    yield
    ACTIONS._loaded.pop("Invoke/Custom/Greeting", None)
    sys.modules.pop("cicd_greeting", None)


def test_an_installed_package_adds_a_provider(plugin, world):
    greet = action("Greet", "Invoke/Custom/Greeting", configuration={"Who": "you"})
    result = world.run(SOURCE_STAGE, stage("Say", greet))
    assert "Succeeded" == result.status
    assert "provided by cicd-greeting" == all_standings()["Invoke/Custom/Greeting"].words
    lines = [line.text for _, line in world.services.logs.read(result.stream)]
    assert "hello you" in lines


@pytest.mark.parametrize(
    ("provider", "who", "words"),
    [
        ("Greeting", "nobody", "broke: KeyError at cicd_greeting.py:8"),
        ("Lost", "you", "cannot be loaded: 'cicd_not_there' cannot"),
    ],
)
def test_a_package_that_breaks_is_named_with_its_line_and_not_its_words(
    plugin, world, provider, who, words
):
    broken = action("Greet", f"Invoke/Custom/{provider}", configuration={"Who": who})
    error = world.run(SOURCE_STAGE, stage("Say", broken)).failure.error
    brings = f"the package cicd-greeting, which brings Invoke/Custom/{provider}, {words}"
    assert brings in error.message
    assert ("JobFailed", True) == (error.code, "tell its authors" in error.hint)
    assert "hush" not in str(error)


def test_without_it_the_action_fails_and_says_what_would_help(world):
    greet = action("Greet", "Invoke/Custom/Greeting", configuration={"Who": "you"})
    result = world.run(SOURCE_STAGE, stage("Say", greet))
    assert "a package can bring any other (cicd.actions)" in result.failure.error.message
