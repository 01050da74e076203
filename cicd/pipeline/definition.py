"""Where a repository's pipeline is, and what it says once it is read and checked."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import cache
from importlib import resources as package_files
from pathlib import Path
from typing import TYPE_CHECKING

from cicd.document.cloudformation.find import templates_that_make
from cicd.document.cloudformation.resolve import NOTHING_GIVEN, Resolver
from cicd.document.cloudformation.resources import names_of
from cicd.document.cloudformation.template import read_template
from cicd.document.load import load
from cicd.document.node import Node, NodeKind
from cicd.document.problem import Problems
from cicd.document.resources import FILE
from cicd.document.rules import run_rules
from cicd.document.schema import check
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.nearest import closest
from cicd.pipeline.constraint import constraint
from cicd.pipeline.envelope import PIPELINE_RESOURCE, Form, declaration_of, form_of
from cicd.pipeline.rules import RULES
from cicd.pipeline.rules.local import unfulfilled
from cicd.pipeline.spec import PipelineDeclaration, read_declaration
from cicd.pipeline.usual_places import USUAL_NAMES, USUAL_SUFFIXES
from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cicd.document.cloudformation.parameters import Given
    from cicd.document.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A pipeline document that was found, not yet judged."""

    node: Node
    origin: str  # what people call it: a path, or "pipelines of cicd.yml"
    path: Path | None = None  # of its file, if it has one of its own
    pipeline: str = ""  # the logical id of the one that is meant, in a template


def find_definition(
    word: str | None, resources: Resources, start: Path, given: Given = NOTHING_GIVEN
) -> Definition:
    """
    Find the pipeline that is meant.

    Args:
        word: A name in ``pipelines`` of ``cicd.yml``, a pipeline's own name there, or a file;
            ``None``: the only one of ``cicd.yml``, else the one in the usual places, else the
            only template that has one.
        resources: ``cicd.yml``.
        start: The directory that a file is relative to, and whose usual places are looked at,
            and then all files below it, for a CloudFormation template with a pipeline.
        given: Values of a template's parameters, on which its pipelines' names may hang.

    Raises:
        UsageError: There is none, or there are several.
        DocumentError: It cannot be read as YAML or JSON.

    """
    named = resources.section("pipelines")
    if word is not None:
        if word in named:
            return _from_resources(named[word], resources)
        if (start / word).is_file():
            return _from_file(start, word)
        for node in named.values():
            found = _from_resources(node, resources)
            if _name_of(found.node) == word:
                return found
        for path in _usual(start):
            found = _from_file(start, path)
            if _name_of(found.node) == word:
                return found
        for found in _templates(start):
            for logical_id, name in template_pipelines(found.node, given).items():
                if word in (name, logical_id):
                    return replace(found, pipeline=logical_id)
        near = closest(word, named)
        raise UsageError(
            f"there is no pipeline and no file '{word}'",
            hint=f"did you mean '{near}'?" if near else "name a file that holds the definition",
        )
    if len(named) == 1:
        return _from_resources(next(iter(named.values())), resources)
    if named:
        raise UsageError(
            f"cicd.yml has {len(named)} pipelines", hint=f"name one of them: {', '.join(named)}"
        )
    places = list(_usual(start))
    if len(places) == 1:
        return _from_file(start, places[0])
    if not places:
        templates = list(_templates(start))
        if len(templates) == 1:
            return templates[0]
        places = [found.origin for found in templates]
    if places:
        raise UsageError(
            f"there are {len(places)} pipeline definitions here",
            hint=f"name one of them: {', '.join(places)}",
        )
    raise UsageError(
        "there is no pipeline definition here",
        hint="'cicd init' writes one; or name a file: what aws codepipeline get-pipeline prints",
    )


def every_definition(resources: Resources, start: Path) -> tuple[Definition, ...]:
    """
    Find all pipelines of a repository: those of ``cicd.yml``, else those in the usual places.

    Where there are neither, they are the templates that have one, wherever they are.

    Raises:
        DocumentError: One cannot be read as YAML or JSON.

    """
    named = resources.section("pipelines")
    if named:
        return tuple(_from_resources(node, resources) for node in named.values())
    usual = tuple(_from_file(start, path) for path in _usual(start))
    return usual or tuple(_templates(start))


def check_definition(node: Node, problems: Problems) -> PipelineDeclaration | None:
    """Read a document as a pipeline, and note everything that is wrong or surprising."""
    declaration = declaration_of(node, problems)
    return check_declaration(declaration, problems) if declaration is not None else None


def check_declaration(declaration: Node, problems: Problems) -> PipelineDeclaration:
    """Read a declaration in the API's spelling, and note all that is wrong or surprising."""
    check(declaration, _schema(), problems, "pipeline", constraint)
    # The schema speaks for shapes and limits; the reader's own words on them would say it twice.
    noticed = Problems()
    spec = read_declaration(declaration, noticed)
    for problem in noticed:
        if problem.rule == "pipeline/unknown-key":
            problems.add(problem)
    if declaration.kind is NodeKind.MAPPING:
        run_rules(RULES, spec, problems)
    return spec


def read_definition(node: Node) -> tuple[PipelineDeclaration, Problems]:
    """
    Read a document as a pipeline that is to be run; the problems given are all warnings.

    Raises:
        DocumentError: With all problems, if one of them stops the run.
        Unavailable: It has stage conditions that ask nothing, which would change the result if
            they were left out.

    """
    problems = Problems()
    spec = _checked(node, problems)
    refuse_unfulfilled(spec)
    return spec, problems


def refuse_unfulfilled(spec: PipelineDeclaration) -> None:
    """Raise ``Unavailable`` for what would change the result if it were left out."""
    for span, what in unfulfilled(spec):
        raise Unavailable(
            f"{span}: {what} asks nothing: it has no rules",
            hint="what would come of it is not known; give it one, or remove it",
        )


def inspect_definition(node: Node) -> PipelineDeclaration:
    """Read a document as a pipeline that is only looked at; raises as ``read_definition`` does,
    but for what cannot be carried out here."""
    return _checked(node, Problems())


def project_directory(word: str | None, here: Path) -> Path:
    """
    Find the directory that a run is about: where ``cicd.yml`` is, or a definition.

    The search goes upwards from ``here``, or from the file that ``word`` names, and ends at the
    root of the repository, which is meant where nothing is found; outside of any repository it
    is where the search began.
    """
    named = word is not None and (here / word).is_file()
    begin = (here / word).parent.resolve() if word is not None and named else here.resolve()
    for directory in (begin, *begin.parents):
        ends = any((directory / name).exists() for name in (FILE, ".git"))
        if ends or (not named and any(_usual(directory))):
            return directory
    return begin


def start_of(word: str | None, here: Path, directory: Path) -> Path:
    """Give where ``find_definition`` looks: a file is named from ``here``, not the project."""
    return here if word is not None and (here / word).is_file() else directory


def _checked(node: Node, problems: Problems) -> PipelineDeclaration:
    spec = check_definition(node, problems)
    problems.raise_errors()
    assert spec is not None, "no declaration is an error"
    return spec


def _from_resources(node: Node, resources: Resources) -> Definition:
    if node.kind is NodeKind.SCALAR:
        return _from_file(resources.root, node.text)
    return Definition(node=node, origin="cicd.yml")


def template_pipelines(node: Node, given: Given) -> Mapping[str, str]:
    """Give the pipelines that a template makes: logical id → name; {} if it cannot be resolved."""
    template = read_template(node)
    try:
        return names_of(PIPELINE_RESOURCE, template, Resolver(template, given))
    except DocumentError:
        return {}


def _from_file(start: Path, name: str) -> Definition:
    return Definition(node=load(start / name, name), origin=name, path=start / name)


def _templates(start: Path) -> Iterator[Definition]:
    """Give the CloudFormation templates below a directory that have a pipeline."""
    for name in templates_that_make(PIPELINE_RESOURCE, start):
        with suppress(DocumentError):  # what cannot be read is said by cicd lint
            found = _from_file(start, name)
            if form_of(found.node) is Form.CLOUDFORMATION:
                yield found


def _name_of(node: Node) -> str:
    outer = node.entries.get("pipeline")
    name = (outer.value if outer else node).entries.get("name")
    return name.value.text if name else ""


def _usual(start: Path) -> Iterator[str]:
    for name in USUAL_NAMES:
        for suffix in USUAL_SUFFIXES:
            if (start / f"{name}{suffix}").is_file():
                yield f"{name}{suffix}"


@cache
def _schema() -> Mapping[str, object]:
    text = package_files.files("cicd.pipeline").joinpath("pipeline.schema.json").read_text("utf-8")
    schema: Mapping[str, object] = json.loads(text)
    return schema
