"""The libraries of sdk/, packed as their registries want them."""

import os
import pathlib
import shutil
import subprocess

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
    run(folder / "venv/bin/pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "--wheel-dir", folder, folder / "source", cwd=folder)
    wheel, = folder.glob("postrider-*.whl")
    run(folder / "venv/bin/pip", "install", "-q", "--disable-pip-version-check", "--no-index", wheel, cwd=folder)
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


def go(folder):
    shutil.copytree(SDK / "go", folder / "module")
    shutil.copytree(DRIVERS / "go", folder / "driver")
    run("go", "vet", "./...", cwd=folder / "module")
    (folder / "driver" / "go.mod").write_text(
        "module driver\n\ngo 1.21\n\nrequire postrider.dev/go/postrider v0.0.0\n\nreplace postrider.dev/go/postrider => ../module\n")
    run("go", "build", "-o", "driver", ".", cwd=folder / "driver", GOFLAGS="-mod=mod")
    return [folder / "driver" / "driver"]
