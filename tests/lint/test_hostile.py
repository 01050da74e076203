"""Whatever the bytes are, there are problems and never a traceback, in bounded time."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.lint.check import check_content
from cicd.lint.documents import STDIN, Candidate, Kind
from cicd.lint.fix import corrected

KINDS = (Kind.BUILDSPEC, Kind.APPSPEC, Kind.PIPELINE)
STDIN_CANDIDATE = Candidate(path=STDIN, name="stdin", given=True)
WORDS = (
    *("version", "os", "files", "hooks", "permissions", "phases", "build", "commands", "env"),
    *("artifacts", "variables", "stages", "name", "actions", "actionTypeId", "Resources"),
    *("Hooks", "TargetService", "Properties", "mode", "0.2", "0.0", "linux", "~", "''", '"a'),
    *("&a", "*a", "<<", "[", "]", "{", "}", ":", "-", "|", ">", "#", "!", "%", "@", "`", "\t"),
    *("\x00", "\ufeff", "\u2028", "\x85", "é", "0644", "#{a.b}", "$(x)", "${y}"),
)


def told(content, kind):
    """Check, correct and check again: neither may break."""
    checked = check_content(STDIN_CANDIDATE, kind, content)
    for problem in checked.problems:
        assert problem.message
        assert problem.span.line >= 1
        assert problem.span.marked_line().width >= 1
    corrected(STDIN_CANDIDATE, kind, content)
    return checked


@given(st.binary(max_size=400), st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_any_bytes_are_checked(content, kind):
    told(content, kind)


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.lists(st.sampled_from(WORDS), min_size=1, max_size=5)),
        max_size=15,
    ),
    st.sampled_from(KINDS),
)
@settings(max_examples=60, deadline=None)
def test_lines_of_our_own_words_are_checked(lines, kind):
    text = "".join(f"{'  ' * depth}{' '.join(words)}\n" for depth, words in lines)
    told(text.encode("utf-8", "replace"), kind)


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 9999), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([w for w in WORDS if w.isalpha()]), inner, max_size=5),
    ),
    max_leaves=25,
)


@given(VALUES, st.sampled_from(KINDS))
@settings(max_examples=60, deadline=None)
def test_any_tree_of_our_own_keys_is_checked(value, kind):
    told(json.dumps(value).encode(), kind)


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
COMMAND = b"version: 0.2\nphases:\n  build:\n    commands:\n      - "
HOSTILE = {
    "alias bomb": BOMB.encode(),
    "10 MB": b"version: '" + b"x" * 10_000_000 + b"'\n",
    "a long scalar": b"version: '" + b"x" * 300_000 + b"'\n",
    "deep lists": b"[" * 10_000,
    "deep mappings": b'{"a":' * 10_000,
    "deep blocks": b"".join(b" " * n + b"a:\n" for n in range(1400)),
    "mark": b"\xef\xbb\xbfversion: 0.2\n",
    "utf-16": "version: 0.2\n".encode("utf-16"),
    "crlf": b"version: 0.2\r\nphases:\r\n  build:\r\n    commands:\r\n      - a\r\n",
    "tabs": b"version: 0.2\nphases:\n\tbuild:\n",
    "nul": b"version: 0.2\n\x00",
    "twins": b"version: 0.2\n" * 1000,
    "documents": b"--- {}\n" * 5000,
    "many keys": b"version: 0.2\n" + b"".join(b"k%d: 1\n" % n for n in range(3_000)),
    "long names": b"version: 0.2\n" + b"a" * 200_000 + b": 1\n",
    "many commands": COMMAND + b"'" + b"a|tee b;" * 50_000 + b"'\n",
    "blanks": COMMAND + b"'" + b" " * 300_000 + b"'\n",
    "a long line": COMMAND + b"|\n        apt-get install " + b"a " * 100_000 + b"\n",
}


@pytest.mark.parametrize("kind", (Kind.BUILDSPEC, Kind.APPSPEC))
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents_take_no_longer_than_people_wait(name, kind):
    began = time.process_time()
    told(HOSTILE[name], kind)
    # Of the processor's time, so that a busy machine changes nothing; as a rule it is a tenth.
    assert time.process_time() - began < 10
