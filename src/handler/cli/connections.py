"""What there has to be between a bucket and a stack before its pictures are taken in, and how to mend what is not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from handler.aws.error_names import DENIED
from handler.cli.notifications import WouldLose, read
from handler.cli.output import one_line, printable
from handler.cli.program import ours
from handler.cli.stacks import DeployedStack
from handler.core.model import ReadDenied

OK, MISSING, UNKNOWN = "ok", "missing", "unknown"
SOME = 1000  # objects among which one to read is chosen; what S3 lists at once
ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}

Clients = Callable[[str], Any]  # boto3's, by service


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    check: str
    state: str  # ok, missing or unknown
    found: str
    cure: str = ""


class Connection:
    """A bucket and a stack, and what is missing between them."""

    def __init__(self, client: Clients, stack: DeployedStack, bucket: str, region: str) -> None:
        """*region* is the stack's."""
        self._client, self._stack, self._bucket, self._region = client, stack, bucket, region

    @property
    def is_own(self) -> bool:
        """Whether the bucket is the one that the stack made."""
        return self._stack.outputs.get("PicturesBucket") == self._bucket

    @property
    def is_named(self) -> bool:
        """Whether the stack takes pictures from the bucket."""
        return self._bucket in self._listed("ExistingBuckets")

    @property
    def overrides(self) -> str:
        """What to deploy with so that the stack takes pictures from the bucket too."""
        return f"ExistingBuckets={','.join([*self._listed('ExistingBuckets'), self._bucket])}"

    def checks(self) -> Iterator[Check]:
        """Yield what was found, the first things first; no more if there is no such bucket."""
        first = self._asked("bucket", "s3:ListBucket", self._there)
        yield first
        if first.state == MISSING:
            return
        yield self._asked("region", "s3:ListBucket", self._in_region)
        yield self._in_stack()
        if not self.is_own:
            yield self._asked("eventbridge", "s3:GetBucketNotification", self._told)
            if self.is_named:
                yield self._asked("rule", "events:ListRuleNamesByTarget and events:DescribeRule", self._heard)
        yield self._asked("encryption", "s3:GetEncryptionConfiguration and kms:DescribeKey", self._encrypted)
        yield self._asked("requester pays", "s3:GetBucketRequestPayment", self._paid)
        yield self._asked("versioning", "s3:GetBucketVersioning", self._versioned)
        yield self._asked("reading", "s3:ListBucket and lambda:InvokeFunction", self._readable)
        yield self._asked("concurrency", "lambda:GetAccountSettings", self._bounded)

    def delivery(self) -> Iterator[Check]:
        """Yield what there is on the way of the bucket's events alone, EventBridge first."""
        yield self._asked("eventbridge", "s3:GetBucketNotification", self._told)
        yield self._asked("rule", "events:ListRuleNamesByTarget and events:DescribeRule", self._heard)

    def region(self) -> str:
        """Return the bucket's region. Errors are botocore's."""
        return str(self._client("s3").head_bucket(Bucket=self._bucket).get("BucketRegion") or self._region)

    def _asked(self, name: str, permission: str, look: Callable[[str], Check]) -> Check:
        """Return what *look* found, or that nobody would say."""
        try:
            return look(name)
        except ClientError as error:
            if error.response["Error"]["Code"] in DENIED:
                return Check(name, UNKNOWN, "you may not ask", f"ask for {permission}")
            return Check(name, UNKNOWN, one_line(error))

    def _listed(self, parameter: str) -> list[str]:
        return [one for one in self._stack.parameters.get(parameter, "").split(",") if one]

    def _there(self, name: str) -> Check:
        try:
            self.region()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
                return Check(name, MISSING, "there is no such bucket", "check its name, and the account")
            raise
        return Check(name, OK, "it is there")

    def _in_region(self, name: str) -> Check:
        region = self.region()
        if region == self._region:
            return Check(name, OK, region)
        return Check(name, MISSING, f"it is in {region}, the stack in {self._region}", f"deploy a stack in {region}")

    def _in_stack(self) -> Check:
        if self.is_own:
            return Check("stack", OK, "it is the stack's own, and needs no EventBridge")
        if self.is_named:
            return Check("stack", OK, "ExistingBuckets names it")
        cure = f"sam deploy --parameter-overrides {self.overrides}, with every other parameter that you have set"
        return Check("stack", MISSING, "ExistingBuckets does not name it", cure)

    def _told(self, name: str) -> Check:
        try:
            on = read(self._client("s3"), self._bucket).eventbridge
        except WouldLose as error:
            return Check(name, UNKNOWN, str(error))
        if on:
            return Check(name, OK, "it is on")
        return Check(name, MISSING, "it is off", ours(f"connect s3://{self._bucket}", self._stack.name))

    def _heard(self, name: str) -> Check:
        events, queue = self._client("events"), self._stack.output("IntakeQueueArn")
        rules = events.list_rule_names_by_target(TargetArn=queue)["RuleNames"]
        states = {one: events.describe_rule(Name=one)["State"] for one in rules}
        if on := [one for one, state in states.items() if state.startswith("ENABLED")]:
            return Check(name, OK, f"{', '.join(on)} is enabled")
        cure = f"aws events enable-rule --name {rules[0]}" if rules else "deploy the stack again"
        return Check(name, MISSING, "no enabled rule sends events to the queue", cure)

    def _encrypted(self, name: str) -> Check:
        try:
            said = self._client("s3").get_bucket_encryption(Bucket=self._bucket)["ServerSideEncryptionConfiguration"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ServerSideEncryptionConfigurationNotFoundError":
                return Check(name, OK, "by S3")
            raise
        usual = [one.get("ApplyServerSideEncryptionByDefault", {}) for one in said["Rules"]]
        keys = [one["KMSMasterKeyID"] for one in usual if one.get("KMSMasterKeyID")]
        if not keys:
            return Check(name, OK, "by S3" if all(one.get("SSEAlgorithm") == "AES256" for one in usual) else "aws/s3")
        key = self._client("kms").describe_key(KeyId=keys[0])["KeyMetadata"]
        if key.get("KeyManager") == "AWS" or key["Arn"] in self._listed("KmsKeyArns"):
            return Check(name, OK, str(key["Arn"]))
        arns = ",".join([*self._listed("KmsKeyArns"), key["Arn"]])
        return Check(name, MISSING, f"KmsKeyArns lacks {key['Arn']}", f"deploy with KmsKeyArns={arns}")

    def _paid(self, name: str) -> Check:
        if self._client("s3").get_bucket_request_payment(Bucket=self._bucket).get("Payer") != "Requester":
            return Check(name, OK, "no")
        account = self._stack.output("FunctionRoleArn").split(":")[4]
        try:
            self._client("s3").head_bucket(Bucket=self._bucket, ExpectedBucketOwner=account)
        except ClientError:
            cure = "switch it off: the function does not offer to pay"
            return Check(name, MISSING, "yes, and the bucket is of another account", cure)
        return Check(name, OK, "yes, but not from its own account")

    def _versioned(self, name: str) -> Check:
        status = self._client("s3").get_bucket_versioning(Bucket=self._bucket).get("Status", "off")
        return Check(name, OK, f"{status.lower()}: taken in either way")

    def _readable(self, name: str) -> Check:
        """Have the function look an object up: it reads it with its own role, and decrypts it."""
        objects = self._client("s3").list_objects_v2(Bucket=self._bucket, MaxKeys=SOME).get("Contents", [])
        fit = [one for one in objects if one["Size"] and one.get("StorageClass") not in ARCHIVED]
        if not fit:
            return Check(name, UNKNOWN, "there is no object to try", "put a picture into it, and check again")
        key = min(fit, key=lambda one: int(one["Size"]))["Key"]
        event = {"lookup": {"bucket": self._bucket, "key": key}}
        function = self._stack.output("FunctionName")
        answer = self._client("lambda").invoke(FunctionName=function, Payload=json.dumps(event).encode())
        said = json.loads(answer["Payload"].read())
        if "FunctionError" not in answer:
            return Check(name, OK, f"the function has read {printable(key)}")
        reason = one_line(Exception(said.get("errorMessage", said)))
        if said.get("errorType") != ReadDenied.__name__:
            return Check(name, UNKNOWN, f"the function failed: {reason}", ours("status", self._stack.name))
        return Check(name, MISSING, reason, self._reading_cure())

    def _reading_cure(self) -> str:
        role = self._stack.output("FunctionRoleArn")
        if not (self.is_named or self.is_own):
            return "name it in ExistingBuckets, as above"
        return f"let {role} read it in the bucket's policy, and name the key of its objects in KmsKeyArns"

    def _bounded(self, name: str) -> Check:
        wanted = int(self._stack.parameter("IntakeConcurrency"))
        limit = int(self._client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"])
        reserved = int(self._stack.parameter("MaxConcurrency"))
        most = min(limit, reserved or limit)
        if wanted < most or wanted == reserved:
            return Check(name, OK, f"IntakeConcurrency is {wanted}, of {most}")
        cure = f"deploy with IntakeConcurrency={max(2, most // 2)}, or have the account's limit raised"
        return Check(name, MISSING, f"IntakeConcurrency is {wanted}, and no more than {most} run at once", cure)
