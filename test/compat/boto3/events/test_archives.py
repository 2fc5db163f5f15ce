from datetime import datetime, timedelta, timezone

from hub import HubTest, arn, eventually

BUS = "archived"
ENTRY = {"Source": "my.app", "DetailType": "Order", "Detail": "{}", "EventBusName": BUS}


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
        now = datetime.now(timezone.utc)
        span = {
            "EventStartTime": (now - timedelta(hours=1)).replace(microsecond=0),
            "EventEndTime": (now + timedelta(hours=1)).replace(microsecond=0),
        }
        destination = {"Arn": arn(f"event-bus/{BUS}")}
        started = self.aws.start_replay(
            ReplayName="again",
            EventSourceArn=arn("archive/replayed"),
            Destination=destination,
            **span,
        )
        self.assertEqual(started["ReplayArn"], arn("replay/again"))
        self.assertEqual(started["State"], "STARTING")

        def is_completed():
            replay = self.aws.describe_replay(ReplayName="again")
            self.assertEqual(replay["State"], "COMPLETED")
            return replay

        replay = eventually(is_completed)
        self.assertEqual({name: replay[name] for name in span}, span)
        self.assertEqual(replay["Destination"], destination)
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
        self.create("stopped")
        self.aws.put_events(Entries=[ENTRY])
        now = datetime.now(timezone.utc)
        self.aws.start_replay(
            ReplayName="stopped",
            EventSourceArn=arn("archive/stopped"),
            Destination={"Arn": arn(f"event-bus/{BUS}")},
            EventStartTime=now - timedelta(hours=1),
            EventEndTime=now + timedelta(hours=1),
        )
        cancelled = self.aws.cancel_replay(ReplayName="stopped")
        self.assertEqual(cancelled["State"], "CANCELLING")

        def has_ended():
            replay = self.aws.describe_replay(ReplayName="stopped")
            self.assertEqual(replay["State"], "CANCELLED")

        eventually(has_ended)
