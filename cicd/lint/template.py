"""A CloudFormation template: what it says, and its resources, read by the rooms that use them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from cicd.document.cloudformation.resolve import Resolver
from cicd.document.cloudformation.resources import sections_of
from cicd.document.cloudformation.template import read_template
from cicd.document.cloudformation.values import unknown_values
from cicd.document.problem import Problems, Severity
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.lint import links_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cicd.document.cloudformation.parameters import Given
    from cicd.document.cloudformation.template import Template
    from cicd.document.node import Node
    from cicd.document.position import Source
    from cicd.document.resources import Resources
    from cicd.lint.documents import Candidate
    from cicd.pipeline.spec import PipelineDeclaration

# What a deployment group asks for and only ``local`` of ``cicd.yml`` can say.
_LOCAL = frozenset({"deploy/green-fleet", "deploy/alarm-unknown", "deploy/traffic-control"})
_SERVER = "Server"
_HALF_LOCAL = "deploy/load-balancer"  # with a note it is the service's own word


def check_candidate(
    node: Node, candidate: Candidate, parameters: Mapping[str, str], problems: Problems
) -> None:
    """
    Check a template with the ``cicd.yml`` beside it; see ``check_template``.

    Of several templates each takes the parameters that it declares; one that was named takes all.
    """
    from cicd.document.cloudformation.local import given_to
    from cicd.document.cloudformation.parameters import check_given
    from cicd.document.resources import Resources

    beside = Resources(root=candidate.path.parent)
    # What is wrong with cicd.yml itself is said when it is checked.
    with suppress(DocumentError, UsageError, Unavailable):
        beside = Resources.load(candidate.path.parent)
    template = read_template(node)
    declared = template.parameters
    mine = {name: text for name, text in parameters.items() if name in declared}
    check_given(template, parameters if candidate.given else mine, whole=False)
    check_template(node, given_to(template, mine, beside), beside, problems)


def check_template(node: Node, given: Given, beside: Resources, problems: Problems) -> None:
    """
    Note all that is wrong with a template, its pipelines, projects and deployment groups.

    Args:
        node: The template.
        given: Values of its parameters.
        beside: The ``cicd.yml`` beside it, which may be empty.
        problems: Where to note it.

    Raises:
        DocumentError: Something in it refers to itself, or it resolves to too much.

    """
    from cicd.document.cloudformation.checks.written import check_written

    template = read_template(node)
    check_written(template, problems)
    resolver = Resolver(template, given)
    specs = _pipelines(template, resolver, problems)
    sections = sections_of(template, resolver)
    for project in sections["projects"].values():
        _project(project, template, problems)
    for name, machine in sections["stateMachines"].items():
        _machine(name, machine, template, problems)
    links_template.check(specs, sections["projects"], problems)
    resources = beside.beside(sections)
    _groups(sections, resources, template, problems)
    from cicd.pipeline.links import check_links, check_workers

    for spec in specs:
        if beside.sections:
            check_links(spec, resources, problems)
        else:  # what the template alone lacks is told of it as a template
            check_workers(spec, resources, problems)


def _pipelines(
    template: Template, resolver: Resolver, problems: Problems
) -> tuple[PipelineDeclaration, ...]:
    from cicd.pipeline.envelope import PIPELINE_RESOURCE

    if not any(template.type_of(name) == PIPELINE_RESOURCE for name in template.resources):
        return ()
    from cicd.pipeline.template import read_pipelines

    return read_pipelines(template, resolver, problems)


def _project(node: Node, template: Template, problems: Problems) -> None:
    from cicd.build.project_reader import read_project

    found = Problems()
    project = read_project(node, found)
    if project.source.document is not None:
        check_inline(project.source.document, found)
    _take_over(found, node, template, problems)


def _machine(name: str, node: Node, template: Template, problems: Problems) -> None:
    """Check a state machine; what is in a bucket, or not known here, cannot be judged."""
    from cicd.pipeline.state_machines import of_template
    from cicd.states.reader import read_machine

    found = Problems()
    with suppress(UsageError):
        try:
            read_machine(of_template(name, node).definition, found)
        except DocumentError as refused:
            for problem in refused.problems:
                found.add(problem)
    text = node.entries.get("DefinitionString")
    if "Definition" in node.entries or text is None:
        _take_over(found, node, template, problems)
        return
    inside = Problems()
    for problem in found:
        line = f"line {problem.span.line} of the definition"
        words = f"{line}: {problem.message}"
        inside.add(replace(problem, message=words, span=text.value.span, fix=None))
    _take_over(inside, node, template, problems)


def _groups(
    sections: Mapping[str, Mapping[str, Node]],
    resources: Resources,
    template: Template,
    problems: Problems,
) -> None:
    """Check configurations of every platform, and groups for servers."""
    from functools import partial

    from cicd.deploy.config import find_config
    from cicd.deploy.group_reader import read_group
    from cicd.deploy.shift.config import read_shift_config

    for name, config in sections["deploymentConfigs"].items():
        if _platform(config) == _SERVER:
            _read(partial(find_config, name, resources), config, template, problems)
        else:
            _read(partial(read_shift_config, config), config, template, problems)
    for application, node in sections["applications"].items():
        listed = node.entries.get("deploymentGroups")
        for group in listed.value.items if listed and _platform(node) == _SERVER else ():
            if "ecsServices" not in group.entries:
                read = partial(read_group, application, group, resources)
                _read(read, group, template, problems, local=resources.local is not None)


def _platform(node: Node) -> str:
    entry = node.entries.get("computePlatform")
    return entry.value.text if entry is not None else _SERVER


def _read(
    reading: Callable[[], object],
    node: Node,
    template: Template,
    problems: Problems,
    *,
    local: bool = False,
) -> None:
    found = Problems()
    try:
        reading()
    except DocumentError as refused:
        for problem in refused.problems:
            found.add(problem)
    except UsageError as refused:
        # Of a configuration that the account may have.
        name = node.entries.get("deploymentConfigName")
        at = name.value if name is not None else node
        found.warning("resources/refused", refused.message, at.span, hint=refused.hint)
    kept = Problems()
    for problem in found:
        mine = problem.rule in _LOCAL or (problem.rule == _HALF_LOCAL and not problem.note)
        if not mine:
            kept.add(problem)
        elif local:
            kept.add(replace(problem, severity=Severity.WARNING))
    _take_over(kept, node, template, problems)


def _take_over(found: Problems, node: Node, template: Template, problems: Problems) -> None:
    from cicd.document.cloudformation.checks.judged import add_judged

    line = node.span.line
    for resource in template.resources.values():
        if resource.key_span.line <= line <= resource.value.span.end_line:
            add_judged(found, resource, {value.span for value in unknown_values(node)}, problems)
            return


def check_inline(document: Source, problems: Problems) -> None:
    """Check a buildspec that is written into another document, at its own lines there."""
    from cicd.build.buildspec.reader import read_buildspec
    from cicd.build.rules import BUILD_RULES
    from cicd.build.rules.advice import ADVICE
    from cicd.document.load import load_source
    from cicd.document.rules import run_rules

    found = Problems()
    try:
        spec = read_buildspec(load_source(document), found)
        run_rules((*BUILD_RULES, *ADVICE), spec, found)
    except DocumentError as refused:
        for problem in refused.problems:
            found.add(problem)
    for problem in found:
        # A correction would have to know how the outer document quotes and indents.
        problems.add(replace(problem, fix=None))
