"""How each service refuses what its model does not allow.

Most of AWS's services share one wording, "1 validation error detected: Value '' at
'name' failed to satisfy constraint: ...", and differ in the code. EC2 and S3 have
their own; so has RDS for what is missing, and EKS for names. A request that has a
member which the model does not know is refused here by every service, though only
EC2 is known to do so: no SDK sends one.
"""

from __future__ import annotations

from typing import Any

from .core import Call, Refusal
from .reading import Problem

# The code of the shared wording, where it is not the one of the protocol.
CODES = {
    "eks": "InvalidParameterException",
    "elasticfilesystem": "BadRequest",
    "route53": "InvalidInput",
    "sns": "InvalidParameter",
}
PROTOCOL_CODES = {"query": "ValidationError"}
# The code for what could not be read at all.
UNREADABLE = {"query": "MalformedInput"}
# Shapes of S3 whose values have a refusal of their own.
S3_ENUMS = {
    "BucketLocationConstraint": (
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
    ),
    "StorageClass": (
        "InvalidStorageClass",
        "The storage class you specified is not valid",
    ),
}
MALFORMED_XML = (
    "The XML you provided was not well-formed or did not validate against our "
    "published schema"
)


def refusal(call: Call, problems: tuple[Problem, ...]) -> Refusal:
    """The refusal of a request with these problems; there is at least one."""
    first = problems[0]
    if first.kind == "operation":
        return no_operation(call)
    if first.kind == "service":
        return Refusal("EmulatorFailure", f"{call.service} has no model", 501)
    if call.service == "ec2":
        return ec2(first)
    if call.service == "s3":
        return s3(first)
    if call.service == "rds" and first.kind == "required":
        return missing(first)
    if first.kind in ("unknown", "type", "malformed"):
        return unreadable(call, first)
    if call.service == "eks" and first.kind == "pattern":
        return Refusal(
            "InvalidParameterException",
            f"The parameter {first.dotted} contains invalid characters. It should "
            f'conform to the regular expression "{first.shape.raw["pattern"]}"',
        )
    kept = [each for each in problems if each.kind not in ("unknown", "type")]
    code = CODES.get(call.service) or PROTOCOL_CODES.get(
        call.protocol, "ValidationException"
    )
    return Refusal(code, detected(kept))


def no_operation(call: Call) -> Refusal:
    """The service has no such operation, or not in that version."""
    if call.protocol == "ec2":
        return Refusal(
            "InvalidAction",
            f"The action {call.operation} is not valid for this web service.",
        )
    if call.protocol == "query":
        return Refusal(
            "InvalidAction",
            f"Could not find operation {call.operation} for version "
            f"{call.params.get('Version')}",
        )
    if call.protocol == "s3":
        return Refusal(
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
            405,
        )
    return Refusal("UnknownOperationException", f"No operation {call.operation}", 404)


def detected(problems: list[Problem]) -> str:
    """The wording that most services share."""
    many = "error" if len(problems) == 1 else "errors"
    told = "; ".join(
        f"Value {shown(each)}at '{each.dotted}' failed to satisfy constraint: {each.rule}"
        for each in problems
    )
    return f"{len(problems)} validation {many} detected: {told}"


def shown(problem: Problem) -> str:
    """A value as that wording shows it, with a blank behind; secrets are not shown."""
    if problem.kind == "required":
        return "null "
    if problem.shape is not None and problem.shape.sensitive:
        return ""
    return f"'{spelled(problem.value)}' "


def spelled(value: Any) -> str:
    """A value as Java writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(spelled(each) for each in value)}]"
    if isinstance(value, dict):
        return (
            f"{{{', '.join(f'{key}={spelled(each)}' for key, each in value.items())}}}"
        )
    return str(value)


def missing(problem: Problem) -> Refusal:
    """A parameter that must be there."""
    return Refusal(
        "MissingParameter", f"The request must contain the parameter {problem.wire}"
    )


def unreadable(call: Call, problem: Problem) -> Refusal:
    """What the service cannot make a parameter of."""
    code = UNREADABLE.get(call.protocol, "SerializationException")
    if problem.kind == "unknown":
        return Refusal(code, f"The parameter {problem.dotted} is not recognized")
    if problem.kind == "malformed":
        return Refusal(code, "The request could not be read")
    kind = problem.shape.type if problem.shape is not None else "structure"
    return Refusal(code, f"{problem.dotted} can not be converted to {kind}")


def ec2(problem: Problem) -> Refusal:
    """EC2's way."""
    name = problem.wire[:1].lower() + problem.wire[1:]
    if problem.kind == "unknown":
        return Refusal(
            "UnknownParameter", f"The parameter {problem.wire} is not recognized"
        )
    if problem.kind == "required":
        return missing(problem)
    text = f"Value ( {spelled(problem.value)} ) for parameter {name} is invalid."
    shape = problem.shape
    if problem.kind == "least" and shape is not None:
        text += f" Expecting a value greater than {shape.least:.0f}."
    if problem.kind == "most" and shape is not None:
        text += f" Expecting a value less than {shape.most:.0f}."
    return Refusal("InvalidParameterValue", text)


def s3(problem: Problem) -> Refusal:
    """S3's way: one answer for everything in a body, another for the rest."""
    if problem.kind == "checksum":
        return Refusal("InvalidRequest", problem.rule)
    if problem.kind == "enum" and problem.shape is not None:
        if problem.shape.name in S3_ENUMS:
            return Refusal(*S3_ENUMS[problem.shape.name])
    if len(problem.path) != 1 or problem.kind == "malformed":
        return Refusal("MalformedXML", MALFORMED_XML)
    in_body = problem.shape is not None and problem.shape.type == "structure"
    if problem.kind == "required" and in_body:
        return Refusal("MissingRequestBodyError", "Request Body is empty")
    return Refusal(
        "InvalidArgument",
        f"Invalid Argument: {problem.wire}",
        ArgumentName=problem.wire,
        ArgumentValue=spelled(problem.value),
    )
