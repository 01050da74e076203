"""Variables of a pipeline: those that actions give, and those that it declares itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cicd.document.fix import Fix
from cicd.document.position import brief
from cicd.document.problem import Label
from cicd.document.rules import rule
from cicd.nearest import closest, only_close
from cicd.pipeline.action_type import Category
from cicd.pipeline.rules.referred import uses
from cicd.pipeline.rules.structure import actions_of
from cicd.pipeline.variables import VARIABLES as PIPELINE_VARIABLES
from cicd.pipeline.variables import references

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cicd.document.problem import Problems
    from cicd.pipeline.spec import ActionDeclaration, PipelineDeclaration

_COMMIT: Final = ("AuthorDate", "BranchName", "CommitId", "CommitMessage")
VARIABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "Source/AWS/CodeCommit": (*_COMMIT, "CommitterDate", "RepositoryName"),
    "Source/AWS/CodeStarSourceConnection": (*_COMMIT, "ConnectionArn", "FullRepositoryName"),
    "Source/ThirdParty/GitHub": (*_COMMIT, "CommitterDate", "CommitUrl", "RepositoryName"),
    "Source/AWS/S3": ("BucketName", "ETag", "ObjectKey", "VersionId"),
    "Source/AWS/ECR": ("ImageDigest", "ImageTag", "ImageURI", "RegistryId", "RepositoryName"),
    "Build/AWS/ECRBuildAndPublish": ("ECRImageDigestId", "ECRRepositoryName"),
    "Deploy/AWS/CloudFormationStackSet": ("OperationId", "StackSetId"),
    "Deploy/AWS/CloudFormationStackInstances": ("OperationId", "StackSetId"),
    "Deploy/AWS/EKS": ("EKSClusterName",),
    "Deploy/AWS/Lambda": ("FunctionVersion",),
    "Invoke/AWS/StepFunctions": ("StateMachineArn", "ExecutionArn"),
    "Invoke/AWS/InspectorScan": ("HighestScannedSeverity",),
    "Approval/AWS/Manual": (),
    "Deploy/AWS/S3": (),
    "Deploy/AWS/CodeDeploy": (),
    "Deploy/AWS/CodeDeployToECS": (),
    "Deploy/AWS/ECS": (),
    "Deploy/AWS/AppConfig": (),
    "Deploy/AWS/ElasticBeanstalk": (),
}
"""What the namespace of an action holds, where that is not said by something else.

Source: user guide, "Variables available for pipeline actions".
"""


@rule("pipeline/unknown-variable")
def unknown_variable(spec: PipelineDeclaration, problems: Problems) -> None:
    """A namespace holds the variables that its action's provider gives, in their spelling."""
    owners = {action.namespace: action for action in actions_of(spec) if action.namespace}
    for use in uses(spec):
        reference, owner = use.reference, owners.get(use.reference.namespace)
        known = _variables_of(owner) if owner is not None else None
        if owner is None or known is None or reference.key in known:
            continue
        near, sure = closest(reference.key, known), only_close(reference.key, known)
        exact = use.span.text == reference.text
        problems.warning(
            "pipeline/unknown-variable",
            f"'{reference.namespace}' has no variable '{brief(reference.key)}'",
            use.span,
            hint=f"did you mean '{near}'?" if near else None,
            labels=(Label(span=owner.span("namespace"), text="the namespace is given here"),),
            note=f"it has {', '.join(known) or 'none at all'}; the action fails when it starts",
            fix=Fix.text(use.span, reference.text.replace(reference.key, sure))
            if sure and exact
            else None,
        )


@rule("pipeline/empty-namespace")
def empty_namespace(spec: PipelineDeclaration, problems: Problems) -> None:
    """A namespace of an action that gives no variables is legal, and holds nothing."""
    for action in actions_of(spec):
        if action.namespace and _variables_of(action) == ():
            problems.remark(
                "pipeline/empty-namespace",
                f"{action.type_id.provider} gives no variables, so '{action.namespace}' is empty",
                action.span("namespace"),
                hint="remove it",
            )


@rule("pipeline/unused-variable")
def unused_variable(spec: PipelineDeclaration, problems: Problems) -> None:
    """A variable that the pipeline declares is asked for at each start, and should be used."""
    used = {u.reference.key for u in uses(spec) if u.reference.namespace == PIPELINE_VARIABLES}
    for variable in spec.variables:
        if variable.name and variable.name not in used:
            near = closest(variable.name, used)
            problems.remark(
                "pipeline/unused-variable",
                f"nothing uses the variable '{variable.name}'",
                variable.node.entries["name"].value.span,
                hint=f"did you mean '{near}'?"
                if near
                else f"refer to it as #{{{PIPELINE_VARIABLES}.{variable.name}}}",
            )


@rule("pipeline/variable-default")
def variable_default(spec: PipelineDeclaration, problems: Problems) -> None:
    """A default is a plain text: there is no execution yet that a reference could be about."""
    for variable in spec.variables:
        if variable.default and any(references(variable.default)):
            problems.warning(
                "pipeline/variable-default",
                f"the default of '{variable.name}' is taken literally: "
                f"'{brief(variable.default)}'",
                variable.node.entries["defaultValue"].value.span,
                hint="write the reference where the variable is used",
            )


@rule("pipeline/unescaped-variable")
def unescaped_variable(spec: PipelineDeclaration, problems: Problems) -> None:
    """A commit's message breaks JSON text: its quotes and line ends are put in as they are."""
    for action in actions_of(spec):
        for key, text in action.configuration.items():
            if not text.lstrip().startswith(("{", "[")):
                continue
            for reference in references(text):
                if reference.key == "CommitMessage":
                    problems.warning(
                        "pipeline/unescaped-variable",
                        f"'{reference.text}' may hold quotes and line ends, which break this JSON",
                        action.span("configuration", key).within(reference.text),
                        hint="use CommitId, and read the message from git in the build",
                        note="references are replaced as plain text; nothing is escaped",
                    )


@rule("pipeline/lost-reference")
def lost_reference(spec: PipelineDeclaration, problems: Problems) -> None:
    """In YAML an unquoted `#{…}` begins a comment: the value is empty."""
    for action in actions_of(spec):
        entry = action.node.entries.get("configuration")
        for each in entry.value.entries.values() if entry else ():
            source, line = each.key_span.source, each.key_span.line
            rest = source.line(line)[each.key_span.end_column - 1 :]
            written = rest.partition(":")[2].strip()
            if each.value.is_null and written.startswith("#{"):
                start = source.starts[line - 1] + source.line(line).rfind(written)
                span = source.span(start, start + len(written))
                problems.warning(
                    "pipeline/lost-reference",
                    f"'{each.key}' is empty: YAML takes '{brief(written)}' for a comment",
                    span,
                    hint=f'write "{written}", in quotes',
                    fix=Fix.text(span, f'"{written}"') if '"' not in written else None,
                )


def _variables_of(action: ActionDeclaration) -> tuple[str, ...] | None:
    """Give what an action's namespace holds; None where that is said elsewhere."""
    if action.type_id.category == Category.COMPUTE:
        entry = action.node.entries.get("outputVariables")
        return tuple(item.text for item in entry.value.items) if entry else ()
    return VARIABLES.get(str(action.type_id))
