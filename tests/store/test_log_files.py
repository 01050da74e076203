import errno
import os
import threading
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cicd.errors import Unavailable
from cicd.ports import LogLine
from cicd.store import log_files
from cicd.store.log_files import LogFiles

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def line(text, origin="BUILD/1/1"):
    return LogLine(at=AT, origin=origin, text=text)


def lines(logs, stream="build/app:1", after=0):
    return [each for _, each in logs.read(stream, after=after)]


def test_a_line_is_its_time_its_origin_and_its_text(tmp_path):
    logs = LogFiles(tmp_path)
    logs.append("build/app:1", line("hello\tworld \\ C:\\x"))
    assert b"2026-01-02T03:04:05.000006Z\tBUILD/1/1\thello\tworld \\ C:\\x\n" == (
        logs.path("build/app:1").read_bytes()
    )
    assert [line("hello\tworld \\ C:\\x")] == lines(logs)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
def test_any_texts_and_origins_come_back_as_they_were(tmp_path_factory, pairs):
    logs = LogFiles(tmp_path_factory.mktemp("logs"))
    written = [line(text, origin) for text, origin in pairs]
    for each in written:
        logs.append("s", each)
    assert written == lines(logs, "s")
    logs.close()


def test_an_offset_leads_to_the_line_after_it(tmp_path):
    logs = LogFiles(tmp_path)
    for n in range(3):
        logs.append("s", line(str(n)))
    offsets = [offset for offset, _ in logs.read("s")]
    assert [line("2")] == lines(logs, "s", after=offsets[1])
    assert [] == lines(logs, "s", after=offsets[2])
    logs.append("s", line("3"))
    assert [line("3")] == lines(logs, "s", after=offsets[2])


def test_a_stream_without_a_log_has_no_lines(tmp_path):
    logs = LogFiles(tmp_path)
    assert [] == lines(logs)
    logs.drop("build/app:1", "x")
    assert [] == list(tmp_path.iterdir())


def test_lines_of_many_threads_stay_whole(tmp_path):
    logs = LogFiles(tmp_path)

    def write(n):
        for i in range(100):
            logs.append("s", line(f"{i} " + "x" * 200, origin=str(n)))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for n in range(4):
        texts = [each.text for each in lines(logs, "s") if each.origin == str(n)]
        assert [f"{i} " + "x" * 200 for i in range(100)] == texts


def test_drop_forgets_from_the_first_line_of_an_origin_on(tmp_path):
    logs = LogFiles(tmp_path)
    for text, origin in (("a", "1"), ("b", ""), ("c", "2"), ("d", "1")):
        logs.append("s", line(text, origin))
    logs.drop("s", "3")
    assert 4 == len(lines(logs, "s"))
    logs.drop("s", "2")
    assert ["a", "b"] == [each.text for each in lines(logs, "s")]
    logs.append("s", line("again", "2"))
    assert ["a", "b", "again"] == [each.text for each in lines(logs, "s")]


def test_half_a_line_is_not_read_and_the_next_writer_removes_it(tmp_path):
    logs = LogFiles(tmp_path)
    logs.append("s", line("whole"))
    logs.close()
    with logs.path("s").open("ab") as file:
        file.write(b"2026-01-02T03:04:05.000006Z\tBUILD")
    assert [line("whole")] == lines(logs, "s")
    logs.append("s", line("next"))
    assert [line("whole"), line("next")] == lines(logs, "s")


def test_a_long_half_line_is_removed_too(tmp_path):
    logs = LogFiles(tmp_path)
    logs.path("s").write_bytes(b"x" * 200_000)
    logs.append("s", line("first"))
    assert [line("first")] == lines(logs, "s")


def test_a_line_that_somebody_edited_is_shown_as_it_is(tmp_path):
    logs = LogFiles(tmp_path)
    logs.append("s", line("one"))
    logs.close()
    with logs.path("s").open("ab") as file:
        file.write(b"what is this?\n\xff\tx\n")
    edited = [LogLine(at=AT, origin="", text=text) for text in ("what is this?", "\ufffd\tx")]
    assert [line("one"), *edited] == lines(logs, "s")


def test_more_streams_than_open_files_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "_OPEN_FILES", 2)
    logs = LogFiles(tmp_path)
    for text in ("a", "b"):
        for n in range(5):
            logs.append(str(n), line(text))
    assert 2 == len(logs._open)
    assert [["a", "b"]] * 5 == [[e.text for e in lines(logs, str(n))] for n in range(5)]


def test_a_disk_that_fills_up_within_a_line_leaves_no_half_line(tmp_path, monkeypatch):
    logs = LogFiles(tmp_path)
    logs.append("s", line("before"))
    write = os.write
    room = [20]

    def filling(file, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        done = write(file, data[: room[0]])
        room[0] -= done
        return done

    monkeypatch.setattr(os, "write", filling)
    with pytest.raises(Unavailable) as caught:
        logs.append("s", line("this does not fit"))
    assert "No space left on device" in caught.value.message
    monkeypatch.undo()
    assert [line("before")] == lines(logs, "s")
    logs.append("s", line("after"))
    assert [line("before"), line("after")] == lines(logs, "s")


def test_a_file_where_the_directory_should_be_is_unavailable(tmp_path):
    (tmp_path / "logs").write_text("")
    with pytest.raises(Unavailable):
        LogFiles(tmp_path / "logs").append("s", line("x"))


def test_logs_are_private(tmp_path):
    logs = LogFiles(tmp_path / "logs")
    logs.append("build/app:1", line("x"))
    assert 0o600 == logs.path("build/app:1").stat().st_mode & 0o777
    assert 0o700 == (tmp_path / "logs" / "build").stat().st_mode & 0o777


def test_a_path_is_readable_for_people(tmp_path):
    assert tmp_path / "build" / "shop%3A12-ab.log" == LogFiles(tmp_path).path("build/shop:12-ab")
    assert tmp_path / "deployment" / "d-ABC.log" == LogFiles(tmp_path).path("deployment/d-ABC")


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1))
def test_every_stream_has_a_file_of_its_own_from_which_its_name_can_be_read(tmp_path_factory, s):
    directory = tmp_path_factory.getbasetemp()
    path = LogFiles(directory).path(s)
    name = str(path.relative_to(directory))
    assert directory in path.resolve().parents
    assert all(0 < len(os.fsencode(part)) < 255 for part in path.parts)
    parts = name.removesuffix(".log").replace("~/", "").split("/")
    assert s == "/".join("" if part == "%" else unquote(part) for part in parts)


def test_the_longest_project_name_has_a_log(tmp_path):
    logs = LogFiles(tmp_path)
    stream = "build/" + "p" * 255 + ":12345678-1234-1234-1234-123456789012"
    logs.append(stream, line("x"))
    assert [line("x")] == lines(logs, stream)
