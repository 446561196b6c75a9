package catalog

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sso"
)

// A service that sends the same page for ever is told so: it is no listing that
// could be gone by.
func TestSamePageAgain(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"accountList": [{"accountId": "111111111111"}], "roleList": [{"roleName": "Admin"}], "nextToken": "same"}`)
	}))
	defer server.Close()
	portal := sso.New(sso.Options{Region: "us-east-1", BaseEndpoint: &server.URL})
	err := accountPages(t.Context(), portal, "token", func([]Account) {})
	if err == nil || !strings.Contains(err.Error(), "PaginationError") {
		t.Errorf("accounts: got %v", err)
	}
	_, err = rolePages(t.Context(), portal, "token", "111111111111")
	if err == nil || !strings.Contains(err.Error(), "PaginationError") {
		t.Errorf("roles: got %v", err)
	}
}
