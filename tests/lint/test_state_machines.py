"""State machines are linted wherever they are written, at the lines where it stands."""

from pathlib import Path

from cicd.document.load import load_text
from cicd.lint.check import check_document
from cicd.lint.documents import Kind, candidates, kind_by_content

WRONG = """\
{
  "StartAt": "One",
  "States": {
    "One": {"Type": "Pass", "Next": "Tow"},
    "Two": {"Type": "Taks", "Next": "One"},
    "Four": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true}
  }
}
"""
WRONGS = [
    ("states/invalid", "error", 4, "there is no state 'Tow' (MISSING_TRANSITION_TARGET)"),
    ("states/invalid", "error", 5, "'Taks' of the state 'Two' is no type of a state"),
    ("states/refused", "warning", 6, "the resource 'arn:aws:states:::sqs:sendMessage' of the"),
]
TEMPLATE = """\
Resources:
  A:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      Definition:
        StartAt: One
        States:
          One: {Type: Pass, Next: Tow}
          Two: {Type: Succeed}
  B:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::123456789012:role/r
      DefinitionString: |
        {
          "StartAt": "One",
          "States": {"One": {"Type": "Pass"}, "Two": {"Type": "Succeed"}}
        }
"""


def told():
    found = []
    for candidate in sorted(candidates((Path(),)), key=lambda each: each.name):
        checked = check_document(candidate, None)
        found += [
            (p.rule, p.severity.value, p.span.line, p.message)
            for p in sorted(checked.problems, key=lambda each: (each.span.line, each.rule))
        ]
    return found


def same(found, wanted):
    assert len(found) == len(wanted), found
    for (*place, words), (*expected, begin) in zip(found, wanted, strict=True):
        assert expected == place
        assert words.startswith(begin)


def test_a_file_that_is_named_as_a_state_machine_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("hello.asl.json").write_text(WRONG)
    same(told(), WRONGS)


def test_a_file_that_cicd_yml_names_is_checked_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("hello.asl.json").write_text(WRONG)
    Path("machine.json").write_text(WRONG)
    Path("cicd.yml").write_text("local: {stateMachines: {a: machine.json, b: hello.asl.json}}\n")
    same(told(), WRONGS + WRONGS)


def test_a_file_of_any_name_is_told_by_what_it_holds():
    node = load_text(WRONG, "x.json", json=True)
    assert Kind.STATE_MACHINE is kind_by_content(node)


def test_the_other_language_is_no_error_and_its_states_are_still_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.asl.yml").write_text(
        "QueryLanguage: JSONata\nStartAt: A\nStates:\n"
        "  A: {Type: Pass, Output: {}, Next: B}\n  B: {Type: Succeed}\n  C: {Type: Fail}\n"
    )
    same(
        told(),
        [
            ("states/refused", "warning", 1, "the state machine is written in JSONata"),
            ("states/unreachable", "warning", 6, "no state leads to 'C'"),
        ],
    )


def test_state_machines_of_a_template_are_checked_where_they_are_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("stack.yml").write_text(TEMPLATE)
    same(
        told(),
        [
            ("states/invalid", "error", 9, "there is no state 'Tow'"),
            ("states/unreachable", "warning", 10, "no state leads to 'Two'"),
            ("states/invalid", "error", 15, "line 3 of the definition: the state 'One' has ei"),
            ("states/unreachable", "warning", 15, "line 3 of the definition: no state leads"),
        ],
    )
