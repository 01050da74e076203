"""What every command says of itself: examples that are its own, in lines that fit."""

import re
import shlex

import click
import pytest

from cicd.cli.commands import COMMANDS, cicd

WIDTH = 100


def context_of(command, name, above=None):
    """Give what a command is asked in, on a terminal that is as wide as help gets."""
    return click.Context(
        command,
        info_name=name,
        parent=above,
        **{**command.context_settings, "terminal_width": WIDTH - 1},
    )


def all_below(context):
    """Give a command's context and those of all commands below it."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            below = context.command.get_command(context, name)
            yield from all_below(context_of(below, name, context))


def examples_of(context):
    """Give what the examples of a command have to be typed, without the remark behind."""
    _, _, after = (context.command.epilog or "").partition("Example")
    block = after.partition("\n\n")[0].replace("\\\n", " ")
    lines = [line.strip() for line in block.splitlines()[1:] if line.startswith("  ")]
    return [re.split(r"\s{3,}|  (?=[a-z])", line)[0] for line in lines]


def check_words(words):
    """Find the command of words, and parse what is behind; raises what click says of it."""
    context = context_of(cicd, "cicd")
    while isinstance(context.command, click.Group) and words:
        below = context.command.get_command(context, words[0])
        if below is None:
            break
        context = context_of(below, words[0], context)
        words = words[1:]
    if not isinstance(context.command, click.Group):
        context.command.make_parser(context).parse_args(list(words))


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_fits_and_says_what_to_type_and_what_each_option_is_for(name):
    context = context_of(cicd, "cicd")
    if name is None:
        asked = [context]
    else:
        command = context.command.get_command(context, name)
        asked = [*all_below(context_of(command, name, context))]
    for each in asked:
        said = each.command.get_help(each)
        options = [one for one in each.command.params if isinstance(one, click.Option)]
        assert [] == [one.name for one in options if not (one.help or one.hidden)]
        assert [] == [line for line in said.splitlines() if len(line) > WIDTH]
        examples = examples_of(each)
        assert ("\b" in said, "...\n" in said.partition("Options:")[2]) == (False, False)
        plural = "Examples:" if len(examples) > 1 else "Example:"
        assert f"\n  {plural}\n" in said, f"{each.command_path} has {len(examples)}"
        own = [example for example in examples if each.command_path in example]
        assert own, f"no example of {each.command_path} is its own"
        for example in examples:
            for part in re.split(r" \|\|? | && ", example):
                words = shlex.split(part)
                if "cicd" in words:
                    check_words(words[words.index("cicd") + 1 :])


def test_an_example_that_no_command_takes_is_seen():
    with pytest.raises(click.UsageError):
        check_words(["builds", "show", "--no-such-option"])


def test_words_of_aws_are_shown_as_it_spells_them_and_taken_in_any_case():
    listed = cicd.get_command(context_of(cicd, "cicd"), "builds").get_command(None, "list")
    context = context_of(listed, "list")
    assert "[SUCCEEDED|FAILED|FAULT|TIMED_OUT|" in listed.get_help(context)
    (status,) = (one for one in listed.params if one.name == "status")
    assert "TIMED_OUT" == status.type_cast_value(context, "timed_out")
