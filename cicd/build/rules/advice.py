"""What is worth a word to somebody who asks, but not at every build."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cicd.build.rules import bash, commands, products, shell, values

if TYPE_CHECKING:
    from cicd.build.spec import Buildspec
    from cicd.document.rules import Rule

ADVICE: tuple[Rule[Buildspec], ...] = (
    commands.own_shell,
    bash.bash_in_sh,
    commands.hidden_failure,
    commands.block_status,
    commands.asks,
    commands.ecr_get_login,
    commands.lost_option,
    commands.exit_zero,
    commands.typography,
    shell.misspelt_variable,
    shell.always_true,
    shell.fixed_directory,
    shell.background,
    shell.folded_commands,
    shell.fanout_tests,
    products.file_pattern,
    values.runtime_name,
    values.unquoted_version,
    values.no_commands,
    values.empty_command,
    values.no_artifact_files,
    values.old_form,
    values.exported_never_set,
    values.secret_reference,
    values.plain_secret,
)
