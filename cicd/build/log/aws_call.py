"""A command that failed because it wanted AWS: which service, and what to do here. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cicd.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

_GIVE = (
    "give them with --env or --env-file: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if they "
    "are temporary, AWS_SESSION_TOKEN ('aws configure export-credentials --profile NAME "
    "--format env-no-export' writes such a file)"
)
_STAND_IN = "or set AWS_ENDPOINT_URL to a stand-in of AWS on this machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Saying:
    """What a tool writes, what it means, and what to do."""

    pattern: re.Pattern[str]
    means: str  # "{call}" is what was wanted
    do: str


def _saying(pattern: str, means: str, do: str) -> _Saying:
    return _Saying(pattern=re.compile(pattern), means=means, do=do)


# Words of the AWS CLI and botocore, of the SDKs for Go, JavaScript and Java, of CDK and Terraform.
_SAYINGS = (
    _saying(
        r"\baws: (command )?not found|\baws: No such file or directory",
        "{call} needs the AWS CLI, which is not where the command ran",
        "take an image that has it (--image), or install it in the install phase",
    ),
    _saying(
        r"The config profile \((?P<name>.*?)\) could not be found",
        "{call} names the profile '{name}', which is not where the command ran",
        f"leave the profile out, and {_GIVE}",
    ),
    _saying(
        r"ExpiredToken|RequestExpired|token has expired|SSO session .* expired",
        "{call} was refused: the build's credentials have expired",
        "sign in again, and give the build the new ones with --env or --env-file",
    ),
    _saying(
        r"InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId"
        r"|SignatureDoesNotMatch|AuthFailure",
        "{call} was refused: AWS does not know the build's credentials",
        f"{_GIVE}; {_STAND_IN}",
    ),
    _saying(
        r"\((AccessDenied|AccessDeniedException|UnauthorizedOperation)\)"
        r"|is not authorized to perform",
        "{call} was refused: the build's credentials do not allow it",
        "on AWS the project's service role counts; here, the credentials that you give",
    ),
    _saying(
        r"Unable to locate credentials|NoCredentialsError|NoCredentialProviders"
        r"|PartialCredentialsError|No valid credential sources|no EC2 IMDS role found"
        r"|retrieving credentials from container-role|failed to refresh cached credentials"
        r"|Missing credentials in config|Could not load credentials from any providers"
        r"|Unable to load (AWS )?credentials|no credentials have been configured"
        r"|Unable to resolve AWS account to use",
        "{call} wanted credentials, and the build has none",
        f"{_GIVE}; {_STAND_IN}",
    ),
    _saying(
        r"You must specify a region|NoRegionError",
        "{call} wanted a region, and found none",
        "the build sets AWS_REGION: do not unset it, or name one with --region",
    ),
    _saying(
        r"Could not connect to the endpoint URL|EndpointConnectionError|ConnectTimeoutError"
        r"|Connect timeout on endpoint URL",
        "{call} could not be reached{where}",
        "look at the build's network; without one, set AWS_ENDPOINT_URL to a stand-in of AWS on "
        "this machine",
    ),
)
_COMMAND = re.compile(
    r"(?:^|[\s;&|(`])aws\s+(?:--?[\w-]+(?:[= ](?!-)\S+)?\s+)*?(?P<service>[a-z][a-z0-9-]*)"
    r"\s+(?P<operation>[a-z][a-z0-9-]*)",
    re.MULTILINE,
)
_OPERATION = re.compile(r"when calling the (?P<operation>\w+) operation")
_GO = re.compile(r"operation error (?P<service>(?!ec2imds)[\w ]+): (?P<operation>\w+)")
_URL = re.compile(r"endpoint URL: \"?(?P<url>https?://(?P<service>[\w-]+)[^\"\s]*)")


def aws_hint(command: str, output: Sequence[str]) -> str:
    """
    Say what a failed command wanted of AWS and could not have, and what to do; "" if nothing.

    Args:
        command: Its text.
        output: The last lines that it wrote, in which tools say why they end.
    """
    said = "\n".join(output)
    for saying in _SAYINGS:
        found = saying.pattern.search(said)
        if found is None:
            continue
        at = _URL.search(said)
        means = saying.means.format(
            call=_call(command, said),
            name=found.groupdict().get("name", ""),
            where=f" at {at['url'].split('?')[0]}" if at else "",
        )
        return f"{means[0].upper()}{means[1:]}\n{saying.do}"
    return ""


def _call(command: str, said: str) -> str:
    """Name the call: its operation as AWS says it, else the words of the command line."""
    if go := _GO.search(said):
        return f"{go['operation']} of {go['service']}"
    typed = _COMMAND.search(command)
    operation = _OPERATION.search(said)
    if operation:
        of = f" ('aws {typed['service']} {typed['operation']}')" if typed else ""
        return f"{operation['operation']}{of}"
    if typed:
        return f"'aws {typed['service']} {typed['operation']}'"
    if at := _URL.search(said):
        return at["service"] if at["service"] != "169" else "the command"
    return "the command"
