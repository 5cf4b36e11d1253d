"""Docker, which only `sam local invoke` needs: whether it runs, and how its containers reach the emulator."""

import ipaddress
import json
import platform
import shutil
from pathlib import Path

from handler.cli.local import containers, emulator, stack
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import LocalError

VARIABLES = "env.json"  # what `sam local invoke` takes, in the folder of an emulator that containers reach


def require(root: Path) -> None:
    """Raise LocalError unless Docker runs."""
    if shutil.which("docker") is None or run(root, "info")[0] != 0:
        raise LocalError(
            "Docker does not answer, and sam local invoke needs it: start it (check with docker info), "
            "or run make demo, which needs none"
        )


def gateway(root: Path) -> str | None:
    """Return the host's address on Docker's bridge; None where Docker forwards to loopback (macOS, Windows).

    Raises LocalError if Docker does not run.
    """
    require(root)
    if platform.system() != "Linux":
        return None
    status, output = run(root, "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}")
    if status == 0:
        for config in json.loads(output):
            subnet = ipaddress.ip_network(config["Subnet"])
            if subnet.version == 4:
                return str(config.get("Gateway") or subnet[1])  # some daemons leave out that it is the first
    raise LocalError("Docker's bridge network has no IPv4 subnet: see docker network inspect bridge")


def variables(deployment: Deployment) -> dict[str, dict[str, str]]:
    """Return what `sam local invoke --env-vars` takes: where the function finds the emulator's resources."""
    names = {
        "BUCKET_TABLE": "BucketTableName",
        "PICTURE_TABLE": "PictureTableName",
        "PACKS_BUCKET": "PacksBucketName",
        "TOPIC_ARN": "TopicArn",
        "INTAKE_QUEUE_URL": "IntakeQueueUrl",
    }
    found = {variable: deployment.outputs[output] for variable, output in names.items()}
    return {stack.FUNCTION: found | {"ENDPOINT_URL": containers.endpoint_inside(deployment.endpoint)}}


def run(root: Path, *words: str) -> tuple[int, str]:
    """Run one command of Docker's; return its exit status and what it wrote."""
    log = stack.work_folder(root) / "docker.log"
    return emulator.run(["docker", *words], env=emulator.environment(stack.NO_ENDPOINT), cwd=root, log=log)
