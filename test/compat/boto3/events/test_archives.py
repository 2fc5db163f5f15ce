from datetime import datetime, timedelta, timezone

from hub import HubTest, Receiver, arn, eventually

BUS = "archived"
ENTRY = {"Source": "my.app", "DetailType": "Order", "Detail": "{}", "EventBusName": BUS}
NOW = datetime.now(timezone.utc).replace(microsecond=0)
SPAN = {"EventStartTime": NOW - timedelta(hours=1), "EventEndTime": NOW + timedelta(hours=1)}


class Archives(HubTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.aws.create_event_bus(Name=BUS)

    def create(self, name, **settings):
        made = self.aws.create_archive(
            ArchiveName=name, EventSourceArn=arn(f"event-bus/{BUS}"), **settings
        )
        self.addCleanup(self.aws.delete_archive, ArchiveName=name)
        return made

    def replay(self, name, archive):
        return self.aws.start_replay(
            ReplayName=name,
            EventSourceArn=arn(f"archive/{archive}"),
            Destination={"Arn": arn(f"event-bus/{BUS}")},
            **SPAN,
        )

    def ended(self, name, state):
        def is_so():
            replay = self.aws.describe_replay(ReplayName=name)
            self.assertEqual(replay["State"], state)
            return replay

        return eventually(is_so)

    def test_are_created_described_updated_and_deleted(self):
        created = self.aws.create_archive(
            ArchiveName="all", EventSourceArn=arn(f"event-bus/{BUS}"), Description="d"
        )
        self.assertEqual(created["ArchiveArn"], arn("archive/all"))
        self.assertEqual(created["State"], "ENABLED")
        updated = self.aws.update_archive(
            ArchiveName="all", RetentionDays=30, EventPattern='{"source":["my.app"]}'
        )
        self.assertEqual(updated["ArchiveArn"], created["ArchiveArn"])
        described = self.without_metadata(self.aws.describe_archive(ArchiveName="all"))
        self.assertEqual(
            described,
            {
                "ArchiveArn": created["ArchiveArn"],
                "ArchiveName": "all",
                "EventSourceArn": arn(f"event-bus/{BUS}"),
                "Description": "d",
                "EventPattern": '{"source":["my.app"]}',
                "State": "ENABLED",
                "RetentionDays": 30,
                "SizeBytes": 0,
                "EventCount": 0,
                "CreationTime": created["CreationTime"],
            },
        )
        listed = self.aws.list_archives(NamePrefix="all")["Archives"]
        self.assertEqual([archive["ArchiveName"] for archive in listed], ["all"])
        self.assert_refused(
            self.aws.exceptions.ResourceAlreadyExistsException,
            "Archive all already exists.",
            self.aws.create_archive,
            ArchiveName="all",
            EventSourceArn=arn(f"event-bus/{BUS}"),
        )
        self.aws.delete_archive(ArchiveName="all")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Archive all does not exist.",
            self.aws.describe_archive,
            ArchiveName="all",
        )

    def test_are_replayed(self):
        self.create("replayed")
        self.aws.put_events(Entries=[ENTRY, ENTRY])

        def is_archived():
            archive = self.aws.describe_archive(ArchiveName="replayed")
            self.assertEqual(archive["EventCount"], 2)

        eventually(is_archived)
        started = self.replay("again", "replayed")
        self.assertEqual(started["ReplayArn"], arn("replay/again"))
        self.assertEqual(started["State"], "STARTING")
        replay = self.ended("again", "COMPLETED")
        self.assertEqual({name: replay[name] for name in SPAN}, SPAN)
        self.assertEqual(replay["Destination"], {"Arn": arn(f"event-bus/{BUS}")})
        self.assertGreaterEqual(replay["ReplayEndTime"], replay["ReplayStartTime"])
        listed = self.aws.list_replays(State="COMPLETED")["Replays"]
        self.assertEqual([one["ReplayName"] for one in listed], ["again"])
        self.assert_refused(
            self.aws.exceptions.IllegalStatusException,
            "Replay again is not in a valid state for this operation.",
            self.aws.cancel_replay,
            ReplayName="again",
        )

    def test_stop_being_replayed(self):
        receiver = Receiver(holds=True)
        self.addCleanup(receiver.close)
        replayed = '{"replay-name":["stopped"]}'
        self.aws.put_rule(Name="held", EventPattern=replayed, EventBusName=BUS)
        target = {"Id": "t", "Arn": receiver.url}
        self.aws.put_targets(Rule="held", Targets=[target], EventBusName=BUS)
        self.create("stopped")
        for _ in range(10):
            self.aws.put_events(Entries=[ENTRY] * 10)
        self.replay("stopped", "stopped")
        receiver.next()
        cancelled = self.aws.cancel_replay(ReplayName="stopped")
        self.assertEqual(cancelled["State"], "CANCELLING")
        self.ended("stopped", "CANCELLED")
