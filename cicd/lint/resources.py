"""Every entry of a ``cicd.yml``, read by the room that would use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.lint.documents import Kind, kind_by_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from cicd.document.node import Node
    from cicd.document.problem import Problems
    from cicd.document.resources import Resources


def check_resources(directory: Path, problems: Problems) -> None:
    """
    Note everything that is wrong with the ``cicd.yml`` of ``directory``.

    Raises ``DocumentError`` when its outer shape is wrong: then nothing else can be read.
    """
    from cicd.build.project_reader import read_project
    from cicd.build.reports.group import read_report_group
    from cicd.deploy.alarms.reader import read_alarms
    from cicd.document.resources import Resources
    from cicd.observe.subscriber import read_subscribers

    resources = Resources.load(directory)
    read_subscribers(resources, problems)
    read_alarms(resources, problems)
    if resources.check is not None:
        from cicd.check.configuration import read_check

        read_check(resources.check, problems)
    for node in resources.section("projects").values():
        read_project(node, problems)
    for node in resources.section("reportGroups").values():
        read_report_group(node, problems)
    for node, reading in _readings(resources, problems):
        try:
            reading()
        except DocumentError as refused:
            for problem in refused.problems:
                problems.add(problem)
        except UsageError as refused:
            problems.error("resources/refused", refused.message, node.span, hint=refused.hint)
        except Unavailable as refused:
            problems.warning("resources/not-here", refused.message, node.span, hint=refused.hint)


def _readings(
    resources: Resources, problems: Problems
) -> Iterator[tuple[Node, Callable[[], object]]]:
    """Give each entry with what reads it."""
    from functools import partial

    from cicd.deploy.config import find_config
    from cicd.deploy.rolling.reader import SECTION, read_service
    from cicd.deploy.shift.config import read_shift_config
    from cicd.pipeline.state_machines import local_machines

    for name, node in resources.section("deploymentConfigs").items():
        shifts = "trafficRoutingConfig" in node.entries
        yield (
            node,
            partial(read_shift_config, node) if shifts else partial(find_config, name, resources),
        )
    for application, node in resources.section("applications").items():
        groups = node.entries.get("deploymentGroups")
        for group in groups.value.items if groups else ():
            named = group.entries["deploymentGroupName"].value
            yield named, partial(_check_group, named.text, application, resources, problems)
    for node in resources.section(SECTION).values():
        yield node, partial(read_service, node, resources)
    for pipeline, node in resources.section("pipelines").items():
        yield node, partial(_check_pipeline, pipeline, node, resources, problems)
    for machine, node in local_machines(resources).items():
        yield node, partial(_check_machine, machine, node, resources, problems)


def _check_group(name: str, application: str, resources: Resources, problems: Problems) -> None:
    from cicd.deploy.find_group import check_group

    for note in check_group(resources, name, application):
        problems.add(note)


def _check_machine(name: str, node: Node, resources: Resources, problems: Problems) -> None:
    """Check a state machine whose file's name does not speak for it."""
    from cicd.pipeline.state_machines import of_file
    from cicd.states.reader import read_machine

    found = of_file(name, node, resources)
    if kind_by_name(found.definition.span.source.name) is not Kind.STATE_MACHINE:
        read_machine(found.definition, problems)


def _check_pipeline(name: str, node: Node, resources: Resources, problems: Problems) -> None:
    """Check a pipeline that is written here, or in a file whose name does not speak for it."""
    from cicd.document.load import load
    from cicd.pipeline.definition import check_definition
    from cicd.pipeline.envelope import Form, form_of
    from cicd.pipeline.links import check_links

    if not node.entries:
        node = load(resources.root / name, name)
        if kind_by_name(name) is Kind.PIPELINE or form_of(node) is Form.CLOUDFORMATION:
            return  # it speaks for itself
    spec = check_definition(node, problems)
    if spec is not None:
        check_links(spec, resources, problems)
