"""A list of the libraries that are installed here: each with its version, and the sha256 of its file.

    python locks/lock.py        writes PLATFORM.txt, what `make chat` installs, and PLATFORM-dev.txt, what
                                the tests take besides (`make lock`)
    python locks/lock.py name   prints PLATFORM

A list holds the files of one platform, so each platform has its own. torch is on none, nor what torch alone
brings: its builds differ by where one gets them. Knows nothing of what the libraries are for.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

HERE = Path(__file__).parent
APART = re.compile(r"vouch|torch|triton|(nvidia|cuda)-.*")


def platform_name() -> str:
    system, machine = platform.system().lower(), platform.machine().lower()
    libc = platform.libc_ver()[0] or "other"
    return "-".join([system, *([libc] if system == "linux" else []), machine, "python" + version()])


def version() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def files(wanted: str) -> dict[str, str]:
    """The sha256 of each file that pip would take for Vouch and an extra, by name and version.

    In the versions that are installed, because they are those that were tried.
    """
    held = "".join(f"{each.name}=={each.version}\n" for each in distributions() if each.name != "vouch")
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints.txt"
        constraints.write_text(held)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
        command += ["--report", "-", "--constraint", str(constraints)]
        command += [f"{HERE.parent}{wanted}"]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {
        f"{name}=={each['metadata']['version']}": each["download_info"]["archive_info"]["hashes"]["sha256"]
        for each in report["install"]
        if not APART.fullmatch(name := re.sub(r"[-_.]+", "-", each["metadata"]["name"]).lower())
    }


def write(path: Path, held: dict[str, str]) -> None:
    lines = [f"{name} --hash=sha256:{digest}\n" for name, digest in sorted(held.items())]
    path.write_text("# Written by `make lock`.\n" + "".join(lines))


def main() -> None:
    if sys.argv[1:] == ["name"]:
        sys.stdout.write(platform_name())
        return
    chat, dev = files(""), files("[dev]")
    write(HERE / f"{platform_name()}.txt", chat)
    write(HERE / f"{platform_name()}-dev.txt", {name: dev[name] for name in dev.keys() - chat.keys()})


if __name__ == "__main__":
    main()
