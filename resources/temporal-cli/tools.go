//go:build tools

// Package tools names what the build needs, so that `go mod tidy` keeps go.mod and go.sum as they are.
// The version in go.mod is the one place where the Temporal CLI is pinned; src/main/backend/stack/temporalCli.ts reads it.
// cliext is replaced because the released CLI does so in its own go.mod, which does not apply to those who depend on it.
package tools

import _ "github.com/temporalio/cli/cmd/temporal"
