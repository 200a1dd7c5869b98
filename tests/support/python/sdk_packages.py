"""The libraries of sdk/, packed as their registries want them."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
SDK = ROOT / "sdk"
TOOLS = ROOT / "build" / "contract_tools"
DRIVERS = ROOT / "tests" / "sdk"


def run(*command, cwd, text=None, **environment):
    done = subprocess.run([str(part) for part in command], cwd=cwd, input=text or "", capture_output=True, text=True, timeout=900,
                          env={**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod", **environment})
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def install_tools():
    run(ROOT / "tools" / "install_contract_tools", cwd=ROOT)


# Each packs the SDK, installs what was packed, and gives the command of its driver.

def python(folder):
    shutil.copytree(SDK / "python", folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    run("/usr/bin/python3", "-m", "venv", folder / "venv", cwd=folder)
    pip = [folder / "venv/bin/pip", "--disable-pip-version-check", "--quiet"]
    # The source distribution, and the wheel that is made of it: what is left out of the first is missing in the second.
    run(folder / "venv/bin/python3", "-c", "from setuptools import build_meta; print(build_meta.build_sdist('..'))", cwd=folder / "source")
    source, = folder.glob("postrider-*.tar.gz")
    run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    wheel, = folder.glob("postrider-*.whl")
    run(*pip, "install", "--no-index", wheel, cwd=folder)
    return [folder / "venv/bin/python3", DRIVERS / "driver.py"]


def typescript(folder):
    shutil.copytree(SDK / "typescript", folder / "source", ignore=shutil.ignore_patterns("node_modules", "dist"))
    path = f"{TOOLS / 'node_modules/.bin'}:{os.environ['PATH']}"
    run("npm", "pack", "--silent", "--pack-destination", folder, cwd=folder / "source", PATH=path)
    package, = folder.glob("postrider-*.tgz")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    run("npm", "install", "--silent", "--offline", "--no-audit", "--no-fund", package, cwd=folder)
    shutil.copy(DRIVERS / "driver.ts", folder)
    (folder / "node_modules" / "@types").symlink_to(TOOLS / "node_modules" / "@types")
    (folder / "node_modules" / "undici-types").symlink_to(TOOLS / "node_modules" / "undici-types")
    run(TOOLS / "node_modules/.bin/tsc", "--target", "es2022", "--module", "nodenext", "--strict", "--skipLibCheck", "--types", "node",
        "driver.ts", cwd=folder)
    return ["node", folder / "driver.js"]


def need_go():
    """Debian 12 has an older one."""
    version = re.match(r"go1\.(\d+)", run("go", "env", "GOVERSION", cwd=ROOT))
    if version is None or int(version[1]) < 24:
        pytest.skip("the Go library needs Go 1.24")


def go(folder):
    """From a proxy of modules, in a folder, which is what one is over HTTP."""
    need_go()
    shutil.copytree(DRIVERS / "go", folder / "driver")
    run("go", "vet", "./...", cwd=SDK / "go")
    name, version = "postrider.dev/go/postrider", "v0.1.0"
    proxy = folder / "proxy" / name / "@v"
    proxy.mkdir(parents=True)
    (proxy / "list").write_text(version + "\n")
    (proxy / f"{version}.info").write_text(json.dumps({"Version": version}))
    shutil.copy(SDK / "go" / "go.mod", proxy / f"{version}.mod")
    with zipfile.ZipFile(proxy / f"{version}.zip", "w") as packed:
        for file in sorted((SDK / "go").iterdir()):
            packed.write(file, f"{name}@{version}/{file.name}")
    (folder / "driver" / "go.mod").write_text("module driver\n\ngo 1.24\n")
    # A cache of its own: this version has other contents tomorrow.
    here = {"GOPROXY": f"file://{folder / 'proxy'}", "GONOSUMDB": "*", "GOMODCACHE": str(folder / "modules"), "GOFLAGS": "-mod=mod -modcacherw"}
    run("go", "get", f"{name}@latest", cwd=folder / "driver", **here)
    run("go", "build", "-o", "driver", ".", cwd=folder / "driver", **here)
    run("go", "mod", "vendor", cwd=folder / "driver", **here)
    return [folder / "driver" / "driver"]
