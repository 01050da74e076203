from cicd.document.load import load_text
from cicd.document.problem import Problems
from cicd.document.rules import rule, run_rules


@rule("build/no-a")
def no_a(spec, problems):
    """A text holds no "a"."""
    if "a" in spec.text:
        problems.error("build/no-a", "there is an 'a'", spec.span)


@rule("build/short")
def short(spec, problems):
    """A text is short."""
    if len(spec.text) > 3:
        problems.warning("build/short", "this is long", spec.span)


def test_every_rule_runs_whatever_the_others_found():
    problems = Problems()
    run_rules((no_a, short), load_text("banana", "x.yml"), problems)
    assert {"build/no-a", "build/short"} == {problem.rule for problem in problems}


def test_a_rule_knows_its_name_and_can_be_called():
    problems = Problems()
    no_a(load_text("bcd", "x.yml"), problems)
    assert ("build/no-a", 0) == (no_a.name, len(problems))
