// Puts an event through a bus, a rule and a target of a hub with the AWS SDK for Go, which Terraform's
// AWS provider is built on, and takes all down again. Credentials, region and endpoint come from AWS's
// own files and variables. It prints OK, or what went wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

const name = "from-go"

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		log.Fatal(err)
	}
	fmt.Println("OK")
}

func run(ctx context.Context, targetURL string) error {
	settings, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return err
	}
	client := eventbridge.NewFromConfig(settings)
	bus, id := aws.String(name), aws.String("t")

	if _, err := client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: bus}); err != nil {
		return err
	}
	_, err = client.CreateEventBus(ctx, &eventbridge.CreateEventBusInput{Name: bus})
	var exists *types.ResourceAlreadyExistsException
	if !errors.As(err, &exists) {
		return fmt.Errorf("a bus was made twice: %w", err)
	}
	if _, err := client.PutRule(ctx, &eventbridge.PutRuleInput{
		Name: bus, EventBusName: bus, EventPattern: aws.String(`{"source":["go.test"]}`),
	}); err != nil {
		return err
	}
	target := types.Target{Id: id, Arn: aws.String(targetURL)}
	if put, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{
		Rule: bus, EventBusName: bus, Targets: []types.Target{target},
	}); err != nil || put.FailedEntryCount != 0 {
		return fmt.Errorf("PutTargets: %+v %w", put, err)
	}
	put, err := client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{EventBusName: bus, Source: aws.String("go.test"), DetailType: aws.String("From Go"), Detail: aws.String(`{"n":1}`)},
		{EventBusName: bus, Source: aws.String("go.test"), DetailType: aws.String("From Go"), Detail: aws.String(`no JSON`)},
	}})
	if err != nil {
		return err
	}
	if put.FailedEntryCount != 1 || aws.ToString(put.Entries[1].ErrorCode) != "MalformedDetail" {
		return fmt.Errorf("PutEvents: %+v", put)
	}

	targets, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: bus, EventBusName: bus})
	if err != nil || len(targets.Targets) != 1 || aws.ToString(targets.Targets[0].Arn) != targetURL {
		return fmt.Errorf("ListTargetsByRule: %+v %w", targets, err)
	}
	rules, err := client.ListRules(ctx, &eventbridge.ListRulesInput{EventBusName: bus})
	if err != nil || len(rules.Rules) != 1 || rules.Rules[0].State != types.RuleStateEnabled {
		return fmt.Errorf("ListRules: %+v %w", rules, err)
	}
	return takeDown(ctx, client, bus, id)
}

func takeDown(ctx context.Context, client *eventbridge.Client, bus, id *string) error {
	if _, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{
		Rule: bus, EventBusName: bus, Ids: []string{*id},
	}); err != nil {
		return err
	}
	if _, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: bus, EventBusName: bus}); err != nil {
		return err
	}
	if _, err := client.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: bus}); err != nil {
		return err
	}
	_, err := client.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: bus})
	var gone *types.ResourceNotFoundException
	if !errors.As(err, &gone) {
		return fmt.Errorf("a bus that was deleted is there: %w", err)
	}
	return nil
}
