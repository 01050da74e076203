import json
import os
from pathlib import Path

import pytest

from cicd.document.load import load
from cicd.document.problem import Problems
from cicd.document.resources import Resources
from cicd.errors import DocumentError, Unavailable, UsageError
from cicd.pipeline.definition import (
    check_definition,
    find_definition,
    inspect_definition,
    project_directory,
    read_definition,
)
from cicd.pipeline.envelope import Form, form_of
from tests.pipeline.documents import SOURCE_STAGE, action, node, pipeline, stage

CHECKOUT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("CICD_CORPUS", CHECKOUT.parent / "shared" / "corpus")) / "pipeline"
DOCUMENTS = sorted(CORPUS.iterdir()) if CORPUS.is_dir() else []

BUILT = pipeline(SOURCE_STAGE, stage("Build", action("Compile", takes="code")))


def write(path: Path, document=BUILT):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(document))


def test_a_definition_is_found_in_its_usual_places(tmp_path):
    for place in ("pipeline.json", "codepipeline.yml", ".aws/pipeline.yaml"):
        write(tmp_path / place)
        assert place == find_definition(None, Resources.load(tmp_path), tmp_path).origin
        (tmp_path / place).unlink()


def test_several_definitions_are_listed(tmp_path):
    write(tmp_path / "pipeline.json")
    write(tmp_path / "codepipeline.json")
    with pytest.raises(UsageError) as refused:
        find_definition(None, Resources.load(tmp_path), tmp_path)
    assert "name one of them: pipeline.json, codepipeline.json" == refused.value.hint


def test_no_definition_is_a_usage_error_that_says_what_to_write(tmp_path):
    with pytest.raises(UsageError) as refused:
        find_definition(None, Resources.load(tmp_path), tmp_path)
    assert "there is no pipeline definition here" == refused.value.message


def test_cicd_yml_names_a_file_or_holds_a_declaration(tmp_path):
    write(tmp_path / "ci" / "live.json", {**BUILT, "name": "live"})
    inline = json.dumps({**BUILT, "name": "dev"})
    (tmp_path / "cicd.yml").write_text(f"pipelines:\n  - ci/live.json\n  - {inline}\n")
    resources = Resources.load(tmp_path)
    for word, name in (("live", "live"), ("ci/live.json", "live"), ("dev", "dev")):
        found = find_definition(word, resources, tmp_path)
        assert name == read_definition(found.node)[0].name
    with pytest.raises(UsageError) as refused:
        find_definition(None, resources, tmp_path)
    assert "cicd.yml has 2 pipelines" == refused.value.message


def test_a_pipelines_own_name_finds_its_file(tmp_path):
    write(tmp_path / "pipeline.json")
    assert "pipeline.json" == find_definition("shop", Resources.load(tmp_path), tmp_path).origin


def test_the_project_is_searched_upwards_to_the_repositorys_root(tmp_path):
    write(tmp_path / "pipeline.json")
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    inner = root / "src" / "app"
    inner.mkdir(parents=True)
    write(inner / "other.json")
    for word in (None, "other.json"):
        assert root == project_directory(word, inner)
    write(root / "src" / "pipeline.json")
    assert root / "src" == project_directory(None, inner)
    (root / "cicd.yml").write_text("")
    assert root == project_directory("other.json", inner)


def test_outside_of_any_repository_the_project_is_where_the_definition_is(tmp_path):
    write(tmp_path / "ci" / "other.json")
    assert tmp_path == project_directory(None, tmp_path)
    assert tmp_path / "ci" == project_directory("ci/other.json", tmp_path)


def test_errors_are_raised_with_positions(tmp_path):
    with pytest.raises(DocumentError) as refused:
        read_definition(node(pipeline(SOURCE_STAGE)))
    assert "pipeline.json:8:13" == str(refused.value.problems[0].span)


def test_conditions_without_rules_are_refused_because_they_change_the_result():
    gate = {"onFailure": {"conditions": [{"result": "ROLLBACK"}]}}
    guarded = stage("Build", action("C", takes="code"), **gate)
    document = node(pipeline(SOURCE_STAGE, guarded, pipelineType="V2"))
    with pytest.raises(Unavailable) as refused:
        read_definition(document)
    assert (
        "'onFailure' of the stage 'Build' asks nothing: it has no rules" in refused.value.message
    )
    assert "Build" == inspect_definition(document).stages[1].name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_public_definition_reads_or_is_recognised_as_a_template(path):
    problems = Problems()
    read = load(path, path.name)
    if form_of(read) is Form.CLOUDFORMATION:
        return
    spec = check_definition(read, problems)
    assert [] == [str(problem.span) for problem in problems.errors]
    assert spec is not None
    assert len(spec.stages) >= 2


def test_forty_public_templates_and_eight_declarations_are_told_apart():
    told = [form_of(load(path, path.name)) is Form.CLOUDFORMATION for path in DOCUMENTS]
    if told:
        assert (40, 8) == (told.count(True), told.count(False))
