from hub import MEMBER, REGION, HubTest, client

NAME = "aws.partner/example.com/orders/boto3"
ARN = f"arn:aws:events:{REGION}::event-source/{NAME}"


class PartnerSources(HubTest):
    def test_are_offered_taken_used_and_withdrawn(self):
        partner = client("events", "security")
        created = partner.create_partner_event_source(Name=NAME, Account=MEMBER)
        self.assertEqual(created["EventSourceArn"], ARN)
        self.assertEqual(
            self.without_metadata(partner.describe_partner_event_source(Name=NAME)),
            {"Arn": ARN, "Name": NAME},
        )
        listed = partner.list_partner_event_sources(NamePrefix="aws.partner/example.com/")
        self.assertEqual(listed["PartnerEventSources"], [{"Arn": ARN, "Name": NAME}])
        self.assertEqual(self.aws.describe_event_source(Name=NAME)["State"], "PENDING")

        self.aws.create_event_bus(Name=NAME, EventSourceName=NAME)
        accounts = partner.list_partner_event_source_accounts(EventSourceName=NAME)
        [taken] = accounts["PartnerEventSourceAccounts"]
        self.assertEqual((taken["Account"], taken["State"]), (MEMBER, "ACTIVE"))
        event = {"Source": NAME, "DetailType": "Order", "Detail": "{}"}
        put = partner.put_partner_events(Entries=[event])
        self.assertEqual(put["FailedEntryCount"], 0)
        self.assertEqual(list(put["Entries"][0]), ["EventId"])

        self.aws.deactivate_event_source(Name=NAME)
        [source] = self.aws.list_event_sources(NamePrefix=NAME)["EventSources"]
        self.assertEqual((source["Arn"], source["CreatedBy"]), (ARN, "example.com"))
        self.assertEqual(source["State"], "PENDING")
        self.aws.activate_event_source(Name=NAME)
        self.assertEqual(self.aws.describe_event_source(Name=NAME)["State"], "ACTIVE")

        partner.delete_partner_event_source(Name=NAME, Account=MEMBER)
        self.assertEqual(self.aws.describe_event_source(Name=NAME)["State"], "DELETED")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Event source aws.partner/example.com/orders/none does not exist.",
            self.aws.describe_event_source,
            Name="aws.partner/example.com/orders/none",
        )


class GlobalEndpoints(HubTest):
    def test_are_refused_by_name(self):
        self.assert_refused(
            "UnknownOperationException",
            'the operation "AWSEvents.ListEndpoints" is not supported',
            self.aws.list_endpoints,
        )
