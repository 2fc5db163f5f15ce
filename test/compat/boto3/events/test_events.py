import json
from datetime import datetime, timezone

from botocore.config import Config

from hub import MEMBER, REGION, HubTest, Receiver, client

ENTRY = {"Source": "my.app", "DetailType": "Order Placed", "Detail": '{"n":1.0}'}


class Events(HubTest):
    def test_that_are_put_arrive_at_the_target_of_a_rule(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.aws.put_rule(Name="hook", EventPattern='{"detail-type":["Order Placed"]}')
        self.aws.put_targets(Rule="hook", Targets=[{"Id": "t", "Arn": f"{receiver.url}/hook"}])
        when = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        put = self.aws.put_events(Entries=[{**ENTRY, "Time": when, "Resources": ["r", "ü"]}])
        self.assertEqual(put["FailedEntryCount"], 0)
        path, headers, event = receiver.next()
        self.assertEqual(path, "/hook")
        self.assertEqual(headers["content-type"], "application/json; charset=utf-8")
        self.assertEqual(
            event,
            {
                "version": "0",
                "id": put["Entries"][0]["EventId"],
                "detail-type": "Order Placed",
                "source": "my.app",
                "account": MEMBER,
                "time": "2026-01-02T03:04:05Z",
                "region": REGION,
                "resources": ["r", "ü"],
                "detail": {"n": 1.0},
            },
        )
        tested = self.aws.test_event_pattern(
            EventPattern='{"detail":{"n":[{"numeric":["=",1]}]}}', Event=json.dumps(event)
        )
        self.assertIs(tested["Result"], True)

    def test_that_are_wrong_fail_alone(self):
        put = self.aws.put_events(Entries=[{**ENTRY, "Detail": "["}, ENTRY])
        self.assertEqual(put["FailedEntryCount"], 1)
        self.assertEqual(
            put["Entries"][0],
            {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
        )
        self.assertEqual(list(put["Entries"][1]), ["EventId"])

    def test_are_refused_in_the_words_of_aws(self):
        self.assert_refused(
            "ValidationException",
            "1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
            client("events", config=Config(parameter_validation=False)).put_events,
            Entries=[],
        )
        large = {**ENTRY, "Detail": json.dumps({"text": "x" * 1_048_576})}
        self.assert_refused(
            "ValidationException",
            "Total event entry size must be less than 1048576 bytes.",
            self.aws.put_events,
            Entries=[large],
        )
        self.assert_refused(
            self.aws.exceptions.InvalidEventPatternException,
            "Event pattern is not valid. Reason: Filter is not an object\n"
            " at [Source: (String)\"[]\"; line: 1, column: 2]",
            self.aws.test_event_pattern,
            EventPattern="[]",
            Event="{}",
        )
