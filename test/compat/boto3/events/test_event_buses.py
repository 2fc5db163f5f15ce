import json
from datetime import datetime, timedelta, timezone

from hub import SECURITY, HubTest, arn


class EventBuses(HubTest):
    def test_are_created_described_updated_and_deleted(self):
        created = self.aws.create_event_bus(
            Name="orders", Description="Orders", Tags=[{"Key": "team", "Value": "shop"}]
        )
        bus_arn = arn("event-bus/orders")
        self.assertEqual(
            self.without_metadata(created), {"EventBusArn": bus_arn, "Description": "Orders"}
        )
        updated = self.aws.update_event_bus(Name="orders", Description="Orders of the shop")
        self.assertEqual(
            self.without_metadata(updated),
            {"Arn": bus_arn, "Name": "orders", "Description": "Orders of the shop"},
        )
        described = self.aws.describe_event_bus(Name=bus_arn)
        self.assertEqual(described["Description"], "Orders of the shop")
        age = datetime.now(timezone.utc) - described["CreationTime"]
        self.assertLess(abs(age), timedelta(minutes=1))
        self.assertGreaterEqual(described["LastModifiedTime"], described["CreationTime"])
        self.aws.delete_event_bus(Name="orders")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Event bus orders does not exist.",
            self.aws.describe_event_bus,
            Name="orders",
        )

    def test_are_listed_page_by_page(self):
        wanted = [f"page-{letter}" for letter in "abc"]
        for name in wanted:
            self.aws.create_event_bus(Name=name)
        names, token = [], {}
        while True:
            page = self.aws.list_event_buses(NamePrefix="page-", Limit=2, **token)
            names.extend(bus["Name"] for bus in page["EventBuses"])
            if "NextToken" not in page:
                break
            token = {"NextToken": page["NextToken"]}
        self.assertEqual(names, wanted)
        self.assert_refused(
            "InvalidTokenException",
            "The provided NextToken is not valid.",
            self.aws.list_rules,
            **token,
        )

    def test_are_refused_in_the_words_of_aws(self):
        self.assert_refused(
            self.aws.exceptions.ResourceAlreadyExistsException,
            "Event bus default already exists.",
            self.aws.create_event_bus,
            Name="default",
        )
        self.assert_refused(
            "ValidationException",
            "Cannot delete event bus default.",
            self.aws.delete_event_bus,
            Name="default",
        )
        self.assert_refused(
            "ValidationException",
            "1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: "
            "Member must satisfy regular expression pattern: [/\\.\\-_A-Za-z0-9]+",
            self.aws.create_event_bus,
            Name="a b",
        )

    def test_have_tags(self):
        self.aws.create_event_bus(Name="tagged", Tags=[{"Key": "team", "Value": "shop"}])
        tagged = {"ResourceARN": arn("event-bus/tagged")}
        self.aws.tag_resource(**tagged, Tags=[{"Key": "env", "Value": "a/b ü"}])
        self.aws.untag_resource(**tagged, TagKeys=["team"])
        self.assertEqual(
            self.aws.list_tags_for_resource(**tagged)["Tags"], [{"Key": "env", "Value": "a/b ü"}]
        )
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Event bus none does not exist.",
            self.aws.list_tags_for_resource,
            ResourceARN=arn("event-bus/none"),
        )


class Permissions(HubTest):
    def test_are_granted_and_taken_back(self):
        self.aws.create_event_bus(Name="shared")
        bus = {"EventBusName": "shared"}
        grant = {"Action": "events:PutEvents", "Principal": SECURITY, "StatementId": "security"}
        self.aws.put_permission(**bus, **grant)
        [statement] = self.policy("shared")["Statement"]
        self.assertEqual(statement["Sid"], "security")
        self.assertEqual(statement["Principal"], {"AWS": f"arn:aws:iam::{SECURITY}:root"})
        self.aws.remove_permission(**bus, StatementId="security")
        self.assertNotIn("Policy", self.aws.describe_event_bus(Name="shared"))
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Statement with the provided id does not exist.",
            self.aws.remove_permission,
            **bus,
            StatementId="security",
        )

    def test_are_put_as_a_policy(self):
        self.aws.create_event_bus(Name="governed")
        statement = {
            "Sid": "all",
            "Effect": "Allow",
            "Principal": "*",
            "Action": "events:PutEvents",
            "Resource": arn("event-bus/governed"),
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        self.aws.put_permission(EventBusName="governed", Policy=json.dumps(policy))
        self.assertEqual(self.policy("governed"), policy)
        long = [{**statement, "Sid": f"{n:0>64}"} for n in range(60)]
        self.assert_refused(
            self.aws.exceptions.PolicyLengthExceededException,
            "Policy size would be larger than the maximum allowed.",
            self.aws.put_permission,
            EventBusName="governed",
            Policy=json.dumps({**policy, "Statement": long}),
        )
        self.aws.remove_permission(EventBusName="governed", RemoveAllPermissions=True)
        self.assertNotIn("Policy", self.aws.describe_event_bus(Name="governed"))

    def policy(self, bus):
        return json.loads(self.aws.describe_event_bus(Name=bus)["Policy"])
