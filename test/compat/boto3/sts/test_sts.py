from datetime import datetime, timedelta, timezone

import boto3

from hub import MEMBER, REGION, SECURITY, HubTest, client

ROLE = "arn:aws:iam::{}:role/api_readonly"


class Sts(HubTest):
    service = "sts"

    def test_says_who_calls(self):
        identity = self.aws.get_caller_identity()
        self.assertEqual(identity["Account"], MEMBER)
        self.assertIn(f":{MEMBER}:", identity["Arn"])

    def test_gives_temporary_keys_that_work_in_another_account(self):
        management = client("sts", "management")
        assumed = management.assume_role(
            RoleArn=ROLE.format(SECURITY), RoleSessionName="boto3", DurationSeconds=900
        )
        keys = assumed["Credentials"]
        left = keys["Expiration"] - datetime.now(timezone.utc)
        self.assertLess(abs(left - timedelta(minutes=15)), timedelta(minutes=1))
        self.assertEqual(
            assumed["AssumedRoleUser"]["Arn"],
            f"arn:aws:sts::{SECURITY}:assumed-role/api_readonly/boto3",
        )
        session = boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name=REGION,
        )
        endpoint = {"endpoint_url": self.aws.meta.endpoint_url}
        self.assertEqual(
            session.client("sts", **endpoint).get_caller_identity()["Account"], SECURITY
        )
        events = session.client("events", **endpoint)
        self.assertIn("default", [bus["Name"] for bus in events.list_event_buses()["EventBuses"]])
        self.assert_refused(
            events.exceptions.AccessDeniedException,
            f"User: {assumed['AssumedRoleUser']['Arn']} is not authorized to perform: "
            f"events:PutRule on resource: arn:aws:events:{REGION}:{SECURITY}:* because no "
            "identity-based policy allows the events:PutRule action",
            events.put_rule,
            Name="r",
            EventPattern="{}",
        )

    def test_refuses_in_the_words_of_aws(self):
        caller = self.aws.get_caller_identity()["Arn"]
        role = "arn:aws:iam::999999999999:role/api_readonly"
        self.assert_refused(
            "AccessDenied",
            f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: {role}",
            self.aws.assume_role,
            RoleArn=role,
            RoleSessionName="boto3",
        )
        unknown = boto3.client(
            "sts",
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
            aws_secret_access_key="x",
            region_name=REGION,
            endpoint_url=self.aws.meta.endpoint_url,
        )
        self.assert_refused(
            "InvalidClientTokenId",
            "The security token included in the request is invalid.",
            unknown.get_caller_identity,
        )
