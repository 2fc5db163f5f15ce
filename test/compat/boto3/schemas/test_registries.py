import json

from hub import MEMBER, HubTest, arn


class Registries(HubTest):
    service = "schemas"

    def test_are_created_described_updated_listed_and_deleted(self):
        created = self.aws.create_registry(
            RegistryName="shop", Description="d", Tags={"team": "shop"}
        )
        registry = {
            "RegistryName": "shop",
            "RegistryArn": arn("registry/shop", "schemas"),
            "Description": "d",
            "Tags": {"team": "shop"},
        }
        self.assertEqual(self.without_metadata(created), registry)
        updated = self.aws.update_registry(RegistryName="shop", Description="of the shop")
        self.assertEqual(updated["Description"], "of the shop")
        described = self.aws.describe_registry(RegistryName="shop")
        self.assertEqual(
            self.without_metadata(described), {**registry, "Description": "of the shop"}
        )
        pages = self.aws.get_paginator("list_registries").paginate(
            Scope="AWS", PaginationConfig={"PageSize": 1}
        )
        self.assertIn("aws.events", list(pages.search("Registries[].RegistryName")))
        self.assert_refused(
            self.aws.exceptions.ConflictException,
            "Registry with name shop already exists.",
            self.aws.create_registry,
            RegistryName="shop",
        )
        self.assert_refused(
            self.aws.exceptions.ForbiddenException,
            "Registry aws.events is provided and cannot be changed.",
            self.aws.delete_registry,
            RegistryName="aws.events",
        )
        self.aws.delete_registry(RegistryName="shop")
        self.assert_refused(
            self.aws.exceptions.NotFoundException,
            "Registry with name shop does not exist.",
            self.aws.describe_registry,
            RegistryName="shop",
        )

    def test_have_tags(self):
        self.aws.create_registry(RegistryName="tagged", Tags={"team": "shop"})
        resource = {"ResourceArn": arn("registry/tagged", "schemas")}
        self.aws.tag_resource(**resource, Tags={"env": "a/b ü", "x": ""})
        self.aws.untag_resource(**resource, TagKeys=["team", "x"])
        self.assertEqual(
            self.aws.list_tags_for_resource(**resource)["Tags"], {"env": "a/b ü"}
        )

    def test_have_policies(self):
        self.aws.create_registry(RegistryName="governed")
        registry = {"RegistryName": "governed"}
        statement = {
            "Sid": "read",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{MEMBER}:root"},
            "Action": "schemas:Describe*",
            "Resource": arn("registry/governed", "schemas"),
        }
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        put = self.aws.put_resource_policy(**registry, Policy=json.dumps(policy))
        got = self.aws.get_resource_policy(**registry)
        self.assertEqual(json.loads(got["Policy"]), policy)
        self.assertEqual(got["RevisionId"], put["RevisionId"])
        self.assert_refused(
            self.aws.exceptions.PreconditionFailedException,
            "The policy of registry governed has another revision.",
            self.aws.put_resource_policy,
            **registry,
            Policy=json.dumps(policy),
            RevisionId="another",
        )
        self.aws.delete_resource_policy(**registry)
        self.assert_refused(
            self.aws.exceptions.NotFoundException,
            "Registry governed has no resource policy.",
            self.aws.get_resource_policy,
            **registry,
        )


class Discoverers(HubTest):
    service = "schemas"

    def test_are_created_stopped_started_and_deleted(self):
        source = arn("event-bus/default")
        created = self.aws.create_discoverer(
            SourceArn=source, Description="d", CrossAccount=False, Tags={"a": "b"}
        )
        discoverer = {"DiscovererId": created["DiscovererId"]}
        self.assertEqual(
            self.without_metadata(created),
            {
                **discoverer,
                "DiscovererArn": arn(f"discoverer/{created['DiscovererId']}", "schemas"),
                "SourceArn": source,
                "State": "STARTED",
                "CrossAccount": False,
                "Description": "d",
                "Tags": {"a": "b"},
            },
        )
        self.assertEqual(self.aws.stop_discoverer(**discoverer)["State"], "STOPPED")
        self.assertEqual(self.aws.start_discoverer(**discoverer)["State"], "STARTED")
        self.aws.update_discoverer(**discoverer, Description="of all")
        self.assertEqual(self.aws.describe_discoverer(**discoverer)["Description"], "of all")
        pages = self.aws.get_paginator("list_discoverers").paginate(SourceArnPrefix=source)
        listed = list(pages.search("Discoverers[].DiscovererId"))
        self.assertEqual(listed, [created["DiscovererId"]])
        self.aws.delete_discoverer(**discoverer)
        self.assert_refused(
            self.aws.exceptions.NotFoundException,
            f"Discoverer with id {created['DiscovererId']} does not exist.",
            self.aws.describe_discoverer,
            **discoverer,
        )
