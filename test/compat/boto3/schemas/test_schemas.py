import json
from datetime import datetime, timedelta, timezone

from botocore.exceptions import WaiterError

from hub import HubTest, arn, refused

REGISTRY = {"RegistryName": "of-schemas"}
OPENAPI = "OpenApi3"


def content(**properties):
    shapes = {name: {"type": of} for name, of in properties.items()}
    event = {"type": "object", "properties": shapes}
    return json.dumps(
        {
            "openapi": "3.0.0",
            "info": {"version": "1.0.0", "title": "Event"},
            "paths": {},
            "components": {"schemas": {"Event": event}},
        }
    )


class Schemas(HubTest):
    service = "schemas"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.aws.create_registry(**REGISTRY)

    def create(self, name, **properties):
        schema = {**REGISTRY, "SchemaName": name}
        created = self.aws.create_schema(**schema, Content=content(**properties), Type=OPENAPI)
        return schema, created

    def test_are_created_described_updated_and_deleted(self):
        schema, created = self.create("order@Placed", id="string")
        self.assertEqual(
            created["SchemaArn"], arn("schema/of-schemas/order@Placed", "schemas")
        )
        self.assertEqual((created["SchemaVersion"], created["Type"]), ("1", OPENAPI))
        age = datetime.now(timezone.utc) - created["VersionCreatedDate"]
        self.assertLess(abs(age), timedelta(minutes=1))
        changed = content(id="string", total="number")
        updated = self.aws.update_schema(**schema, Content=changed, Type=OPENAPI)
        self.assertEqual(updated["SchemaVersion"], "2")
        described = self.aws.describe_schema(**schema)
        self.assertEqual(json.loads(described["Content"]), json.loads(changed))
        first = self.aws.describe_schema(**schema, SchemaVersion="1")
        self.assertEqual(json.loads(first["Content"]), json.loads(content(id="string")))
        exported = self.aws.export_schema(**schema, Type="JSONSchemaDraft4")
        self.assertEqual(
            json.loads(exported["Content"])["$schema"], "http://json-schema.org/draft-04/schema#"
        )
        versions = self.aws.get_paginator("list_schema_versions").paginate(
            **schema, PaginationConfig={"PageSize": 1}
        )
        self.assertEqual(
            sorted(versions.search("SchemaVersions[].SchemaVersion")), ["1", "2"]
        )
        self.aws.delete_schema_version(**schema, SchemaVersion="1")
        self.assert_refused(
            self.aws.exceptions.NotFoundException,
            "Version 1 of schema order@Placed does not exist.",
            self.aws.describe_schema,
            **schema,
            SchemaVersion="1",
        )
        self.aws.delete_schema(**schema)
        self.assert_refused(
            self.aws.exceptions.NotFoundException,
            "Schema with name order@Placed in registry of-schemas does not exist.",
            self.aws.describe_schema,
            **schema,
        )

    def test_are_listed_and_searched_page_by_page(self):
        for name in ("page-a", "page-b", "page-c"):
            self.create(name, needle="string")

        def read(operation, **arguments):
            pages = self.aws.get_paginator(operation).paginate(
                **REGISTRY, **arguments, PaginationConfig={"PageSize": 2}
            )
            return list(pages.search("Schemas[].SchemaName"))

        self.assertEqual(
            read("list_schemas", SchemaNamePrefix="page-"), ["page-a", "page-b", "page-c"]
        )
        self.assertEqual(
            sorted(read("search_schemas", Keywords="needle")), ["page-a", "page-b", "page-c"]
        )

    def test_are_refused_in_the_words_of_aws(self):
        schema, _ = self.create("twice")
        self.assert_refused(
            self.aws.exceptions.ConflictException,
            "Schema with name twice already exists.",
            self.aws.create_schema,
            **schema,
            Content=content(),
            Type=OPENAPI,
        )
        with self.assertRaises(self.aws.exceptions.BadRequestException):
            self.aws.create_schema(
                **{**schema, "SchemaName": "odd"}, Content="[", Type=OPENAPI
            )

    def test_are_learned_from_events(self):
        events = ['{"detail-type":"Order","source":"shop","detail":{"total":1.5}}']
        learned = self.aws.get_discovered_schema(Type=OPENAPI, Events=events)
        self.assertEqual(json.loads(learned["Content"])["openapi"], "3.0.0")

    def test_have_no_code_bindings(self):
        schema, _ = self.create("bound")
        binding = {**schema, "Language": "Java8"}
        missing = "Code binding for language Java8 of schema bound does not exist."
        self.assert_refused(
            self.aws.exceptions.ForbiddenException,
            "Code bindings are not supported by Belfry: "
            "export the schema and generate code from it.",
            self.aws.put_code_binding,
            **binding,
        )
        for call in (self.aws.describe_code_binding, self.aws.get_code_binding_source):
            self.assert_refused(
                self.aws.exceptions.NotFoundException, missing, call, **binding
            )
        with self.assertRaisesRegex(WaiterError, "NotFoundException"):
            self.aws.get_waiter("code_binding_exists").wait(**binding)
        refused["schemas"] |= {"PutCodeBinding", "DescribeCodeBinding", "GetCodeBindingSource"}
