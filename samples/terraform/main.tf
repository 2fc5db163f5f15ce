# Event buses, rules, archives and schedules of Belfry with the AWS provider: README.md beside this.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "hub" {
  description = "Where the hub listens."
  default     = "http://127.0.0.1:4100"
}

variable "region" {
  description = "One of the account's regions in Belfry."
  default     = "ap-southeast-2"
}

variable "hook" {
  description = "URL that is sent the orders. Private addresses need 'belfry start --allow-private-targets'."
}

variable "hook_key" {
  description = "What the URL expects in the header x-api-key."
  sensitive   = true
}

# Credentials come from the profile: AWS_PROFILE and AWS_SHARED_CREDENTIALS_FILE.
provider "aws" {
  region                  = var.region
  skip_metadata_api_check = true
  skip_region_validation  = true

  endpoints {
    events    = var.hub
    scheduler = var.hub
    sts       = var.hub
  }
}

data "aws_caller_identity" "me" {}

locals {
  # Belfry asks for the name of a role where AWS does, and no role needs to be made.
  role = "arn:aws:iam::${data.aws_caller_identity.me.account_id}:role/events"
}

resource "aws_cloudwatch_event_bus" "shop" {
  name = "shop"
  tags = { team = "shop" }
}

resource "aws_cloudwatch_event_rule" "orders" {
  name           = "orders"
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  event_pattern  = jsonencode({ source = ["shop"], detail-type = ["Order Placed"] })
}

resource "aws_cloudwatch_event_connection" "hook" {
  name               = "hook"
  authorization_type = "API_KEY"

  auth_parameters {
    api_key {
      key   = "x-api-key"
      value = var.hook_key
    }
  }
}

resource "aws_cloudwatch_event_api_destination" "hook" {
  name                             = "hook"
  connection_arn                   = aws_cloudwatch_event_connection.hook.arn
  invocation_endpoint              = var.hook
  http_method                      = "POST"
  invocation_rate_limit_per_second = 50
}

resource "aws_cloudwatch_event_target" "hook" {
  rule           = aws_cloudwatch_event_rule.orders.name
  event_bus_name = aws_cloudwatch_event_bus.shop.name
  target_id      = "hook"
  arn            = aws_cloudwatch_event_api_destination.hook.arn
  role_arn       = local.role
}

resource "aws_cloudwatch_event_archive" "orders" {
  name             = "orders"
  event_source_arn = aws_cloudwatch_event_bus.shop.arn
  retention_days   = 90
}

resource "aws_scheduler_schedule_group" "shop" {
  name = "shop"
}

resource "aws_scheduler_schedule" "close" {
  name                         = "close-of-day"
  group_name                   = aws_scheduler_schedule_group.shop.name
  schedule_expression          = "cron(0 18 ? * MON-FRI *)"
  schedule_expression_timezone = "Australia/Sydney"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_cloudwatch_event_bus.shop.arn
    role_arn = local.role
    input    = jsonencode({ day = "over" })

    eventbridge_parameters {
      source      = "shop"
      detail_type = "Shop Closes"
    }
  }
}
