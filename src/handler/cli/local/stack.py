"""The real template through the real `sam build` and `sam deploy`, against an emulator."""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from handler.cli.local.emulator import REGION, LocalError, environment, require_loopback, run
from handler.cli.output import complain
from handler.cli.stacks import STACK

FUNCTION = "LookalikeFunction"  # its logical id in template.yaml
RUN_FOLDERS, SAM_FOLDERS = "run", "sam"  # in the work folder: one folder for each emulator, and each run of sam
ARTIFACTS = "lookalike-artifacts"  # the bucket that `sam deploy` puts the built code into
NO_ENDPOINT = "http://127.0.0.1:9"  # the discard port: a build needs no AWS, so it gets none
ARCHITECTURE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def project_root() -> Path:
    """Return the folder with template.yaml: the current one, one above it, or that of this checkout."""
    for folder in (Path.cwd(), *Path.cwd().parents, Path(__file__).resolve().parents[4]):
        if (folder / "template.yaml").is_file() and (folder / "layers" / "imaging").is_dir():
            return folder
    raise LocalError(
        "local needs a checkout of the project, and this folder is not in one: "
        "clone the project, run make setup in it, and use its .venv/bin/lookalike"
    )


def work_folder(root: Path) -> Path:
    """Return the folder under *root* where local runs keep what they build; made if it is missing."""
    folder = root / ".lookalike"
    folder.mkdir(exist_ok=True)
    return folder


def build_for_emulator(root: Path) -> Path:
    """Build for the interpreter that runs this, unless that build is there already; return its template.

    The emulator runs functions on its own interpreter, whatever the template's Runtime says.
    """
    folder = work_folder(root) / f"build-{sys.implementation.cache_tag}"
    return _build(root, folder, {"LAYER_INTERPRETER": sys.executable})


def build_for_lambda(root: Path) -> Path:
    """Build for the template's Runtime, unless that build is there already; return its template."""
    return _build(root, root / ".aws-sam" / "build", {})


def deploy(root: Path, template: Path, *, endpoint: str, parameters: Mapping[str, str]) -> None:
    """Deploy the built *template* to the emulator at *endpoint*; its ARTIFACTS bucket must exist."""
    _sam(
        root,
        "deploy",
        *("--template-file", str(template), "--stack-name", STACK, "--s3-bucket", ARTIFACTS, "--region", REGION),
        *("--capabilities", "CAPABILITY_IAM", "--no-confirm-changeset", "--no-progressbar", "--config-env", "local"),
        *("--parameter-overrides", *overrides(parameters)),
        env=environment(require_loopback(endpoint), {"SAM_CLI_POLL_DELAY": "0.1"}),
    )


def overrides(parameters: Mapping[str, str]) -> list[str]:
    """Return *parameters*, and this machine's architecture, as sam takes them: quoted as it unquotes them."""
    escaped = {name: value.replace("\\", "\\\\").replace('"', '\\"') for name, value in parameters.items()}
    return [f'{name}="{value}"' for name, value in ({"Architecture": ARCHITECTURE} | escaped).items()]


def sam_executable(root: Path) -> str:
    """Return sam's path; it has an environment of its own, since its pins differ from the emulator's."""
    sam = root / ".venv-sam" / "bin" / "sam"
    if not sam.exists():
        raise LocalError(f"sam is missing (no {sam.relative_to(root)}): run make setup")
    return str(sam)


def _build(root: Path, folder: Path, variables: Mapping[str, str]) -> Path:
    stamp, content = folder / "content.sha256", _content(root, variables)
    with lock(folder.with_name(folder.name + ".lock"), "waiting for another build of the same"):
        if not (stamp.is_file() and stamp.read_text() == content):
            stamp.unlink(missing_ok=True)
            cache = folder.with_name(folder.name + "-cache")
            _sam(
                root,
                "build",
                *("--template-file", str(root / "template.yaml"), "--build-dir", str(folder)),
                *("--cached", "--cache-dir", str(cache), "--config-env", "local"),
                env=environment(NO_ENDPOINT, {"UV": _uv(root)} | dict(variables)),
            )
            stamp.write_text(content)
    return folder / "template.yaml"


def _sam(root: Path, command: str, *words: str, env: Mapping[str, str]) -> None:
    """Run sam; what it leaves is in a folder of its own, of which only the log of a failure stays for a while."""
    scratch = work_folder(root) / SAM_FOLDERS / f"{command}-{os.getpid()}"
    (scratch / "tmp").mkdir(parents=True, exist_ok=True)
    log, variables = scratch / "output.log", dict(env) | {"TMPDIR": str(scratch / "tmp")}
    try:
        command_line = [sam_executable(root), command, *words]
        status, output = run(command_line, env=variables, cwd=root, log=log, scratch=scratch)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    if status == 0:
        shutil.rmtree(scratch, ignore_errors=True)
        return
    if any(sign in output for sign in ("Failed to fetch", "error sending request", "dns error")):
        raise LocalError(
            f"no package index can be reached to build the layer: connect, and run this again (full output: {log})"
        )
    lines = output.strip().splitlines()
    said = [line.strip() for line in lines if line.startswith("Error")] or lines[-1:] or ["no output"]
    raise LocalError(f"sam {command} failed: {' '.join(said)} (full output: {log})")


def _content(root: Path, variables: Mapping[str, str]) -> str:
    """Return a digest of everything that a build depends on."""
    digest = hashlib.sha256(repr(sorted(variables.items())).encode() + sys.version.encode())
    sources = [root / "template.yaml", *sorted((root / "layers").rglob("*")), *sorted((root / "src").rglob("*"))]
    for path in sources:
        if path.is_file() and "__pycache__" not in path.parts and "cli" not in path.parts:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _uv(root: Path) -> str:
    beside = [folder / "uv" for folder in (Path(sys.executable).parent, root / ".venv" / "bin")]
    found = next((str(uv) for uv in beside if uv.exists()), None) or shutil.which("uv")
    if found is None:
        raise LocalError("uv is missing (no .venv/bin/uv): run make setup")
    return found


@contextmanager
def lock(path: Path, busy: str) -> Iterator[None]:
    """Let one process at a time into the block; the lock goes with its process. Whoever has to wait is told *busy*."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            complain(busy)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
