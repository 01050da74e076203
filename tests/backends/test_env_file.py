import pytest

from cicd.backends.env_file import read_env_file
from cicd.errors import Unavailable, UsageError


def read(tmp_path, data):
    path = tmp_path / "my.env"
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_env_file(path)


def test_lines_comments_and_blanks_are_read_as_the_local_agent_does(tmp_path):
    text = "# a comment\n\n  # another\nA=1\r\nB=two words \nC=\nD=a=b\nE=\"quoted\"\nF='x'\nA=2"
    assert {
        "A": "2",
        "B": "two words ",
        "C": "",
        "D": "a=b",
        "E": '"quoted"',
        "F": "'x'",
    } == read(tmp_path, text)


def test_names_may_be_those_of_parameters_and_secrets(tmp_path):
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:bot-AbCdEf"
    assert {"/CodeBuild/x": "1", arn: "2"} == read(tmp_path, f"/CodeBuild/x=1\n{arn}=2\n")


def test_a_mark_of_byte_order_and_an_empty_file_do_no_harm(tmp_path):
    assert {"A": "1"} == read(tmp_path, b"\xef\xbb\xbfA=1\n")
    assert {} == read(tmp_path, "")


@pytest.mark.parametrize("line", ["hunter2", "=hunter2", "export A=hunter2", " A=hunter2", "A=\0"])
def test_a_line_of_another_form_is_named_by_number_and_not_shown(tmp_path, line):
    with pytest.raises(UsageError) as caught:
        read(tmp_path, f"A=1\n{line}\n")
    assert f"{tmp_path}/my.env:2: this line is not of the form NAME=VALUE" == caught.value.message


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(UsageError, match="not UTF-8 at byte 2"):
        read(tmp_path, b"A=\xff")
    with pytest.raises(UsageError, match="absent is not there"):
        read_env_file(tmp_path / "absent")
    with pytest.raises(Unavailable, match="cannot be read"):
        read_env_file(tmp_path)
