from hub import MEMBER, HubTest, arn

PATTERN = '{"source":["my.app"]}'
TARGET = {
    "Id": "t",
    "Arn": "https://hooks.example.com/t",
    "InputTransformer": {
        "InputPathsMap": {"who": "$.detail.user"},
        "InputTemplate": '{"by":<who>}',
    },
    "RetryPolicy": {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 120},
}


class Rules(HubTest):
    def test_are_put_described_disabled_and_deleted(self):
        put = self.aws.put_rule(
            Name="one", EventPattern=PATTERN, Description="d", Tags=[{"Key": "a", "Value": "b"}]
        )
        rule = {
            "Name": "one",
            "Arn": put["RuleArn"],
            "EventPattern": PATTERN,
            "State": "ENABLED",
            "Description": "d",
            "EventBusName": "default",
            "CreatedBy": MEMBER,
        }
        self.assertEqual(put["RuleArn"], arn("rule/one"))
        self.assertEqual(self.without_metadata(self.aws.describe_rule(Name="one")), rule)
        self.assertEqual(
            self.aws.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"],
            [{"Key": "a", "Value": "b"}],
        )
        self.aws.disable_rule(Name="one")
        self.assertEqual(self.aws.describe_rule(Name="one")["State"], "DISABLED")
        self.aws.enable_rule(Name="one")
        self.assertEqual(self.aws.describe_rule(Name="one")["State"], "ENABLED")
        self.aws.delete_rule(Name="one")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Rule one does not exist on EventBus default.",
            self.aws.describe_rule,
            Name="one",
        )

    def test_have_schedules(self):
        self.aws.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)", State="DISABLED")
        described = self.aws.describe_rule(Name="hourly")
        self.assertEqual(described["ScheduleExpression"], "rate(1 hour)")
        self.assertNotIn("EventPattern", described)
        self.assert_refused(
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
            self.aws.put_rule,
            Name="hourly",
            ScheduleExpression="rate(1 hours)",
        )

    def test_are_refused_in_the_words_of_aws(self):
        self.assert_refused(
            self.aws.exceptions.InvalidEventPatternException,
            "Event pattern is not valid. Reason: Filter is not an object\n"
            " at [Source: (String)\"[]\"; line: 1, column: 2]",
            self.aws.put_rule,
            Name="odd",
            EventPattern="[]",
        )
        [managed] = self.aws.list_rules(NamePrefix="belfry-")["Rules"]
        self.assertIn("ManagedBy", managed)
        with self.assertRaises(self.aws.exceptions.ManagedRuleException):
            self.aws.delete_rule(Name=managed["Name"])


class Targets(HubTest):
    def test_are_put_listed_and_removed(self):
        self.aws.put_rule(Name="with-targets", EventPattern=PATTERN)
        rule = {"Rule": "with-targets"}
        put = self.aws.put_targets(**rule, Targets=[TARGET])
        self.assertEqual(
            self.without_metadata(put), {"FailedEntryCount": 0, "FailedEntries": []}
        )
        self.assertEqual(self.aws.list_targets_by_rule(**rule)["Targets"], [TARGET])
        self.assert_refused(
            "ValidationException",
            "Rule can't be deleted since it has targets.",
            self.aws.delete_rule,
            Name="with-targets",
        )
        self.assert_refused(
            self.aws.exceptions.LimitExceededException,
            "The requested resource exceeds the maximum number allowed.",
            self.aws.put_targets,
            **rule,
            Targets=[{**TARGET, "Id": str(n)} for n in range(5)],
        )
        removed = self.aws.remove_targets(**rule, Ids=["t"])
        self.assertEqual(removed["FailedEntryCount"], 0)
        self.aws.delete_rule(Name="with-targets")


class Paginators(HubTest):
    def test_read_every_page(self):
        bus = {"EventBusName": "paged"}
        self.aws.create_event_bus(Name="paged")
        names = [f"rule-{n:02}" for n in range(7)]
        for name in names:
            self.aws.put_rule(Name=name, EventPattern=PATTERN, **bus)
            targets = [{**TARGET, "Id": f"{name}-{n}"} for n in range(4)]
            self.aws.put_targets(Rule=name, Targets=targets, **bus)

        def read(operation, field, **arguments):
            pages = self.aws.get_paginator(operation).paginate(
                **bus, **arguments, PaginationConfig={"PageSize": 3}
            )
            return list(pages.search(field))

        self.assertEqual(read("list_rules", "Rules[].Name"), names)
        self.assertEqual(
            read("list_rule_names_by_target", "RuleNames[]", TargetArn=TARGET["Arn"]), names
        )
        self.assertEqual(
            read("list_targets_by_rule", "Targets[].Id", Rule="rule-00"),
            [f"rule-00-{n}" for n in range(4)],
        )

    def test_go_on_where_they_stopped(self):
        self.aws.create_event_bus(Name="resumed")
        names = [f"rule-{n}" for n in range(5)]
        for name in names:
            self.aws.put_rule(Name=name, EventPattern=PATTERN, EventBusName="resumed")
        paginator = self.aws.get_paginator("list_rules")
        first = paginator.paginate(
            EventBusName="resumed", PaginationConfig={"MaxItems": 3, "PageSize": 2}
        ).build_full_result()
        rest = paginator.paginate(
            EventBusName="resumed", PaginationConfig={"StartingToken": first["NextToken"]}
        ).build_full_result()
        read = [rule["Name"] for page in (first, rest) for rule in page["Rules"]]
        self.assertEqual(read, names)
