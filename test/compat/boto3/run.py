"""
Runs the tests of one service's client: `python3 run.py events`. They pass when each does, and
every operation that the hub has was called.
"""

import sys
import unittest
from pathlib import Path

from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.utils import ArgumentGenerator

import hub

#: How the hub says that it does not have an operation, and of STS one that is not signed.
UNKNOWN = {"UnknownOperationException", "InvalidAction", "MissingAuthenticationToken"}


def uncovered(service):
    """Operations that the hub has, and that no test saw answered."""
    aws = hub.client(service, config=Config(parameter_validation=False))
    seen = set(hub.answered[service] | hub.refused[service])
    return [
        operation
        for method, operation in sorted(aws.meta.method_to_api_mapping.items())
        if operation not in seen and _is_known(aws, method, operation)
    ]


def _is_known(aws, method, operation):
    shape = aws.meta.service_model.operation_model(operation).input_shape
    arguments = ArgumentGenerator().generate_skeleton(shape) if shape else {}
    try:
        getattr(aws, method)(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] not in UNKNOWN
    return True


def main(service):
    suite = unittest.defaultTestLoader.discover(str(Path(__file__).parent / service))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful() or result.testsRun == 0:
        return 1
    missing = uncovered(service)
    if missing:
        print("no test calls", ", ".join(missing), file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
