"""Report files of the tests, and how they are read."""

from io import BytesIO
from pathlib import Path

from cicd.build.reports.formats import REPORT_FORMATS

FILES = Path(__file__).with_name("files")
SAMPLES = {
    "JUNITXML": "junit.xml",
    "CUCUMBERJSON": "cucumber.json",
    "NUNITXML": "nunit.xml",
    "NUNIT3XML": "nunit3.xml",
    "TESTNGXML": "testng-results.xml",
    "VISUALSTUDIOTRX": "results.trx",
    "CLOVERXML": "clover.xml",
    "COBERTURAXML": "cobertura.xml",
    "JACOCOXML": "jacoco.xml",
    "SIMPLECOV": ".resultset.json",
}


def read(file_format, content):
    return list(REPORT_FORMATS.get(file_format)(BytesIO(content)))


def sample(file_format):
    return (FILES / SAMPLES[file_format]).read_bytes()


def rows(file_format):
    """Give the cases of a sample, as rows."""
    return [
        (c.name, c.suite, c.prefix, c.status.value, round(c.seconds, 6), c.message, c.where)
        for c in read(file_format, sample(file_format))
    ]


def coverage(file_format, content=None):
    """Give the counts of each file: lines covered and missed, branches covered and missed."""
    return {
        f.path: (
            f.coverage.lines_covered,
            f.coverage.lines_missed,
            f.coverage.branches_covered,
            f.coverage.branches_missed,
        )
        for f in read(file_format, content or sample(file_format))
    }
