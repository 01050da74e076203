"""Every promise of ``ports.LogStore``, as tests."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from cicd.ports import LogBlock, LogLine
from cicd.testing.contracts_asking import AT, at_once

if TYPE_CHECKING:
    from cicd.ports import LogStore


class LogStoreContract:
    """Promises of a ``LogStore``; the fixture ``logs`` is an empty one."""

    def test_lines_are_read_as_they_were_written(self, logs: LogStore) -> None:
        """Whatever characters are in them."""
        texts = [
            "plain",
            "",
            "tab\there",
            "é\u2028\x85\x0b\x1b[0m",
            "back\\slash\\n",
            "a\rb",
            " x ",
        ]
        lines = [LogLine(at=AT, origin=f"BUILD/{n}", text=text) for n, text in enumerate(texts)]
        for line in lines:
            logs.append("build/app:1", line)
        assert [line for _, line in logs.read("build/app:1")] == lines

    def test_a_block_is_read_as_the_lines_that_it_holds(self, logs: LogStore) -> None:
        """Whatever characters are in them; a block without lines adds none."""
        texts = ["plain", "", "tab\there", "\x10n", "\r", "é", "two\nlines"]
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=texts))
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=["a", "b"]))
        logs.extend("s", LogBlock(at=AT, origin="BUILD/1", texts=[]))
        expected = [LogLine(at=AT, origin="BUILD/1", text=text) for text in [*texts, "a", "b"]]
        assert [line for _, line in logs.read("s")] == expected

    def test_bytes_that_are_no_characters_come_back_to_who_asks_for_them(
        self, logs: LogStore
    ) -> None:
        """And everybody else reads U+FFFD."""
        data = b"a\xff\xed\xa0\x80\0 \xc3"
        text = data.decode(errors="surrogateescape")
        logs.extend("s", LogBlock(at=AT, origin="", texts=[text, "é"]))
        logs.append("s", _line("\ud800 is no byte"))
        exact = [line.text for _, line in logs.read("s", exact=True)]
        assert exact[:2] == [text, "é"]
        shown = [line.text for _, line in logs.read("s")]
        assert shown[:2] == [data.decode(errors="replace"), "é"]
        assert all(line.encode() for line in shown)

    def test_a_stream_without_lines_is_empty(self, logs: LogStore) -> None:
        """And streams do not mix."""
        logs.append("s", _line("x"))
        assert list(logs.read("t")) == []

    def test_reading_goes_on_at_any_offset_that_was_given(self, logs: LogStore) -> None:
        """So that a log can be followed."""
        for text in ("one", "zwei é", "three"):
            logs.append("s", _line(text))
        for position, (offset, _) in enumerate(list(logs.read("s"))):
            rest = [line.text for _, line in logs.read("s", after=offset)]
            assert rest == ["one", "zwei é", "three"][position + 1 :]
        end = [offset for offset, _ in logs.read("s")][-1]
        logs.append("s", _line("four"))
        assert [line.text for _, line in logs.read("s", after=end)] == ["four"]

    def test_dropping_an_origin_forgets_from_its_first_line_on(self, logs: LogStore) -> None:
        """It is about to be replayed; other streams, and an unknown origin, change nothing."""
        for text, origin in (("1", "a"), ("2", "b"), ("3", "a"), ("4", "b")):
            logs.append("s", _line(text, origin))
        logs.append("t", _line("5", "b"))
        logs.drop("s", "nobody")
        logs.drop("nothing", "b")
        assert [line.text for _, line in logs.read("s")] == ["1", "2", "3", "4"]
        logs.drop("s", "b")
        logs.append("s", _line("again", "b"))
        assert [line.text for _, line in logs.read("s")] == ["1", "again"]
        assert [line.text for _, line in logs.read("t")] == ["5"]

    def test_lines_of_many_writers_stay_whole(self, logs: LogStore) -> None:
        """Each writer's own lines stay in order."""

        def write(writer: int) -> None:
            for number in range(50):
                logs.append("s", _line(f"{number}" * 50, origin=str(writer)))

        at_once([partial(write, writer) for writer in range(4)])
        read = [line for _, line in logs.read("s")]
        for writer in range(4):
            texts = [line.text for line in read if line.origin == str(writer)]
            assert texts == [f"{number}" * 50 for number in range(50)]

    def test_each_stream_has_its_own_path(self, logs: LogStore) -> None:
        """For people."""
        assert len({logs.path(s) for s in ("build/a:1", "build/a:2", "pipeline/1")}) == 3


def _line(text: str, origin: str = "") -> LogLine:
    return LogLine(at=AT, origin=origin, text=text)
