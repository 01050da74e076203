"""
A small container image made of this Debian machine's own packages, without any registry.

The files of a closure of packages, as ``dpkg`` lists them, go into ``docker import``:
a shell, the core utilities, git, Node.js, and Python with pip, in a few seconds.
Missing packages are installed first when we are root.

    python3 tools/base_image.py cicd-test:latest [RECIPE]

RECIPE is what the image is labelled with, so that who made it knows when it is of another one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import IO

WANTED = (
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "coreutils",
    "curl",
    "dash",
    "diffutils",
    "findutils",
    "git",
    "grep",
    "gzip",
    "hostname",
    "libc-bin",
    "make",
    "mawk",
    "netbase",
    "nodejs",
    "procps",
    "python3",
    "python3-pip",
    "sed",
    "tar",
    "util-linux",
)
# They do no more here than configure packages, or serve parts of git that builds do not use.
UNWANTED = frozenset({"debconf", "dpkg", "liberror-perl", "perl", "ucf"})
SKIPPED = (
    *("/usr/share/doc/", "/usr/share/man/", "/usr/share/locale/", "/usr/share/info/"),
    *("/usr/include/node/", "/usr/lib/node_modules/"),
)
EMPTY = {"dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "srv": 0o755, "opt": 0o755}
PRIVATE = {"tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700, "home": 0o755}
# What the packages' own scripts would have made: a path in the image, and where it comes from.
MADE = {
    "/etc/passwd": "/usr/share/base-passwd/passwd.master",
    "/etc/group": "/usr/share/base-passwd/group.master",
    "/etc/nsswitch.conf": "/usr/share/libc-bin/nsswitch.conf",
    "/etc/ssl/certs/ca-certificates.crt": "/etc/ssl/certs/ca-certificates.crt",
}
CHANGES = (
    "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "ENV LANG=C.UTF-8",
    'CMD ["bash"]',
)


def output(*command: str) -> str:
    """Run a program and give what it printed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def installed() -> tuple[dict[str, list[list[str]]], dict[str, str]]:
    """Read the machine's packages: name → its dependencies' alternatives, name → its provider."""
    fields = "${binary:Package}\t${db:Status-Status}\t${Pre-Depends}, ${Depends}\t${Provides}\n"
    needs: dict[str, list[list[str]]] = {}
    provider: dict[str, str] = {}
    for line in output("dpkg-query", "-W", "-f", fields).splitlines():
        package, status, depends, provides = line.split("\t")
        if status != "installed":
            continue
        name = package.partition(":")[0]
        needs[name] = [
            [re.split(r"[ (:]", word.strip())[0] for word in choice.split("|")]
            for choice in depends.split(",")
            if choice.strip()
        ]
        for virtual in (name, *provides.split(",")):
            provider.setdefault(re.split(r"[ (]", virtual.strip())[0], name)
    return needs, provider


def closure() -> list[str]:
    """Give the wanted packages and all that they need."""
    needs, provider = installed()
    found: set[str] = set()
    waiting = [provider[name] for name in WANTED]
    while waiting:
        name = waiting.pop()
        if name in found or name in UNWANTED:
            continue
        found.add(name)
        for choices in needs[name]:
            waiting += [provider[choice] for choice in choices if choice in provider][:1]
    return sorted(found)


def files(packages: list[str]) -> dict[str, Path]:
    """Give each path of the image, without its first slash, and the file that it is here."""
    found: dict[str, Path] = {}
    listed = {line for line in output("dpkg", "-L", *packages).splitlines() if line[:1] == "/"}
    for text in listed:
        path = Path(text)
        if text == "/." or text.startswith(SKIPPED) or not os.path.lexists(path):
            continue
        real = Path(os.path.realpath(path.parent)) / path.name  # /bin/sh is /usr/bin/sh here
        found[str(path if path.parent == Path("/") else real)[1:]] = path
        compiled = real.parent / "__pycache__"
        if real.suffix == ".py":  # Python starts twice as fast with its compiled files
            found |= {str(each)[1:]: each for each in compiled.glob(f"{real.stem}.cpython-*.pyc")}
    for link in Path("/etc/alternatives").iterdir():
        public = Path("/usr/bin") / link.name
        if str(link.resolve())[1:] in found and public.is_symlink():
            found |= {str(link)[1:]: link, str(public)[1:]: public}
    found |= {inside[1:]: Path(here) for inside, here in MADE.items()}
    return {name: path for name, path in found.items() if "EXTERNALLY-MANAGED" not in name}


def write(stream: IO[bytes], content: dict[str, Path]) -> None:
    """Pack the files, owned by root as they are here."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        for name, mode in (EMPTY | PRIVATE).items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        for name in sorted(content.keys() - EMPTY.keys() - PRIVATE.keys()):
            if name.partition("/")[0] not in {"dev", "proc", "sys", "run"}:
                archive.add(content[name], name, recursive=False)


def main() -> int:
    """Make the image under the name that was given."""
    if len(sys.argv) not in (2, 3):
        print("usage: base_image.py TAG [RECIPE]", file=sys.stderr)
        return 2
    _, provider = installed()
    missing = [name for name in WANTED if name not in provider]
    if missing and os.geteuid() == 0:
        subprocess.run(("apt-get", "update", "-qq"), check=True)
        install = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(
            (*install, *missing), check=True, env=environment, stdout=subprocess.DEVNULL
        )
    elif missing:
        print(f"please install these packages first: {' '.join(missing)}", file=sys.stderr)
        return 4
    label = f'LABEL recipe="{" ".join(sys.argv[2:])}"'
    changes = [word for change in (*CHANGES, label) for word in ("--change", change)]
    command = ("docker", "import", *changes, "-", sys.argv[1])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as docker:
        assert docker.stdin is not None
        write(docker.stdin, files(closure()))
        docker.stdin.close()
    return docker.returncode


if __name__ == "__main__":
    sys.exit(main())
