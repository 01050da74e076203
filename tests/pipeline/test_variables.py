import pytest

from cicd.pipeline.variables import Unresolved, references, resolve

NAMESPACES = {"Src": {"CommitId": "c0ffee", "Message": 'say "hi"\n'}, "variables": {"x": "1"}}


def test_any_number_of_references_is_replaced_as_plain_text():
    assert '{"a": "c0ffee", "b": "1"}' == (
        resolve('{"a": "#{Src.CommitId}", "b": "#{variables.x}"}', NAMESPACES)
    )


def test_nothing_is_escaped():
    assert '"say "hi"\n"' == resolve('"#{Src.Message}"', NAMESPACES)


@pytest.mark.parametrize("text", ["#{src.CommitId}", "#{Src.commitId}", "#{Src.}", "#{a}"])
def test_a_reference_without_a_value_is_never_replaced_by_nothing(text):
    with pytest.raises(Unresolved):
        resolve(text, NAMESPACES)


def test_shell_syntax_and_lone_signs_are_left_alone():
    assert "${Src.CommitId} # {x}" == resolve("${Src.CommitId} # {x}", NAMESPACES)


def test_a_replaced_value_is_not_looked_at_again():
    assert "#{variables.x}" == resolve("#{a.b}", {"a": {"b": "#{variables.x}"}})


def test_a_reference_of_a_wrong_form_has_no_namespace():
    assert [("Src", "CommitId"), ("", "")] == [
        (found.namespace, found.key) for found in references("#{Src.CommitId} #{a.b.c}")
    ]
