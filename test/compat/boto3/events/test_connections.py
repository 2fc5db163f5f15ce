from hub import MEMBER, HubTest, arn

BASIC = {"BasicAuthParameters": {"Username": "ana", "Password": "pa55: word/+\"ü"}}
API_KEY = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key", "ApiKeyValue": "secret"}}


class Connections(HubTest):
    def test_are_created_described_updated_deauthorized_and_deleted(self):
        created = self.aws.create_connection(
            Name="shop", AuthorizationType="BASIC", AuthParameters=BASIC, Description="d"
        )
        self.assertRegex(created["ConnectionArn"], f"^{arn('connection/shop/')}[-0-9a-f]+$")
        self.assertEqual(created["ConnectionState"], "AUTHORIZED")
        described = self.aws.describe_connection(Name="shop")
        self.assertEqual(
            described["AuthParameters"], {"BasicAuthParameters": {"Username": "ana"}}
        )
        self.assertRegex(described["SecretArn"], "^arn:aws:secretsmanager:")
        updated = self.aws.update_connection(
            Name="shop", AuthorizationType="API_KEY", AuthParameters=API_KEY
        )
        self.assertEqual(updated["ConnectionArn"], created["ConnectionArn"])
        described = self.aws.describe_connection(Name="shop")
        self.assertEqual(described["AuthorizationType"], "API_KEY")
        self.assertEqual(
            described["AuthParameters"], {"ApiKeyAuthParameters": {"ApiKeyName": "X-Api-Key"}}
        )
        deauthorized = self.aws.deauthorize_connection(Name="shop")
        self.assertEqual(deauthorized["ConnectionState"], "DEAUTHORIZED")
        listed = self.aws.list_connections(ConnectionState="DEAUTHORIZED")["Connections"]
        self.assertEqual([connection["Name"] for connection in listed], ["shop"])
        deleted = self.aws.delete_connection(Name="shop")
        self.assertEqual(deleted["ConnectionState"], "DELETING")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Failed to describe the connection(s). Connection 'shop' does not exist.",
            self.aws.describe_connection,
            Name="shop",
        )


class ApiDestinations(HubTest):
    def test_are_created_described_updated_and_deleted(self):
        connection = self.aws.create_connection(
            Name="api", AuthorizationType="API_KEY", AuthParameters=API_KEY
        )
        settings = {
            "ConnectionArn": connection["ConnectionArn"],
            "InvocationEndpoint": "https://api.example.com/orders/*",
            "HttpMethod": "PUT",
        }
        created = self.aws.create_api_destination(Name="orders", **settings)
        self.assertEqual(created["ApiDestinationState"], "ACTIVE")
        described = self.aws.describe_api_destination(Name="orders")
        self.assertEqual({name: described[name] for name in settings}, settings)
        self.assertEqual(described["InvocationRateLimitPerSecond"], 300)
        self.aws.update_api_destination(
            Name="orders", InvocationRateLimitPerSecond=5, Description="d"
        )
        described = self.aws.describe_api_destination(Name="orders")
        self.assertEqual(described["InvocationRateLimitPerSecond"], 5)
        self.assertEqual(described["Description"], "d")
        listed = self.aws.list_api_destinations(ConnectionArn=settings["ConnectionArn"])
        self.assertEqual([one["Name"] for one in listed["ApiDestinations"]], ["orders"])
        self.assert_refused(
            self.aws.exceptions.ResourceAlreadyExistsException,
            "An api-destination 'orders' already exists.",
            self.aws.create_api_destination,
            Name="orders",
            **settings,
        )
        self.aws.put_rule(Name="to-api", EventPattern='{"source":["shop"]}')
        target = {
            "Id": "t",
            "Arn": created["ApiDestinationArn"],
            "RoleArn": f"arn:aws:iam::{MEMBER}:role/invoke",
            "HttpParameters": {
                "PathParameterValues": ["new"],
                "HeaderParameters": {"x-a": "$.detail.a"},
                "QueryStringParameters": {"q": "1"},
            },
        }
        self.aws.put_targets(Rule="to-api", Targets=[target])
        self.assertEqual(self.aws.list_targets_by_rule(Rule="to-api")["Targets"], [target])
        self.aws.delete_api_destination(Name="orders")
        self.aws.delete_connection(Name="api")
        self.assert_refused(
            self.aws.exceptions.ResourceNotFoundException,
            "Failed to describe the api-destination(s). "
            "An api-destination 'orders' does not exist.",
            self.aws.describe_api_destination,
            Name="orders",
        )
