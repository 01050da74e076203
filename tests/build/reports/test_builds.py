"""Reports of whole builds: read, found, kept, compared."""

import json
import shutil
from dataclasses import replace
from zipfile import ZipFile

import pytest

from cicd.build.find_project import find_project
from cicd.build.ledger import Facts, ledger
from cicd.build.project import ReportGroup, default_project
from cicd.build.reports.kept import load_report
from cicd.build.reports.shapes import report_as_api
from cicd.document.resources import Resources
from cicd.errors import DocumentError, Unavailable
from tests.build.reports.reading import FILES, SAMPLES

EMPTY = "version: 0.2\nphases: {build: {commands: ['true']}}\n"


@pytest.fixture
def made(build, source):
    """Run a build in whose source the samples are."""
    shutil.copytree(FILES, source / "made")

    def run(text="reports: {}\n", command="true", **more):
        return build(
            f"version: 0.2\nphases: {{build: {{commands: ['{command}']}}}}\n{text}", **more
        )

    return run


def names(done):
    return [str(report["name"]) for report in done.result.reports]


def test_every_format_fills_a_group(made, services):
    statuses = {}
    for start in (0, 5):
        formats = list(SAMPLES)[start : start + 5]
        groups = "".join(
            f"  g-{f}: {{files: [{SAMPLES[f]}], file-format: {f}, base-directory: made}}\n"
            for f in formats
        )
        done = made(f"reports:\n{groups}", command="CODEBUILD_CONFIG_AUTO_DISCOVER=false")
        statuses |= {str(r["fileFormat"]): (r["type"], r["status"]) for r in done.result.reports}
        assert "SUCCEEDED" == done.status
    coverage = ("CODE_COVERAGE", "SUCCEEDED")
    assert {
        **dict.fromkeys(SAMPLES, ("TEST", "FAILED")),
        **dict.fromkeys(["CLOVERXML", "COBERTURAXML", "JACOCOXML", "SIMPLECOV"], coverage),
    } == statuses


def test_reports_that_nobody_named_are_found_one_for_each_format(made):
    done = made()
    assert sorted(f"app-{f}-AutoDiscovered" for f in SAMPLES) == sorted(names(done))
    start = done.words.index("Set report auto-discover timeout to 5 seconds")
    told = done.words[start:]
    assert [
        "Expanding base directory path:  .",
        "Assembling file list",
        "Expanding .",
        "Expanding file paths for base directory .",
        "Assembling file list",
        "Expanding **/*",
        f"Found {len(SAMPLES)} file(s)",
    ] == told[1:8]
    assert told[8].startswith("Report auto-discover file discovery took 0.")
    assert told[8].endswith(" seconds")


def test_where_there_is_none_the_log_says_so(build):
    done = build(EMPTY)
    assert [] == names(done)
    assert "No matching auto-discover report paths found" in done.words


def test_a_report_that_a_group_reads_is_not_found_again(made):
    done = made(
        "reports:\n  all: {files: ['*.xml'], base-directory: made, file-format: JUNITXML}\n"
        "  $G: {files: '$T', file-format: VisualStudioTrx}\n",
        command="G=trx; T=made/results.trx; unset CODEBUILD_CONFIG_AUTO_DISCOVER",
    )
    assert [
        "app-CUCUMBERJSON-AutoDiscovered",
        "app-SIMPLECOV-AutoDiscovered",
        "app-all",
        "app-trx",
    ] == sorted(names(done))


def test_commands_turn_it_off_or_say_where(made):
    assert [] == names(made(command="export CODEBUILD_CONFIG_AUTO_DISCOVER=false"))
    where = "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR=made/*.trx"
    assert ["app-VISUALSTUDIOTRX-AutoDiscovered"] == names(made(command=where))


def test_after_a_failed_build_reports_are_found_too_and_its_status_stays(made):
    done = made(command="false")
    assert "FAILED" == done.status
    assert len(SAMPLES) == len(names(done))


def test_the_whole_report_is_kept_in_the_store_and_the_event_stays_small(build, services, source):
    case = f"<testcase name='c'><failure>{'x' * 900}</failure></testcase>"
    (source / "r.xml").write_text(f"<testsuite>{case * 700}</testsuite>")
    done = build(f"{EMPTY}reports: {{unit: {{files: r.xml}}}}\n")
    (report,) = done.result.reports
    assert (700, True) == (report["total"], report["truncated"])
    assert len(json.dumps(report)) < 12_000
    kept = load_report(str(report["digest"]), services.artifacts)
    assert (700, 500, "r.xml") == (kept.total, len(kept.cases), kept.cases[0].path)


def test_a_report_that_is_gone_is_said_so(services):
    with pytest.raises(Unavailable, match="not kept any more"):
        load_report("0" * 64, services.artifacts)


def test_files_of_one_name_below_several_base_directories_are_all_read(build, source):
    for name in ("one", "two"):
        (source / f"m-{name}").mkdir()
        text = f"<testsuite><testcase name='{name}'/></testsuite>"
        (source / f"m-{name}" / "r.xml").write_text(text)
    done = build(f"{EMPTY}reports: {{u: {{files: '**/*', base-directory: 'm-*'}}}}\n")
    assert [2] == [report["total"] for report in done.result.reports]


def test_discard_paths_leaves_the_names_of_the_files(build, services, source):
    (source / "a").mkdir()
    (source / "a" / "r.xml").write_text("<testsuite><testcase name='n'/></testsuite>")
    done = build(f"{EMPTY}reports: {{u: {{files: '**/*.xml', discard-paths: yes}}}}\n")
    kept = load_report(str(done.result.reports[0]["digest"]), services.artifacts)
    assert ["r.xml"] == [case.path for case in kept.cases]


def test_a_report_is_compared_with_that_of_the_build_before(build, source, reporter):
    for status in ("", "<failure message='m'/>"):
        case = f"<testsuite><testcase name='n'>{status}</testcase></testsuite>"
        (source / "r.xml").write_text(case)
        done = build(f"{EMPTY}reports: {{u: {{files: r.xml}}}}\n")
    (report,) = done.result.reports
    assert (100.0, 1) == (report["previous"]["PASS_RATE"], report["previous"]["TOTAL"])
    assert (
        "  compared with the run before: pass rate ▼ down to 0.0 % from 100.0 %"
        == reporter.said()[-3].split("\n")[-1]
    )


def test_a_truncated_report_is_incomplete_and_its_place_named(build, source, reporter):
    (source / "r.xml").write_text("<testsuite>\n<testcase name='n'/>\n<testc")
    done = build(f"{EMPTY}reports: {{u: {{files: r.xml}}}}\n")
    (report,) = done.result.reports
    assert ("INCOMPLETE", 0) == (report["status"], report["total"])
    assert ["r.xml:3:1: unclosed token"] == report["unreadable"]
    assert "Unable to parse report file r.xml:3:1: unclosed token" in done.words


def test_secrets_are_hidden_in_what_is_kept(build, services, source):
    class Secrets(type(services.secrets)):
        def parameter(self, name):
            return "hunter2-hunter2"

    (source / "r.xml").write_text(
        "<testsuite name='hunter2-hunter2'><testcase name='hunter2-hunter2'>"
        "<failure>is hunter2-hunter2</failure></testcase></testsuite>"
    )
    done = build(
        f"{EMPTY}env: {{parameter-store: {{P: /p}}}}\nreports: {{u: {{files: r.xml}}}}\n",
        services=replace(services, secrets=Secrets({}, None)),
    )
    (report,) = done.result.reports
    kept = load_report(str(report["digest"]), services.artifacts)
    assert ["***", "***", "is ***"] == [getattr(kept.cases[0], n) for n in SECRET_FIELDS]
    assert "hunter2" not in json.dumps(report)


SECRET_FIELDS = ("name", "suite", "message")


def exporting(packaging, path="raw"):
    return replace(
        default_project("app"),
        report_groups=(
            ReportGroup(name="app-unit", bucket="kept", path=path, packaging=packaging),
            ReportGroup(name="app-other"),
        ),
    )


def below(directory):
    return sorted(p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    ("flat", "expected"), [("no", ["made/junit.xml"]), ("yes", ["junit.xml"])]
)
def test_raw_data_is_exported_to_a_directory_of_its_group(made, services, flat, expected):
    done = made(
        f"reports: {{unit: {{files: '*/junit.xml', discard-paths: {flat}}}}}\n",
        project=exporting("NONE"),
    )
    uuid = done.result.build_id.partition(":")[2]
    there = services.home / "exports" / "kept" / "raw" / "app-unit" / uuid
    assert expected == below(there)
    assert f"Raw data of app-unit is exported to {there}" in done.words
    assert {
        "exportConfigType": "S3",
        "s3Destination": {"bucket": "kept", "path": "raw", "packaging": "NONE"},
    } == report_as_api(done.result.reports[0], done.result.stream)["exportConfig"]


def test_raw_data_may_be_a_zip_and_no_files_are_none(made, services):
    reports = "reports: {unit: {files: '*/junit.xml'}, other: {files: gone.xml}}\n"
    done = made(reports, project=exporting("ZIP", path=""))
    uuid = done.result.build_id.partition(":")[2]
    zipped = services.home / "exports" / "kept" / "app-unit" / f"{uuid}.zip"
    with ZipFile(zipped) as opened:
        assert ["made/junit.xml"] == opened.namelist()
    assert [zipped] == [p for p in (services.home / "exports").rglob("*") if p.is_file()]
    assert {"exportConfigType": "NO_EXPORT"} == report_as_api(done.result.reports[1], "")[
        "exportConfig"
    ]


GROUPS = """reportGroups:
  - {name: a, exportConfig: {exportConfigType: S3}}
  - {name: b, exportConfig: {exportConfigType: S3, s3Destination: {bucket: x, path: ../y}}}
"""


def test_a_report_group_says_where_it_exports_to(tmp_path):
    (tmp_path / "cicd.yml").write_text(GROUPS)
    with pytest.raises(DocumentError) as refused:
        find_project(Resources.load(tmp_path), None, tmp_path)
    assert ["cicd.yml:2:30", "cicd.yml:3:79"] == [str(p.span) for p in refused.value.problems]
    good = GROUPS.replace("S3}", "NO_EXPORT}").replace("../y", "y")
    (tmp_path / "cicd.yml").write_text(good)
    project = find_project(Resources.load(tmp_path), None, tmp_path)
    assert [("a", ""), ("b", "x")] == [(g.name, g.bucket) for g in project.report_groups]
    assert ["exportConfig.s3Destination.bucket"] == [
        entry.key for entry in ledger(None, None, Facts(project=project, runner=None))
    ]
