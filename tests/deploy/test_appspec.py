import os
from pathlib import Path

import pytest

from cicd.deploy.appspec.acl import full_list, parse_entry
from cicd.deploy.appspec.context import range_problem
from cicd.deploy.appspec.reader import read_appspec
from cicd.deploy.revision import read_as_agent
from cicd.deploy.rules import check_appspec
from cicd.deploy.spec import ComputePlatform, FileExistsBehavior, compute_platform
from cicd.document.load import load_bytes, load_text
from cicd.document.problem import Problems
from cicd.errors import DocumentError

HEAD = "version: 0.0\nos: linux\n"
CORPUS = Path(os.environ.get("CICD_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
APPSPECS = sorted((CORPUS / "appspec").glob("*"))


def read(text, head=HEAD):
    problems = Problems()
    node = load_text(head + text, "appspec.yml", duplicates="last", aliases=False)
    return read_appspec(node, problems), problems


def fault(text, head=HEAD):
    return read(text, head)[0].fault


def rules(text):
    problems = Problems()
    node = load_text(HEAD + text, "appspec.yml", duplicates="last", aliases=False)
    check_appspec(node, problems)
    return [problem.rule for problem in problems]


@pytest.mark.parametrize("version", ["0.0", "0.00", "0"])
def test_trap_16_the_number_zero_is_the_version(version):
    assert fault("", f"version: {version}\nos: linux\n") is None


@pytest.mark.parametrize("version", ['"0.0"', "0.1", "", "1"])
def test_trap_16_anything_else_is_not(version):
    assert "an invalid version value" in fault("", f"version: {version}\nos: linux\n")


def test_a_quoted_version_is_named_in_the_agents_message():
    assert (
        "The deployment failed because an invalid version value (0.0) was entered in the "
        'application specification file. Make sure your AppSpec file specifies "0.0" as the '
        "version, and then try again."
    ) == fault("", 'version: "0.0"\nos: linux\n')


@pytest.mark.parametrize("system", ["Linux", "ubuntu", "windows", ""])
def test_trap_17_only_linux_is_an_operating_system_here(system):
    assert f"unsupported operating system ({system})" in fault("", f"version: 0.0\nos: {system}\n")


def test_a_version_without_a_blank_is_an_invalid_version():
    assert "invalid version value ()" in fault("", "version:0.0\n")


def test_trap_18_modes():
    def mode(text):
        spec, _ = read(f"permissions:\n  - {{object: /srv, mode: {text}}}\n")
        return spec.permissions[0].mode or spec.fault

    assert ["644", "0644", "644", "420", "511", "000", "007", "000", "4755", "420"] == [
        mode(text)
        for text in ("644", '"0644"', '"644"', "0644", "0777", "0", "7", '""', "4755", "00644")
    ]
    assert "contains an invalid character (9)" in mode("0755")
    assert "permissions mode (009) in" in mode("9")
    assert "permissions mode (u+x) in the application specification file contains" in mode("u+x")
    for text in ("77777", "0o644"):
        assert f"the length of a permissions mode ({text})" in mode(text)


def test_trap_18_an_octal_mode_is_a_warning_with_the_quoted_form_as_hint():
    _, problems = read("permissions:\n  - {object: /srv, mode: 0644}\n")
    (problem,) = problems
    assert ("deploy/octal-mode", "warning") == (problem.rule, problem.severity)
    assert "0420" in problem.message
    assert '"0644"' in problem.hint


@pytest.mark.parametrize("key", ["type: file", "except: f", "acls: x"])
def test_trap_25_lists_that_are_plain_text_are_refused(key):
    spec, problems = read(f"permissions:\n  - object: /srv\n    {key}\n")
    assert spec.fault is not None
    assert ["deploy/wrong-shape"] == [problem.rule for problem in problems.errors]


def test_trap_26_of_two_equal_keys_the_last_one_counts():
    spec, _ = read("hooks:\n  AfterInstall: [{location: a}]\n  AfterInstall: [{location: b}]\n")
    assert ["b"] == [script.location for script in spec.hooks["AfterInstall"]]


def test_aliases_are_refused():
    with pytest.raises(DocumentError):
        read("x: &a 1\ny: *a\n")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("released: 2001-01-01\n", "Date"),
        ("files:\n  - {source: a, destination: 2001-1-1}\n", "Date"),
        ("released: 2001-01-01 10:00:00 Z\n", "Time"),
        ("x: !ruby/object:Foo {}\n", "Foo"),
        ("x: !ruby/regexp /a/\n", "Object"),
    ],
)
def test_what_is_of_a_class_is_refused_wherever_it_stands(text, name):
    spec, problems = read(text)
    assert f"Tried to load unspecified class: {name}" == spec.fault
    assert "deploy/class" in [problem.rule for problem in problems.errors]


def test_a_quoted_date_is_a_text():
    assert read('released: "2001-01-01"\n')[0].fault is None


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("version: 0.0\nos: linux\n", "version value ()"),
        ("os: linux\nversion: 0.0\n", "system ()"),
    ],
)
def test_a_byte_order_mark_makes_the_first_key_another(first, words):
    problems = Problems()
    spec = read_appspec(load_bytes(b"\xef\xbb\xbf" + first.encode(), "appspec.yml"), problems)
    assert words in spec.fault
    assert ["deploy/byte-order-mark"] == [problem.rule for problem in problems.errors]


def test_an_unsupported_type_keeps_the_agents_missing_blank():
    text = fault("permissions:\n  - {object: /srv, type: [link]}\n")
    assert "specification filespecifies a permission for an object type" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("files:\n  - destination: /srv\n", "specifies a destination file, but no source file"),
        ("files:\n  - source: a\n", "specifies only a source file (a)"),
        ("hooks:\n  AfterInstall:\n    - timeout: 3\n", "a script with no location value"),
        ("hooks:\n  AfterInstall:\n    - location: ''\n", "a script with no location value"),
        ("permissions:\n  - mode: 644\n", "has no object value"),
        ("file_exists_behavior: overwrite\n", "invalid file_exists_behavior value (overwrite)"),
        ("hooks:\n  afterinstall: []\n", 'unknown lifecycle events: ["afterinstall"]'),
        ("hooks:\n  BlockTraffic: [{location: a}]\n", "unknown lifecycle events"),
    ],
)
def test_what_the_agent_says(text, words):
    assert words in fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "hooks: [a]\n",
        "hooks:\n  AfterInstall: {location: a}\n",
        "hooks:\n  AfterInstall: a.sh\n",
        "hooks:\n  AfterInstall: [a.sh]\n",
        "files: {source: a, destination: b}\n",
        "files:\n  - {source: 1, destination: /srv}\n",
        "hooks:\n  AfterInstall: [{location: a, timeout: true}]\n",
    ],
)
def test_structural_nonsense_is_an_error_with_a_position(text):
    _, problems = read(text)
    assert ["deploy/wrong-shape"] == [problem.rule for problem in problems.errors]
    assert all(problem.span.line > 2 for problem in problems)


@pytest.mark.parametrize(
    ("written", "seconds"), [("'30'", 30), ("30.9", 30), ("10s", 10), ("", 3600), ("99999", 99999)]
)
def test_a_timeout_is_the_integer_it_begins_with(written, seconds):
    spec, _ = read(f"hooks:\n  AfterInstall: [{{location: a, timeout: {written}}}]\n")
    assert seconds == spec.hooks["AfterInstall"][0].timeout.total_seconds()


@pytest.mark.parametrize("written", ["0", "-1", "foo", "''"])
def test_a_timeout_that_is_not_above_zero_is_refused(written):
    text = f"hooks:\n  AfterInstall: [{{location: a, timeout: {written}}}]\n"
    assert "an invalid timeout value" in fault(text)


def test_install_and_download_bundle_are_tolerated_as_hooks():
    assert fault("hooks:\n  Install: [{location: a}]\n  DownloadBundle: [{location: a}]\n") is None


def test_empty_sections_count_as_none():
    spec, problems = read("files:\nhooks:\npermissions:\nfile_exists_behavior:\n")
    assert spec.fault is None
    assert () == spec.files
    assert 0 == len(problems.errors)


def test_the_first_fault_is_the_first_in_the_agents_order():
    text = "permissions: [{mode: 1}]\nos: Linux\nversion: 0.0\nhooks: [x]\n"
    assert "unsupported operating system (Linux)" in fault(text, "")


def test_a_behavior_in_upper_case_is_taken():
    assert (
        FileExistsBehavior.RETAIN == read("file_exists_behavior: RETAIN\n")[0].file_exists_behavior
    )


def test_an_unknown_section_is_a_warning_with_the_one_that_was_meant():
    _, problems = read("Files: []\n")
    (problem,) = problems
    assert ("warning", "did you mean 'files'?") == (problem.severity, problem.hint)


def test_an_empty_file_has_the_agents_words(tmp_path):
    place = tmp_path / "appspec.yml"
    place.write_text(" \n")
    with pytest.raises(Exception, match="the application specification file was empty"):
        read_as_agent(place, "appspec.yml")


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("u:bob:rw", "user:bob:rw-"),
        ("user:bob:6", "user:bob:rw-"),
        ("g:dev:5", "group:dev:r-x"),
        ("d:u:bob:rw", "default:user:bob:rw-"),
        ("bob:rw", "user:bob:rw-"),
        ("m::rx", "mask::r-x"),
        ("m:rx", "mask::r-x"),
        ("d:o:r", "default:other::r--"),
    ],
)
def test_access_control_entries(text, entry):
    assert entry == str(parse_entry(text))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("u::7", "Use mode to set the base acl entry (u::7)"),
        ("g::5", "Use mode to set the base acl entry"),
        ("o::0", "Use mode to set the base acl entry"),
        ("m:bob:r", "Invalid acl entry (m:bob:r)"),
        ("q:bob:r", "Invalid acl entry (q:bob:r)"),
        ("x", "Invalid acl entry (x)"),
        ("a:b:c:d:e", "Invalid acl entry"),
        ("u:bob:rwz", "(ACL) named u:bob:rwz in the application specification file contains an "),
    ],
)
def test_what_is_not_an_access_control_entry(text, words):
    assert words in parse_entry(text)


def test_the_full_list_takes_the_rest_from_the_mode():
    entries = (parse_entry("user:bob:rwx"), parse_entry("default:user:bob:rwx"))
    assert (
        "user:bob:rwx,default:user:bob:rwx,user::r--,group::-w-,other::--x,mask::-w-,"
        "default:user::r--,default:group::-w-,default:other::--x,default:mask::-w-"
    ) == ",".join(full_list(entries, 0o421))


def test_ranges_of_a_context():
    for good in ("s0", "s0-s3", "s0:c0.c5", "s0-s1:c1,c3.c4"):
        assert range_problem(good) is None
    for bad, words in (
        ("x", "invalid sensitivity x"),
        ("s0-s1-s2", "invalid range part"),
        ("s3-s1", "invalid sensitivity range"),
        ("s0:c1024", "invalid category c1024"),
        ("s0:c5.c1", "invalid category range"),
        ("s0:c1,c1", "duplicate categories"),
    ):
        assert words in range_problem(bad)


@pytest.mark.parametrize(
    ("rule", "bad", "good"),
    [
        (
            "deploy/event-timeout",
            (
                "files: [{source: /, destination: /s}]\nhooks: {AfterInstall: "
                "[{location: a, timeout: 10}, {location: b, timeout: 3600}]}\n"
            ),
            (
                "files: [{source: /, destination: /s}]\nhooks: {AfterInstall: "
                "[{location: a}, {location: b, timeout: 3600}]}\n"
            ),
        ),
        (
            "deploy/never-run",
            "files: [{source: /, destination: /s}]\nhooks: {Install: [{location: a}]}\n",
            "files: [{source: /, destination: /s}]\nhooks: {AfterInstall: [{location: a}]}\n",
        ),
        (
            "deploy/script-arguments",
            "files: [{source: /, destination: /s}]\nhooks: {AfterInstall: [{location: a b}]}\n",
            "files: [{source: /, destination: /s}]\nhooks: {AfterInstall: [{location: a}]}\n",
        ),
        (
            "deploy/destination-directory",
            "files: [{source: a.txt, destination: /s/a.txt}]\n",
            "files: [{source: a.txt, destination: /s}]\n",
        ),
        (
            "deploy/relative-destination",
            "files: [{source: a, destination: s}]\n",
            "files: [{source: a, destination: /s}]\n",
        ),
        ("deploy/no-files", "hooks: {}\n", "files: [{source: a, destination: /s}]\n"),
        (
            "deploy/lost-setuid",
            (
                "files: [{source: a, destination: /s}]\n"
                "permissions: [{object: /s, mode: 4755, owner: bob}]\n"
            ),
            "files: [{source: a, destination: /s}]\npermissions: [{object: /s, mode: 4755}]\n",
        ),
        (
            "deploy/closed-directory",
            "files: [{source: a, destination: /s}]\npermissions: [{object: /s, mode: 644}]\n",
            (
                "files: [{source: a, destination: /s}]\n"
                "permissions: [{object: /s, mode: 644, type: [file]}]\n"
            ),
        ),
    ],
)
def test_rules_find_the_bad_and_pass_the_good(rule, bad, good):
    assert [rule] == rules(bad)
    assert [] == rules(good)


def test_platforms_are_told_by_their_resources():
    for text, platform in (
        ("resources:\n  - TargetService: {type: x}\n", ComputePlatform.ECS),
        ("Resources:\n  - f: {Type: AWS::Lambda::Function}\n", ComputePlatform.LAMBDA),
        ("files: []\n", ComputePlatform.SERVER),
        ("resources: x\n", ComputePlatform.SERVER),
    ):
        assert platform is compute_platform(load_text("version: 0.0\n" + text, "appspec.yml"))


@pytest.mark.parametrize("path", APPSPECS, ids=lambda path: path.name)
def test_every_published_appspec_reads_or_has_problems_with_positions(path):
    try:
        text = path.read_text()
        node = load_text(
            text, path.name, json=path.suffix == ".json", duplicates="last", aliases=False
        )
    except DocumentError as unreadable:
        assert all(problem.span.line >= 1 for problem in unreadable.problems)
        return
    problems = Problems()
    spec = check_appspec(node, problems)
    assert (spec is None) == (compute_platform(node) is not ComputePlatform.SERVER)
    assert all(problem.span.line >= 1 and problem.message for problem in problems)
    if spec is not None:
        assert bool(problems.errors) <= (spec.fault is not None)
