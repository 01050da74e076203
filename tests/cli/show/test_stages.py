from uuid import NAMESPACE_URL, uuid5

from cicd.cli.show.stages import Stages
from cicd.ports import LogLine
from cicd.testing.clock import START
from tests.pipeline.documents import DEPLOY, SOURCE_STAGE, action, stage
from tests.pipeline.gates import HOLDS, gate
from tests.pipeline.test_gates import BROKEN
from tests.pipeline.world import World

BUILD_STAGE = stage(
    "Build", action("Compile", takes="code", makes="site"), action("Lint", takes="code")
)
DEPLOY_STAGE = stage("Deploy", action("Up", DEPLOY, takes="site"))


def followed(tmp_path, monkeypatch, until):
    """Give the stages of an execution whose lint fails, up to the first event that is meant."""
    world = World(tmp_path, monkeypatch)
    world.provider.ends = {"Lint": BROKEN}
    result = world.run(SOURCE_STAGE, BUILD_STAGE, DEPLOY_STAGE)
    stages = Stages(result.stream)
    for number, (_, event) in enumerate(world.services.log.read(result.stream)):
        stages.event(event, float(number))
        if until(event):
            break
    return stages, result.stream


def shown(stages, limit=20):
    return [(row.name, row.status, row.doing) for row in stages.rows(100.0, limit)]


def test_each_action_has_its_status_and_the_last_line_of_what_it_began(tmp_path, monkeypatch):
    stages, stream = followed(tmp_path, monkeypatch, lambda event: event.key == "Build/Lint")
    child = uuid5(NAMESPACE_URL, f"{stream}/Build/Lint")
    for text in ("one", "two", ""):
        assert stages.line(f"build/app:{child}", LogLine(at=START, origin="BUILD/1", text=text))
    assert not stages.line(stream, LogLine(at=START, origin="", text="our own"))
    assert [
        ("Source", "Succeeded", ""),
        ("Checkout", "Succeeded", ""),
        ("Build", "InProgress", ""),
        ("Compile", "InProgress", ""),
        ("Lint", "InProgress", "two"),
        ("Deploy", "", ""),
        ("Up", "", ""),
    ] == shown(stages)


def test_who_has_few_lines_sees_what_runs(tmp_path, monkeypatch):
    stages, _ = followed(tmp_path, monkeypatch, lambda event: event.key == "Build/Lint")
    assert ["Build", "Compile", "Lint"] == [name for name, _, _ in shown(stages, limit=3)]


def test_at_the_end_the_failed_action_says_why(tmp_path, monkeypatch):
    stages, _ = followed(tmp_path, monkeypatch, lambda event: False)
    rows = {row.name: row for row in stages.rows(100.0, 20)}
    assert ("Failed", "it broke") == (rows["Lint"].status, rows["Lint"].doing)
    assert ("Failed", "Succeeded", "") == (
        rows["Build"].status,
        rows["Compile"].status,
        rows["Up"].status,
    )
    assert rows["Compile"].seconds < 20


def test_a_stage_says_what_it_asks_before_its_entry(tmp_path, monkeypatch):
    world = World(tmp_path, monkeypatch)
    guarded = stage("Build", action("Lint", takes="code"), beforeEntry=gate("FAIL", HOLDS))
    result = world.run(SOURCE_STAGE, guarded, pipelineType="V2")
    stages, asked = Stages(result.stream), []
    for number, (_, event) in enumerate(world.services.log.read(result.stream)):
        stages.event(event, float(number))
        asked += [doing for name, _, doing in shown(stages) if name == "Build" and doing]
    assert ["waits in front of the stage", "asks beforeEntry"] == list(dict.fromkeys(asked))


def test_what_runs_and_has_no_line_is_counted(tmp_path, monkeypatch):
    stages, _ = followed(tmp_path, monkeypatch, lambda event: event.key == "Build/Lint")
    assert ["Build", "2 more"] == [name for name, _, _ in shown(stages, limit=2)]
