"""Files of environment variables, in the form of AWS's local build agent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def read_env_file(path: Path) -> dict[str, str]:
    """
    Read ``NAME=VALUE`` lines.

    Blank lines and lines that begin with "#" are left out.
    Quotation marks, blanks and further "=" are part of the value.
    Of two lines with one name the last one counts.

    Raises:
        UsageError: A line that has another form, naming it but never showing its value.
        Unavailable: The file cannot be read.

    Source: the usage text of AWS's ``codebuild_build.sh``, option ``-e``.
    """
    found = {}
    for number, line in enumerate(_text(path).split("\n"), 1):
        written = line.removesuffix("\r")
        if not written.strip() or written.lstrip().startswith("#"):
            continue
        name, equals, value = written.partition("=")
        if not equals or not name or re.search(r"\s|\0", name) or "\0" in value:
            raise UsageError(
                f"{path}:{number}: this line is not of the form NAME=VALUE",
                hint="write the name without blanks, then '=', then the value as it is",
            )
        found[name] = value
    return found


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{path} is not there", hint="look at the path of the file") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{path} is not UTF-8 at byte {error.start}", hint="save it as UTF-8"
        ) from None
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be read: {error.strerror}", hint="name a file that you may read"
        ) from None
