import json
import subprocess
import sys
from pathlib import Path

from cicd.store.audit_log import AuditLog

CHECKOUT = Path(__file__).parents[2]
WRITER = """
import sys
from pathlib import Path
from cicd.store.audit_log import AuditLog
log = AuditLog(Path(sys.argv[1]))
for number in range(25):
    log.append({"eventName": f"{sys.argv[2]} {number}"})
"""


def test_records_come_back_in_the_order_in_which_they_were_written(tmp_path):
    log = AuditLog(tmp_path)
    for name in ("one", "two\nlines", "dreiß"):
        log.append({"eventName": name})
    assert ["one", "two\nlines", "dreiß"] == [each["eventName"] for each in log.records()]
    head, breaks = log.verify()
    assert (3, []) == (head.count, breaks)
    assert 0o600 == log.path.stat().st_mode & 0o777


def test_two_processes_append_and_the_chain_holds(tmp_path):
    writers = [
        subprocess.Popen((sys.executable, "-c", WRITER, tmp_path, name), cwd=CHECKOUT)
        for name in ("a", "b")
    ]
    assert [0, 0] == [writer.wait() for writer in writers]
    log = AuditLog(tmp_path)
    head, breaks = log.verify()
    assert (50, []) == (head.count, breaks)
    assert 50 == len({each["eventName"] for each in log.records()})


def test_half_a_line_of_a_killed_process_is_taken_away(tmp_path):
    log = AuditLog(tmp_path)
    log.append({"eventName": "one"})
    with log.path.open("a") as file:
        file.write('{"eventName": "ha')
    log.append({"eventName": "two"})
    assert ["one", "two"] == [each["eventName"] for each in log.records()]
    assert [] == log.verify()[1]


def test_a_record_that_a_killed_process_did_not_note_is_gone_on_from(tmp_path):
    log = AuditLog(tmp_path)
    log.append({"eventName": "one"})
    head = (tmp_path / "audit.head").read_bytes()
    log.append({"eventName": "two"})
    (tmp_path / "audit.head").write_bytes(head)
    assert [] == log.verify()[1]
    log.append({"eventName": "three"})
    assert [] == log.verify()[1]
    assert 3 == len(list(log.records()))


def test_a_cut_end_still_shows_after_more_was_written(tmp_path):
    log = AuditLog(tmp_path)
    for name in ("one", "two", "three"):
        log.append({"eventName": name})
    lines = log.path.read_text().splitlines(keepends=True)
    log.path.write_text("".join(lines[:1]))
    assert log.verify()[1]
    log.append({"eventName": "four"})
    assert [2] == [each.line for each in log.verify()[1]]
    assert "four" == json.loads(log.path.read_text().splitlines()[-1])["eventName"]


def test_a_record_after_a_line_that_was_cut_is_read(tmp_path):
    log = AuditLog(tmp_path)
    for name in ("one", "two"):
        log.append({"eventName": name})
    log.path.write_bytes(log.path.read_bytes()[:-40])
    log.append({"eventName": "three"})
    assert ["one", "three"] == [each["eventName"] for each in log.records()]
    assert [2] == [each.line for each in log.verify()[1]][:1]
