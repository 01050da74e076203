"""`cicd init` from outside: what it writes for each kind of repository, and what it leaves."""

import json
import subprocess

import pytest

from cicd.cli.boundary import run
from cicd.cli.commands import cicd
from cicd.cli.init import KINDS
from cicd.cli.init.kinds import kinds
from tests.cli.killed import Outside

REPOSITORIES = {
    "maven": {"pom.xml": "<project><!-- spring-boot --></project>"},
    "gradle": {"build.gradle.kts": "plugins { java }"},
    "rust": {"Cargo.toml": "[package]\nname = 'a'\n", "src/main.rs": "fn main() {}\n"},
    "go": {"go.mod": "module a\n", "main.go": "package main\nfunc main() {}\n"},
    "node": {"package.json": '{"scripts": {"test": "node t.js", "start": "node a.js"}}'},
    "python": {"requirements.txt": "flask\n", "tests/test_a.py": "import pytest\n"},
    "sbt": {"build.sbt": 'name := "a"\n'},
    "dotnet": {"App.sln": ""},
    "php": {"composer.json": '{"require-dev": {"phpunit/phpunit": "^11"}}'},
    "elixir": {"mix.exs": "defmodule A do end\n"},
    "hugo": {"hugo.toml": "", "content/a.md": "", "package.json": "{}"},
    "bun": {"bun.lock": "{}", "package.json": '{"scripts": {"test": "bun test"}}'},
    "ruby": {"Gemfile": "gem 'rake'\n", "Rakefile": ""},
    "mkdocs": {"mkdocs.yml": "theme: {name: material}\n", "docs/index.md": ""},
    "terraform": {"main.tf": ""},
    "docker": {"Dockerfile": "FROM scratch\n"},
    "make": {"Makefile": "all:\n\techo made > it\ntest: all\n\tgrep made it\n"},
    "static": {"index.html": "<p>hello</p>\n"},
}
DEPLOYED = {"maven", "node", "python", "static", "hugo", "mkdocs"}


def repository(directory, files):
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    subprocess.run(["git", "init", "-q", "-b", "trunk", directory], check=True)
    return Outside(directory)


def commit(outside):
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    for words in (["add", "."], ["commit", "-qm", "all"]):
        subprocess.run(["git", *who, *words], cwd=outside.directory, check=True)


def made(outside, *words):
    status, out, said = outside.run("init", "--runner", "host", *words, "--output", "json")
    assert 0 == status, said
    return json.loads(out.splitlines()[-1])


def test_every_kind_of_the_table_has_a_name_for_the_option_and_a_repository_here():
    assert list(KINDS) == [kind.name for kind in kinds()]
    assert set(KINDS) == set(REPOSITORIES)


@pytest.mark.parametrize("kind", REPOSITORIES)
def test_what_is_written_for_a_kind_gives_lint_nothing_to_say(kind, tmp_path):
    outside = repository(tmp_path / "My app", REPOSITORIES[kind])
    said = made(outside)
    assert (kind, "My-app", kind in DEPLOYED) == (said["kind"], said["name"], said["deploys"])
    for name in said["written"]:
        text = (outside.directory / name).read_text()
        assert ("#?" in text, "\n\n\n" in text, "@NAME@" in text) == (False, False, False)
        assert "/tmp" not in text  # two builds of a machine would share what they install
    assert "BranchName: trunk" in (outside.directory / "pipeline.yml").read_text()
    commit(outside)
    status, out, said = outside.run("lint")
    assert (0, True) == (status, "nothing to say about" in out), out + said


def test_a_python_repository_builds_at_once(tmp_path):
    outside = repository(
        tmp_path / "py",
        {
            "app.py": "def answer():\n    return 42\n",
            "test_app.py": "import unittest\nimport app\n"
            "class T(unittest.TestCase):\n"
            "    def test(self):\n        self.assertEqual(42, app.answer())\n",
        },
    )
    made(outside)
    status, out, said = outside.run("build")
    assert 0 == status, out + said
    assert "Ran 1 test" in out + said
    (outside.directory / "app.py").write_text("def answer():\n    return 41\n")
    assert 1 == outside.run("build")[0]


def test_tests_that_are_functions_are_pytests(tmp_path):
    outside = repository(
        tmp_path / "py", {"app.py": "", "tests/test_app.py": "def test_it():\n    pass\n"}
    )
    made(outside)
    assert "- python3 -m pytest " in (outside.directory / "buildspec.yml").read_text()


@pytest.mark.parametrize(
    ("files", "commands"),
    [
        ({"pyproject.toml": "[tool.poetry]\n"}, ["/poetry/bin/poetry"]),
        ({"pyproject.toml": "[project]\n", "uv.lock": ""}, ["uv sync", "--locked"]),
        ({"pyproject.toml": "[project]\n"}, ["uv sync --quiet --active --inexact\n"]),
        ({"pyproject.toml": "[project]\n[build-system]\n"}, ["pip install --quiet ."]),
        ({"Pipfile": ""}, ["pipenv install --dev"]),
        ({"package.json": '{"scripts": {"test": "x"}}', "pnpm-lock.yaml": ""}, ["pnpm test"]),
        ({"package.json": "{}", "yarn.lock": ""}, ["yarn install --frozen-lockfile"]),
        ({"pom.xml": "<packaging>war</packaging>", "mvnw": ""}, ["sh ./mvnw", "target/*.war"]),
        ({"Gemfile": "", "_config.yml": ""}, ["- bundle exec jekyll build\n"]),
        ({"Gemfile": "", ".rspec": "", "Rakefile": ""}, ["- bundle exec rspec\n"]),
        ({"Gemfile": "gem 'rake'\n"}, ["- bundle install --quiet\n", "- bundle exec rake\n"]),
        ({"hugo.yaml": ""}, ["- hugo --minify\n", "- 'public/**/*'", "- appspec.yml"]),
        ({"Dockerfile.prod": ""}, ["docker build --file 'Dockerfile.prod' --tag"]),
        ({"docker/Dockerfile": ""}, ["docker build --file 'docker/Dockerfile' --tag"]),
        ({"settings.gradle.kts": "", "app/build.gradle.kts": "", "gradlew": ""}, ["sh ./gradlew"]),
    ],
)
def test_what_a_repository_is_managed_by_is_what_installs(files, commands, tmp_path):
    outside = repository(tmp_path / "it", files)
    made(outside)
    text = (outside.directory / "buildspec.yml").read_text()
    assert [] == [each for each in commands if each not in text], text
    others = {"poetry install", "uv sync", "pipenv install", "pip install --quiet .", "npm "}
    assert not [each for each in others if f"- {each}" in text and each not in str(commands)]
    commit(outside)
    status, out, said = outside.run("lint")
    assert (0, True) == (status, "nothing to say about" in out), out + said


def test_a_makefile_alone_is_made_and_tested(tmp_path):
    outside = repository(tmp_path / "c", REPOSITORIES["make"])
    made(outside)
    status, out, said = outside.run("build")
    assert 0 == status, out + said
    assert "grep made it" in out + said


def test_a_static_site_goes_from_commit_to_two_instances(tmp_path):
    outside = repository(tmp_path / "site", {"index.html": "<p>hello</p>\n"})
    made(outside)
    commit(outside)
    status, out, said = outside.run("pipeline", "run")
    assert 0 == status, out + said
    for name in ("web-1", "web-2"):
        page = outside.directory / f".cicd/instances/{name}/srv/site/index.html"
        assert "<p>hello</p>\n" == page.read_text()


def test_what_is_there_stays_unless_told_otherwise(tmp_path):
    outside = repository(tmp_path / "site", {"index.html": "x", "buildspec.yml": "version: 0.2\n"})
    said = made(outside)
    assert ["buildspec.yml"] == said["kept"]
    assert ["cicd.yml", "pipeline.yml"] == said["written"]
    assert "version: 0.2\n" == (outside.directory / "buildspec.yml").read_text()
    assert [] == made(outside)["written"]
    assert "buildspec.yml" in made(outside, "--force")["written"]
    assert "find . -name" in (outside.directory / "buildspec.yml").read_text()


def test_a_dry_run_writes_nothing(tmp_path):
    outside = repository(tmp_path / "site", {"index.html": "x"})
    said = made(outside, "--dry-run")
    assert "cicd.yml" in said["documents"]
    assert [".git", "index.html"] == sorted(path.name for path in outside.directory.iterdir())


def test_nothing_to_tell_by_is_said(tmp_path):
    outside = repository(tmp_path / "empty", {"README": "x"})
    status, _, said = outside.run("init")
    assert (2, True) == (status, "--kind" in said)
    assert 0 == outside.run("init", "--kind", "go", "--dry-run")[0]


def test_what_builds_it_may_be_said(tmp_path):
    outside = repository(tmp_path / "c", {"CMakeLists.txt": "", "out: it/a #1": "x\n"})
    assert "cicd init --command" in outside.run("init")[2]
    status, _, refused = outside.run("init", "--command", " ")
    assert (2, True) == (status, "builds nothing" in refused)
    words = ("--command", "ls", "--command", "grep x 'out: it/a #1' > made")
    assert "commands" == made(outside, *words)["kind"]
    commit(outside)
    status, out, said = outside.run("build")
    assert 0 == status, out + said


def test_what_builds_images_builds_in_docker_whatever_else_works_here(tmp_path, monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    outside = repository(tmp_path / "image", {"Dockerfile": "FROM scratch\n"})
    assert 0 == outside.run("init")[0]
    assert "  runner: docker\n" in (outside.directory / "cicd.yml").read_text()


def test_what_a_build_lacks_and_what_could_not_be_known_is_said(tmp_path):
    files = {"api.Dockerfile": "FROM scratch\n", "web.Dockerfile": "FROM scratch\n"}
    outside = repository(tmp_path / "two", files)
    said = outside.run("init", "--runner", "host")[1]
    assert "api.Dockerfile is what is built; there are also web.Dockerfile" in said
    outside = repository(tmp_path / "none", {"README": "x"})
    said = outside.run("init", "--kind", "docker", "--runner", "host")[1]
    assert "needs what is not here yet: Dockerfile or Containerfile" in said


def test_a_part_of_a_repository_has_documents_of_its_own_and_its_top_names_the_parts(tmp_path):
    files = {"api/app.py": "", "api/requirements.txt": "", "packages/web/package.json": "{}"}
    top = repository(tmp_path / "mono", files)
    status, _, said = top.run("init")
    assert 2 == status
    assert "in a part of it: api (Python), packages/web (Node)" in said
    part = Outside(top.directory / "api")
    result = made(part)
    assert "api" == result["name"]
    assert not any("git init" in line for line in result["next"])
    assert (part.directory / "buildspec.yml").is_file()
    assert not (top.directory / "buildspec.yml").exists()
    commit(top)
    assert 0 == part.run("pipeline", "run")[0]


def test_a_directory_of_a_repository_that_is_one_thing_is_not_a_part(tmp_path):
    top = repository(tmp_path / "one", {"go.mod": "module a\n", "docs/index.html": "<p>x</p>\n"})
    assert "go" == made(Outside(top.directory / "docs"))["kind"]
    assert (top.directory / "buildspec.yml").is_file()


@pytest.mark.parametrize("words", [["lint"], ["build"], ["deploy"], ["pipeline", "run"]])
def test_where_there_are_no_documents_each_command_names_the_one_that_writes_them(
    tmp_path, monkeypatch, capsys, words
):
    monkeypatch.chdir(tmp_path)
    run(cicd, words)
    assert "'cicd init" in capsys.readouterr().err
