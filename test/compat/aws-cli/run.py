"""
The AWS CLI, many times in one process: reads the arguments of a call from each line, as JSON, and
answers what it printed and its exit code. Starting `aws` costs more than a call.
"""

import contextlib
import io
import json
import sys

from awscli.clidriver import create_clidriver


def call(arguments):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            code = create_clidriver().main(arguments)
        except SystemExit as ended:
            code = ended.code
    return {"code": code, "printed": printed.getvalue()}


for line in sys.stdin:
    print(json.dumps(call(json.loads(line))), flush=True)
