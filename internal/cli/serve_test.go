package cli_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// containerClient asks the credential endpoint that its environment names, as an
// SDK does, and tells what it got, without the secrets, or with "export" as lines
// for a shell. It never asks a proxy.
func containerClient() {
	token := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	if file := os.Getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		token = string(data)
	}
	r, err := http.NewRequest(http.MethodGet, os.Getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"), nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r.Header.Set("Authorization", token)
	answer, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		fmt.Println("no answer:", err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	var d struct {
		AccessKeyID, SecretAccessKey, Token, AccountID, Code, Message string
		Expiration                                                    time.Time
	}
	if err := json.NewDecoder(answer.Body).Decode(&d); err != nil {
		fmt.Println(answer.StatusCode, err)
		os.Exit(1)
	}
	if len(os.Args) > 1 && os.Args[1] == "export" {
		fmt.Printf("export AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY='%s' AWS_SESSION_TOKEN='%s'\n", d.AccessKeyID, d.SecretAccessKey, d.Token)
		return
	}
	if d.SecretAccessKey != "" && d.Expiration.After(time.Now()) {
		fmt.Println(answer.StatusCode, d.AccessKeyID, d.AccountID)
		return
	}
	fmt.Println(strings.TrimSpace(fmt.Sprint(answer.StatusCode, " ", d.Code, " ", d.Message)))
}
