"""What the tests share: clients of the hub, what they were answered, and a target."""

import json
import queue
import threading
import time
import unittest
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.exceptions import ClientError

MEMBER = "444444444444"
SECURITY = "333333333333"
REGION = "ap-southeast-2"
WAIT_SECONDS = 20

#: By service, the operations that the hub has answered.
answered = defaultdict(set)
#: By service, those that it has and refuses whatever is asked.
refused = defaultdict(set)


def client(service, profile="member", **options):
    """A client as a user makes it: credentials, region and endpoint come from AWS's own files."""
    made = boto3.Session(profile_name=profile).client(service, **options)
    made.meta.events.register("after-call", _note)
    return made


def arn(resource, service="events", account=MEMBER):
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


def eventually(look):
    """What `look` returns once its assertions hold."""
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return look()
        except (AssertionError, ClientError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class HubTest(unittest.TestCase):
    """Tests of one client, `self.aws`."""

    service = "events"
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.aws = client(cls.service)

    def assert_refused(self, error, message, call, *args, **kwargs):
        """
        `error` is a class of `client.exceptions`, or the code of one that AWS's model has no class
        for; `message` is AWS's text, whole.
        """
        kind = ClientError if isinstance(error, str) else error
        with self.assertRaises(kind) as caught:
            call(*args, **kwargs)
        details = caught.exception.response["Error"]
        self.assertEqual(details["Message"], message)
        if isinstance(error, str):
            self.assertEqual(details["Code"], error)

    def without_metadata(self, answer):
        self.assertEqual(answer["ResponseMetadata"]["RetryAttempts"], 0)
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


class Receiver:
    """
    A target: what was posted to it, in the order in which it came. One that holds answers nobody
    until it is closed.
    """

    def __init__(self, holds=False):
        received = self._received = queue.Queue()
        answers = self._answers = threading.Event()
        if not holds:
            answers.set()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                received.put((self.path, dict(self.headers), json.loads(body)))
                answers.wait()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def next(self):
        return self._received.get(timeout=WAIT_SECONDS)

    def close(self):
        self._answers.set()
        self._server.shutdown()
        self._server.server_close()


def _note(http_response, model, **_):
    if http_response.status_code >= 300:
        return
    service = model.service_model.service_name
    answered[service].add(model.name)
    if model.output_shape is not None and model.service_model.metadata["protocol"] != "query":
        _check(model.output_shape, json.loads(http_response.content or "{}"), model.name)


def _check(shape, value, path):
    """
    A client drops what it does not know and reads wrong types as they come: the raw answer must be
    what the service's model says.
    """
    if shape.type_name == "structure":
        members = {
            member.serialization.get("name", name): member
            for name, member in shape.members.items()
        }
        unknown = set(value) - set(members)
        missing = set(shape.required_members) - set(value)
        assert not unknown, f"{path} has {unknown}, which AWS's model does not know"
        assert not missing, f"{path} lacks {missing}, which AWS's model requires"
        for name, item in value.items():
            _check(members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        assert isinstance(value, list), path
        for index, item in enumerate(value):
            _check(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            _check(shape.value, item, f"{path}.{name}")
    else:
        wanted = _TYPES[shape.type_name]
        assert isinstance(value, wanted), f"{path} is {value!r}, not {shape.type_name}"
        allowed = getattr(shape, "enum", None)
        assert not allowed or value in allowed, f"{path} is {value!r}, not of {allowed}"


_TYPES = {
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "timestamp": (int, float, str),
}
