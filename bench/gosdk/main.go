// Command gosdk prints a profile's credentials as any Go program gets them: by
// the AWS SDK's own configuration, in the form of credential_process.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, profile string) error {
	c, err := config.LoadDefaultConfig(ctx, config.WithSharedConfigProfile(profile))
	if err != nil {
		return err
	}
	keys, err := c.Credentials.Retrieve(ctx)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{
		"Version": 1, "AccessKeyId": keys.AccessKeyID, "SecretAccessKey": keys.SecretAccessKey,
		"SessionToken": keys.SessionToken, "Expiration": keys.Expires,
	})
}
