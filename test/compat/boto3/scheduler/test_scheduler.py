from datetime import datetime, timedelta, timezone

from hub import MEMBER, HubTest, Receiver, arn, client

BUS = {
    "Arn": arn("event-bus/default"),
    "RoleArn": f"arn:aws:iam::{MEMBER}:role/scheduler",
    "EventBridgeParameters": {"Source": "chimes", "DetailType": "Chime"},
    "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 1},
}
OFF = {"Mode": "OFF"}


class Schedules(HubTest):
    service = "scheduler"

    def create(self, name, expression="rate(1 hour)", **more):
        return self.aws.create_schedule(
            **{
                "Name": name,
                "ScheduleExpression": expression,
                "FlexibleTimeWindow": OFF,
                "Target": BUS,
                **more,
            }
        )

    def test_are_created_read_updated_and_deleted(self):
        start = datetime(2190, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
        settings = {
            "ScheduleExpression": "cron(30 17 ? * MON-FRI *)",
            "ScheduleExpressionTimezone": "Europe/Berlin",
            "StartDate": start,
            "EndDate": start + timedelta(days=1),
            "Description": "d",
            "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
            "State": "DISABLED",
            "ActionAfterCompletion": "DELETE",
            "Target": {**BUS, "Input": '{"n":1}'},
        }
        created = self.aws.create_schedule(Name="whole", **settings)
        schedule_arn = arn("schedule/default/whole", "scheduler")
        self.assertEqual(created["ScheduleArn"], schedule_arn)
        got = self.aws.get_schedule(Name="whole")
        self.assertEqual({name: got[name] for name in settings}, settings)
        self.assertEqual((got["Arn"], got["GroupName"]), (schedule_arn, "default"))
        age = datetime.now(timezone.utc) - got["CreationDate"]
        self.assertLess(abs(age), timedelta(minutes=1))
        self.assert_refused(
            self.aws.exceptions.ConflictException,
            "Schedule whole already exists.",
            self.create,
            "whole",
        )
        self.aws.update_schedule(
            Name="whole", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=OFF, Target=BUS
        )
        updated = self.aws.get_schedule(Name="whole")
        self.assertEqual(updated["ScheduleExpressionTimezone"], "UTC")
        self.assertEqual(updated["State"], "ENABLED")
        self.assertNotIn("Description", updated)
        self.aws.delete_schedule(Name="whole")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Schedule whole does not exist.",
            self.aws.get_schedule,
            Name="whole",
        )

    def test_are_made_once_for_a_client_token(self):
        made = [self.create("token", ClientToken="t-1") for _ in range(2)]
        self.assertEqual(made[0]["ScheduleArn"], made[1]["ScheduleArn"])

    def test_are_listed_page_by_page(self):
        names = [f"page-{letter}" for letter in "abc"]
        for name in names:
            self.create(name)
        pages = self.aws.get_paginator("list_schedules").paginate(
            NamePrefix="page-", PaginationConfig={"PageSize": 2}
        )
        self.assertEqual(list(pages.search("Schedules[].Name")), names)

    def test_are_refused_in_the_words_of_aws(self):
        self.assert_refused(
            self.aws.exceptions.ValidationException,
            "Invalid Schedule Expression rate(30 seconds).",
            self.create,
            "odd",
            "rate(30 seconds)",
        )
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Schedule group none does not exist.",
            self.create,
            "odd",
            GroupName="none",
        )

    def test_for_one_time_put_an_event_then(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        events = client("events")
        events.put_rule(Name="chimes", EventPattern='{"source":["chimes"]}')
        events.put_targets(Rule="chimes", Targets=[{"Id": "t", "Arn": receiver.url}])
        soon = datetime.now(timezone.utc) + timedelta(seconds=4)
        self.create(
            "once",
            f"at({soon:%Y-%m-%dT%H:%M:%S})",
            Target={**BUS, "Input": '{"hour":12}'},
        )
        _, _, event = receiver.next()
        self.assertEqual(event["detail-type"], "Chime")
        self.assertEqual(event["detail"], {"hour": 12})


class ScheduleGroups(HubTest):
    service = "scheduler"

    def test_are_created_read_tagged_and_deleted(self):
        created = self.aws.create_schedule_group(
            Name="nightly", Tags=[{"Key": "team", "Value": "shop"}]
        )
        resource = {"ResourceArn": created["ScheduleGroupArn"]}
        self.assertEqual(resource["ResourceArn"], arn("schedule-group/nightly", "scheduler"))
        got = self.aws.get_schedule_group(Name="nightly")
        self.assertEqual((got["Name"], got["State"]), ("nightly", "ACTIVE"))
        self.aws.tag_resource(**resource, Tags=[{"Key": "env", "Value": "a/b ü"}])
        self.aws.untag_resource(**resource, TagKeys=["team"])
        self.assertEqual(
            self.aws.list_tags_for_resource(**resource)["Tags"],
            [{"Key": "env", "Value": "a/b ü"}],
        )
        pages = self.aws.get_paginator("list_schedule_groups").paginate(
            PaginationConfig={"PageSize": 1}
        )
        names = list(pages.search("ScheduleGroups[].Name"))
        self.assertEqual(names, ["default", "nightly"])
        self.aws.delete_schedule_group(Name="nightly")
        self.assert_refused(
            self.aws.exceptions.ValidationException,
            "This operation cannot be performed on schedule group default.",
            self.aws.delete_schedule_group,
            Name="default",
        )
